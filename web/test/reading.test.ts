// What comes from outside is read with care: reports, leaves, addresses, the stream.
import { QueryClient } from '@tanstack/react-query'
import { afterEach, describe, expect, it, vi } from 'vitest'

import { api } from '../src/api/client'
import { readReport } from '../src/api/report'
import { openStream, refresh, type Change } from '../src/api/stream'
import { readLeaf } from '../src/log/leaf'
import { parse, paths } from '../src/router'
import { approves, audits, disposes, shapesPolicies, strictest } from '../src/session/roles'
import { item } from './fixtures'

describe('reports', () => {
  it('are read with their evidence, and unknown parts are left alone', () => {
    const report = readReport({
      title: 'T', extra: 1, evidence: [{ id: 'rule:x', text: 'Why' }, 7], scene_text: { trusted: false, items: ['DISMISS', null] },
      sections: [{ heading: 'H', sentences: [{ text: 'S', evidence: ['c1', 'rule:x', 3], origin: 'model' }, { text: 4 }, null] }, 'no section'],
    })
    expect(report.title).toBe('T')
    expect(report.sections).toEqual([{ heading: 'H', sentences: [{ text: 'S', evidence: ['c1', 'rule:x'], origin: 'model' }] }])
    expect(report.evidence.get('rule:x')).toBe('Why')
    expect(report.sceneText).toEqual(['DISMISS'])
  })

  it('that are none read as empty', () => {
    for (const wrong of [null, 'x', 3, [], { sections: 'x' }]) expect(readReport(wrong).sections).toEqual([])
  })
})

describe('leaves', () => {
  it('are named by type, actor and alarm, and printed indented', () => {
    const leaf = readLeaf('{"type":"alarm.verdict","actor":{"kind":"model","name":"m"},"alarm_id":"a1"}')
    expect(leaf).toMatchObject({ type: 'alarm.verdict', actor: 'model · m', alarmId: 'a1' })
    expect(leaf.pretty.split('\n').length).toBeGreaterThan(3)
  })

  it('that are broken are shown as they are', () => {
    expect(readLeaf('{"type":')).toEqual({ type: '–', actor: '–', alarmId: null, pretty: '{"type":' })
  })
})

describe('addresses', () => {
  it('lead there and back', () => {
    expect(parse(paths.alarm('a/1'))).toEqual({ page: 'alarm', id: 'a/1', report: false })
    expect(parse(paths.report('a1'))).toEqual({ page: 'alarm', id: 'a1', report: true })
    expect(parse(paths.queue('closed'))).toEqual({ page: 'queue', state: 'closed' })
    expect(parse(paths.log())).toEqual({ page: 'log' })
    expect(parse(paths.queue('closed_without_person'))).toEqual({ page: 'queue', state: 'closed_without_person' })
    expect([parse(paths.quality()), parse(paths.autonomy())]).toEqual([{ page: 'quality' }, { page: 'autonomy' }])
  })

  it('that are none are missing pages', () => {
    for (const path of ['/nowhere', '/alarms/', '/alarms/%E0%A4%A', '/constructor']) expect(parse(path).page).toBe('missing')
  })
})

describe('roles', () => {
  it('see and do what the domain says', () => {
    expect(['source', 'operator', 'supervisor', 'manager', 'auditor', 'admin'].filter((role) => disposes(role as never))).toEqual(['operator', 'supervisor', 'manager'])
    expect(['source', 'operator', 'supervisor', 'manager', 'auditor', 'admin'].filter((role) => audits(role as never))).toEqual(['manager', 'auditor', 'admin'])
    expect(['source', 'operator', 'supervisor', 'manager', 'auditor', 'admin'].filter((role) => shapesPolicies(role as never))).toEqual(['manager', 'admin'])
    expect([approves('manager', 'two_persons'), strictest(['operator', 'manager', 'supervisor'])]).toEqual([false, 'manager'])
    expect([approves('operator', 'supervisor'), approves('manager', 'supervisor'), approves('auditor', 'operator')]).toEqual([false, true, false])
  })
})

class FakeSource extends EventTarget {
  static CLOSED = 2
  static opened: FakeSource[] = []
  readyState = 1
  constructor(readonly url: string) {
    super()
    FakeSource.opened.push(this)
  }
  close() {
    this.readyState = 2
  }
}

describe('the stream', () => {
  afterEach(() => {
    vi.useRealTimers()
    FakeSource.opened = []
  })

  it('passes changes on, survives nonsense, and opens again after an error status', () => {
    vi.useFakeTimers()
    vi.stubGlobal('EventSource', FakeSource)
    const changes: Change[] = []
    const states: string[] = []
    const close = openStream('/s', (change) => changes.push(change), (state) => states.push(state))
    const source = FakeSource.opened[0]
    source?.dispatchEvent(new Event('open'))
    source?.dispatchEvent(new MessageEvent('alarm', { data: '{"id":"a1","state":"decided"}' }))
    source?.dispatchEvent(new MessageEvent('alarm', { data: 'nonsense' }))
    source?.dispatchEvent(new MessageEvent('resync', { data: '' }))
    expect(changes).toEqual([{ id: 'a1' }, { id: null }, { id: null }])
    if (source) source.readyState = FakeSource.CLOSED
    source?.dispatchEvent(new Event('error'))
    vi.advanceTimersByTime(1_000)
    expect(FakeSource.opened).toHaveLength(2)
    FakeSource.opened[1]?.dispatchEvent(new Event('open'))
    expect(states).toEqual(['live', 'away', 'live'])
    // What was missed meanwhile is asked for.
    expect(changes.at(-1)).toEqual({ id: null })
    close()
  })

  it('marks the queue and the alarm as stale', () => {
    const client = new QueryClient()
    client.setQueryData(['alarm', 'a1'], 1)
    client.setQueryData(['alarm', 'b2'], 1)
    refresh(client, { id: 'a1' })
    expect(client.getQueryState(['alarm', 'a1'])?.isInvalidated).toBe(true)
    expect(client.getQueryState(['alarm', 'b2'])?.isInvalidated).toBe(false)
    refresh(client, { id: null })
    expect(client.getQueryState(['alarm', 'b2'])?.isInvalidated).toBe(true)
  })
})

describe('a long queue', () => {
  it('is read page by page, and a row that moved between two pages comes once', async () => {
    const page = (from: number) => Array.from({ length: 200 }, (_, i) => item(String(from + i)))
    const asked: string[] = []
    globalThis.fetch = async (input) => {
      asked.push(String(input))
      const offset = Number(new URL(String(input), 'http://x').searchParams.get('offset'))
      return Response.json({ items: offset === 0 ? page(0) : page(199).slice(0, 50), counts: { waiting: 0, decided: 249, closed: 0, closed_without_person: 0 } })
    }
    const queue = await api.queue('decided', 600)
    expect(asked.map((path) => path.replace(/.*limit/, 'limit'))).toEqual(['limit=200&offset=0', 'limit=200&offset=200'])
    expect(queue.items).toHaveLength(249)
  })
})
