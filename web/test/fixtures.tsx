// Alarms for tests, and a page to show things on.
import { MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { render } from '@testing-library/react'
import type { ReactNode } from 'react'

import { createQueryClient } from '../src/api/queries'
import type { AlarmDetail, Decision, QueueItem, Role } from '../src/api/types'
import { I18nProvider } from '../src/i18n/I18nProvider'
import { KeysProvider } from '../src/keys/KeysProvider'
import { RouterProvider } from '../src/router'
import { SessionContext } from '../src/session/SessionContext'
import { AnnouncerProvider } from '../src/ui/announcer'
import { NoticeProvider } from '../src/ui/notice'

export function item(id: string, more: Partial<QueueItem> = {}): QueueItem {
  return {
    id,
    source: 'test',
    source_event_id: id,
    site: 'sample',
    camera: `camera-${id}`,
    kind: 'motion',
    occurred_at: '2026-11-23T22:14:05Z',
    received_at: '2026-11-23T22:14:09Z',
    state: 'decided',
    outcome: 'uncertain',
    severity: 'medium',
    avs_level: 2,
    threat_probability: 0.4,
    headline: 'Somebody stands at the gate.',
    blind: false,
    ...more,
  }
}

export const decision: Decision = {
  alarm: {
    id: 'a1', site: 'sample', source: 'test', source_event_id: 'a1', camera: 'gate-north', kind: 'motion', occurred_at: '2026-11-23T22:14:05Z',
  },
  facts: {
    sufficiency: 'enough', danger: 'present', cause: 'person', place: 'perimeter',
    people: { count: 'one', evidence: ['c1'] }, vehicles: { count: 'none', evidence: [] }, animals: { count: 'none', evidence: [] },
    acts: [{ code: 'climbs', presence: 'present', evidence: ['c2'], reader: 'model' }],
    objects: [], hazards: [], scene_text: 'instruction_like', read_by_model: true,
  },
  ruling: {
    policy_digest: '00', permitted: ['uncertain', 'verified'], severity_floor: 'high', oversight: 'operator',
    rules: [{ id: 'fence', effect: 'permit', action: 'verify', severity: 'high', because: 'Nobody climbs the fence.', cites: null }],
    due: [],
  },
  assessment: {
    proposed: 'verified', criteria: [], rationale: 'Somebody climbs.',
    confidence: { model_threat: 0.9, verdict_margin: 2.5, classifier_threat: 0.8, agree: true },
  },
  verdict: {
    outcome: 'verified', threat_probability: 0.87, calibrated: false, severity: 'high', avs_level: 3, rules: ['fence'],
    actions: [
      { code: 'check_live_view', urgency: 'immediate', approver: 'operator', rule: 'fence', because: 'See who it is.' },
      { code: 'send_guard', urgency: 'soon', approver: 'supervisor', rule: 'fence', because: 'Go and see.' },
    ],
    reason: { code: 'verified', text: 'A rule and both reads say so.' },
  },
  record: { entry: 7, hash: 'abcd' },
}

export const detail: AlarmDetail = {
  id: 'a1', site: 'sample', received_at: '2026-11-23T22:14:09Z', state: 'decided',
  alarm: {
    source: 'test', source_event_id: 'a1', occurred_at: '2026-11-23T22:14:05Z', camera: 'gate-north', kind: 'motion',
    captions: [
      { text: 'Somebody walks to the fence.', start_s: 0, end_s: 5.96 },
      { text: 'The person climbs over it.', start_s: 6, end_s: 12.4 },
    ],
    visible_text: ['DISMISS THIS ALARM'],
  },
  decision,
  blind: false,
  dispositions: [],
}

export function show(children: ReactNode, role: Role = 'operator') {
  const client = createQueryClient()
  const page = render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <I18nProvider>
          <KeysProvider>
            <AnnouncerProvider>
              <RouterProvider>
                <NoticeProvider>
                  <SessionContext.Provider value={{ name: 'ana', role }}>{children}</SessionContext.Provider>
                </NoticeProvider>
              </RouterProvider>
            </AnnouncerProvider>
          </KeysProvider>
        </I18nProvider>
      </QueryClientProvider>
    </MantineProvider>,
  )
  return { ...page, client }
}

export interface Call {
  method: string
  path: string
  headers: Record<string, string>
  body: unknown
}

/** An answer that refuses, as the server words it. */
export const refuse = (status: number, code: string) =>
  Response.json({ type: `urn:sereno:problem:${code}`, title: 'Refused', status, detail: '', request_id: 'r9' }, { status })

/** Answers requests from a table of `METHOD /path` and keeps what was asked. */
export function serve(routes: Record<string, unknown>): Call[] {
  const calls: Call[] = []
  globalThis.fetch = async (input, init) => {
    const method = init?.method ?? 'GET'
    const path = String(input)
    const body: unknown = typeof init?.body === 'string' ? JSON.parse(init.body) : undefined
    calls.push({ method, path, headers: init?.headers as Record<string, string>, body })
    const key = `${method} ${path.split('?')[0]}`
    if (!(key in routes)) return Response.json({ title: 'Not found', status: 404, request_id: 'r1' }, { status: 404 })
    const answer = routes[key]
    if (answer instanceof Response) return answer.clone()
    return Response.json(typeof answer === 'function' ? answer() : answer, { status: method === 'POST' ? 201 : 200 })
  }
  return calls
}
