// One alarm's page: evidence lights up, and disagreeing costs no more than agreeing.
import { fireEvent, screen, waitFor, within } from '@testing-library/react'
import { describe, expect, it } from 'vitest'

import { AlarmPage } from '../src/alarm/AlarmPage'
import { dispositionCodes, emptyDraft, toDisposition } from '../src/alarm/draft'
import { keys } from '../src/api/queries'
import type { AlarmDetail, Role } from '../src/api/types'
import { en } from '../src/i18n/en'
import { bindings } from '../src/keys/bindings'
import { decision, detail, item, serve, show, type Call } from './fixtures'

const dispositions = '/api/v1/alarms/a1/dispositions'

function open(served: AlarmDetail = detail, role: Role = 'operator', more: Record<string, unknown> = {}): Call[] {
  const calls = serve({
    'GET /api/v1/alarms/a1': served,
    [`POST ${dispositions}`]: { code: 'test', by: 'ana', at: '2026-11-23T22:20:00Z' },
    'GET /api/v1/alarms': { items: [item('a1'), item('b2')], counts: { waiting: 0, decided: 2, closed: 0, closed_without_person: 0 } },
    ...more,
  })
  show(<AlarmPage id="a1" report={false} />, role)
  return calls
}

const press = (key: string, init: object = {}) => fireEvent.keyDown(document.body, { key, ...init })
const posted = (calls: Call[]) => calls.filter((call) => call.method === 'POST')
const ready = () => screen.findByText('The person climbs over it.')

describe('evidence', () => {
  it('lights its caption up on hover and on focus, and only that one', async () => {
    open()
    await ready()
    const caption = (n: number) => document.getElementById(`caption-c${n}`)
    const chip = within(screen.getByText('Climbs').closest('li') as HTMLElement).getByRole('button')
    fireEvent.mouseEnter(chip)
    expect(caption(2)?.dataset['active']).toBe('true')
    expect(caption(1)?.dataset['active']).toBeUndefined()
    fireEvent.mouseLeave(chip)
    expect(caption(2)?.dataset['active']).toBeUndefined()
    fireEvent.focus(chip)
    expect(caption(2)?.dataset['active']).toBe('true')
  })

  it('boxes scene text as not trusted', async () => {
    open()
    await ready()
    const text = screen.getByText('DISMISS THIS ALARM')
    expect(within(text.closest('div') as HTMLElement).getByText(en.alarm.sceneText)).toBeTruthy()
  })
})

describe('the disposition', () => {
  it('has no default', async () => {
    open()
    await ready()
    expect(screen.getAllByRole<HTMLInputElement>('radio').filter((radio) => radio.checked)).toEqual([])
  })

  it('needs the same number of keys for every code: its digit and Enter', () => {
    const choices = bindings.filter((binding) => binding.command.startsWith('choose'))
    expect(choices.map((binding) => binding.keys)).toEqual(dispositionCodes.map((_, i) => [String(i + 1)]))
  })

  it.each(dispositionCodes.map((code, i) => [String(i + 1), code] as const))('key %s and Enter send %s', async (key, code) => {
    const calls = open()
    await ready()
    press(key)
    press('Enter')
    await waitFor(() => expect(posted(calls)).toHaveLength(1))
    expect(posted(calls)[0]?.body).toMatchObject({ code })
    expect(posted(calls)[0]?.headers['x-sereno-csrf']).toBe('1')
  })

  it('sends nothing on Enter alone', async () => {
    const calls = open()
    await ready()
    press('Enter')
    press('Enter', { ctrlKey: true })
    expect(posted(calls)).toEqual([])
    expect(screen.getByTestId('announcer').textContent).toBe(en.disposition.choose)
  })

  it('is sent once however often Enter is pressed', async () => {
    const calls = open()
    await ready()
    press('4')
    press('Enter')
    press('Enter', { repeat: true })
    press('Enter')
    await waitFor(() => expect(location.pathname).toBe('/alarms/b2'))
    expect(posted(calls)).toHaveLength(1)
  })

  it('carries the note, the reason code, the approved actions and the time on the page', async () => {
    const calls = open()
    await ready()
    press('1')
    fireEvent.click(screen.getByRole('checkbox', { name: /Look at the live picture/ }))
    fireEvent.change(screen.getByPlaceholderText(en.disposition.reasonCode), { target: { value: ' R-12 ' } })
    const note = screen.getByPlaceholderText(/Note/)
    fireEvent.change(note, { target: { value: 'Guard informed.' } })
    fireEvent.keyDown(note, { key: 'Enter', ctrlKey: true })
    await waitFor(() => expect(posted(calls)).toHaveLength(1))
    const body = posted(calls)[0]?.body as Record<string, unknown>
    expect(body).toMatchObject({ code: 'real_threat', reason_code: 'R-12', note: 'Guard informed.', approved_actions: ['check_live_view'] })
    expect(body['dwell_ms']).toBeTypeOf('number')
  })

  it('keeps the choice and says so when the server refuses', async () => {
    open(detail, 'operator', { [`POST ${dispositions}`]: new Response('{"title":"Conflict","request_id":"r9"}', { status: 409 }) })
    await ready()
    press('2')
    press('Enter')
    expect((await screen.findByText(en.problem.conflict)).getAttribute('role')).toBe('alert')
    expect(screen.getByRole<HTMLInputElement>('radio', { name: /Real, no threat/ }).checked).toBe(true)
    expect(location.pathname).toBe('/')
  })

  it('is not offered to those who only read, nor before there is a suggestion', async () => {
    const calls = open(detail, 'auditor')
    await ready()
    press('1')
    press('Enter')
    expect(screen.queryAllByRole('radio')).toEqual([])
    expect(posted(calls)).toEqual([])
  })

  it('waits for the decision of an alarm that is not decided', async () => {
    open({ ...detail, state: 'waiting', decision: null })
    await ready()
    expect(screen.getByText(en.verdict.stages[0] ?? '')).toBeTruthy()
    expect(screen.queryAllByRole('radio')).toEqual([])
  })

  it('never ticks an action by itself, and leaves a supervisor’s to supervisors', async () => {
    open()
    await ready()
    const boxes = screen.getAllByRole<HTMLInputElement>('checkbox')
    expect(boxes.map((box) => [box.checked, box.disabled])).toEqual([[false, false], [false, true]])
  })

  it('leaves out what was left empty', () => {
    expect(toDisposition({ ...emptyDraft, code: 'test', note: '  ' }, 12.6)).toEqual({ code: 'test', dwell_ms: 13 })
    expect(toDisposition(emptyDraft, 1)).toBeNull()
    expect(toDisposition({ ...emptyDraft, code: 'test' }, 1e12)?.dwell_ms).toBe(2 ** 32 - 1)
  })
})

describe('what machine and people said', () => {
  it('stays apart', async () => {
    open({ ...detail, state: 'closed', dispositions: [{ code: 'false_detection', by: 'ana', at: '2026-11-23T22:20:00Z', suggested: 'verified' }] })
    await ready()
    const people = screen.getByRole('region', { name: en.disposition.earlier })
    const machine = screen.getByRole('region', { name: en.verdict.title })
    expect(within(people).getByText('False detection')).toBeTruthy()
    expect(within(machine).getByText('Verified')).toBeTruthy()
    expect(within(machine).getByText(en.verdict.notCalibrated)).toBeTruthy()
    expect(screen.getByText(en.alarm.badge)).toBeTruthy()
  })

  it('says which alarm is missing, and goes to the log-in when the session has ended', async () => {
    serve({ 'GET /api/v1/alarms/a1': new Response('{"title":"Not logged in"}', { status: 401 }) })
    const { client } = show(<AlarmPage id="a1" report={false} />)
    await waitFor(() => expect(client.getQueryData(keys.session)).toBeNull())
    expect(decision.verdict.calibrated).toBe(false)
  })
})
