// Blind reviews: nothing of the suggestion before a person has judged, all of it afterwards, and no blame.
import { fireEvent, screen, waitFor, within } from '@testing-library/react'
import { describe, expect, it } from 'vitest'

import { AlarmPage } from '../src/alarm/AlarmPage'
import { actionsDue } from '../src/alarm/review'
import type { AlarmDetail, Disposition, Review, Role } from '../src/api/types'
import { en } from '../src/i18n/en'
import { es } from '../src/i18n/es'
import { QueuePage } from '../src/queue/QueuePage'
import { writePreference } from '../src/ui/preference'
import { detail, item, refuse, serve, show, type Call } from './fixtures'
import { grant } from './oversight'

const hidden: AlarmDetail = { ...detail, decision: null, blind: true }
const said = (code: Disposition['code'], more: Partial<Disposition> = {}): Disposition => ({ code, by: 'ana', at: '2026-11-23T22:20:00Z', ...more })
const told = (reason: Review['reason'], code: Disposition['code'], more: Partial<AlarmDetail> = {}): AlarmDetail => ({
  ...detail,
  state: 'closed',
  review: { reason, drawn_at: '2026-11-23T22:14:09Z', answered_at: '2026-11-23T22:20:00Z' },
  dispositions: [said(code)],
  ...more,
})

/** The alarm as the server shows it: hidden until something is posted, then as `after`. */
function open(after: AlarmDetail, { report = false, role = 'operator', before = hidden }: { report?: boolean; role?: Role; before?: AlarmDetail } = {}): Call[] {
  const calls: Call[] = serve({
    'GET /api/v1/alarms/a1': () => (calls.some((call) => call.method === 'POST') ? after : before),
    'GET /api/v1/alarms/a1/report': refuse(409, 'judge_first'),
    'POST /api/v1/alarms/a1/dispositions': said('real_threat'),
    'GET /api/v1/alarms': { items: [item('a1'), item('b2')], counts: { waiting: 0, decided: 2, closed: 0, closed_without_person: 0 } },
    'GET /api/v1/autonomy': { items: [grant] },
  })
  show(<AlarmPage id="a1" report={report} />, role)
  return calls
}

const press = (key: string) => fireEvent.keyDown(document.activeElement ?? document.body, { key })
const ready = () => screen.findByText('The person climbs over it.')
const posted = (calls: Call[]) => calls.filter((call) => call.method === 'POST')
/** Words that would give the suggestion away, wherever in the page they stood. */
const telling = ['Verified', 'Dismissed', 'Uncertain', 'High', '87%', 'AVS', 'fence', 'Climbs', 'Somebody climbs', en.alarm.badge, en.verdict.title, 'Look at the live picture']

describe('a blind alarm in the queue', () => {
  async function rows(language: 'en' | 'es' = 'en') {
    writePreference('language', language)
    const { outcome: _, severity: __, avs_level: ___, threat_probability: ____, ...bare } = item('a')
    serve({ 'GET /api/v1/alarms': { items: [{ ...bare, blind: true }, item('b', { outcome: 'dismissed' })], counts: { waiting: 0, decided: 2, closed: 0, closed_without_person: 0 } } })
    show(<QueuePage state="decided" />)
    await screen.findByText('camera-b')
    return [...document.querySelectorAll<HTMLElement>('[data-id]')] as [HTMLElement, HTMLElement]
  }

  it('says to judge without suggestion where the verdict would stand, and carries nothing of it', async () => {
    const [blind, other] = await rows()
    expect(within(blind).getByText('Judge without suggestion')).toBeTruthy()
    expect(within(blind).getByText('camera-a')).toBeTruthy()
    for (const word of telling) expect(blind.outerHTML).not.toContain(word)
    expect(blind.dataset['severity']).toBeUndefined()
    expect(within(other).getByText('Dismissed')).toBeTruthy()
  })

  it('says so in Spanish, and is found by these words', async () => {
    const [blind] = await rows('es')
    expect(within(blind).getByText('Valorar sin sugerencia')).toBeTruthy()
    fireEvent.change(screen.getByLabelText(es.queue.filter), { target: { value: 'sin sugerencia' } })
    expect(document.querySelectorAll('[data-id]')).toHaveLength(1)
  })
})

describe('a blind alarm’s page', () => {
  it('shows the captions and the choices, and nothing of the suggestion, not even hidden in the page', async () => {
    open(told('decoy', 'real_threat'))
    await ready()
    expect(screen.getByText(en.blind.lead)).toBeTruthy()
    expect(screen.getAllByRole('radio')).toHaveLength(7)
    expect(screen.queryAllByRole('checkbox')).toEqual([])
    const page = document.body.cloneNode(true) as HTMLElement
    for (const other of page.querySelectorAll('style, ol')) other.remove()
    for (const word of telling) expect(page.innerHTML).not.toContain(word)
  })

  it('asks for no report and says the same there', async () => {
    const calls = open(hidden, { report: true })
    await ready()
    expect(screen.getByText(en.blind.lead)).toBeTruthy()
    expect(calls.some((call) => call.path.endsWith('/report'))).toBe(false)
  })

  it('looks like any other while it waits to be decided', async () => {
    open(hidden, { before: { ...hidden, state: 'waiting' } })
    await ready()
    expect(screen.queryByText(en.blind.lead)).toBeNull()
    expect(screen.getByText(en.verdict.stages[0] ?? '')).toBeTruthy()
  })

  it('is shown whole to an auditor, who is told that those who close it do not see it', async () => {
    open(hidden, { role: 'auditor', before: { ...detail, blind: true } })
    await ready()
    expect(screen.getByText(en.blind.hiddenFromOperators)).toBeTruthy()
    expect(screen.getByText(en.verdict.title)).toBeTruthy()
  })
})

describe('after judging blind', () => {
  it('the suggestion appears beside the person’s word, with the reason, and the page stays', async () => {
    const calls = open(told('dismissal', 'false_detection'))
    await ready()
    press('3')
    press('Enter')
    const panel = await screen.findByRole('region', { name: en.blind.judged })
    expect(posted(calls)[0]?.body).toMatchObject({ code: 'false_detection' })
    expect(within(panel).getByText(en.blind.suggested).parentElement?.textContent).toContain('Verified')
    expect(within(panel).getByText('You said').parentElement?.textContent).toContain('False detection')
    expect(panel.textContent).toContain(en.blind.reasons.dismissal)
    expect(screen.getByRole('region', { name: en.verdict.title })).toBeTruthy()
    expect(location.pathname).toBe('/')
    // A screen reader is taken to what is new, and Enter goes on from there.
    expect(document.activeElement?.textContent).toBe(en.blind.judged)
    press('Enter')
    await waitFor(() => expect(location.pathname).toBe('/alarms/b2'))
    expect(posted(calls)).toHaveLength(1)
  })

  it('a real threat’s actions are offered for a further word, and Enter does not walk past them', async () => {
    const calls = open(told('decoy', 'real_threat'))
    await ready()
    press('1')
    press('Enter')
    await screen.findByText(en.blind.actionsDue)
    press('Enter')
    expect(location.pathname).toBe('/')
    expect(screen.getByTestId('announcer').textContent).toBe(en.blind.actionsDue)
    press('a')
    fireEvent.click(document.activeElement as HTMLElement)
    press('1')
    press('Enter')
    await waitFor(() => expect(posted(calls)).toHaveLength(2))
    expect(posted(calls)[1]?.body).toMatchObject({ code: 'real_threat', approved_actions: ['check_live_view'] })
    expect(posted(calls)[0]?.body).not.toHaveProperty('approved_actions')
  })

  it.each([
    ['real_threat', en.blind.recognised],
    ['real_no_threat', en.blind.notRecognised],
  ] as const)('a control alarm closed as %s is told as what it was, and nobody is sent anywhere', async (code, words) => {
    open(told('control', code), { before: told('control', code) })
    await ready()
    const panel = screen.getByRole('region', { name: en.blind.judged })
    expect(panel.textContent).toContain(`${en.blind.reasons.control} ${words}`)
    expect(panel.textContent).toContain(en.blind.noScore)
    expect(screen.queryByText(en.blind.actionsDue)).toBeNull()
    expect(screen.queryAllByRole('checkbox')).toEqual([])
  })

  it('a colleague’s word is named as theirs, in Spanish too', async () => {
    writePreference('language', 'es')
    open(hidden, { before: told('dismissal', 'technical', { dispositions: [said('technical', { by: 'luis' })] }) })
    await ready()
    const panel = screen.getByRole('region', { name: es.blind.judged })
    expect(within(panel).getByText('luis dijo').parentElement?.textContent).toContain('Fallo técnico')
    expect(panel.textContent).toContain(es.blind.reasons.dismissal)
  })

  it('actions are due until somebody approves one, and never for a recording', () => {
    expect(actionsDue(told('dismissal', 'real_threat'))).toBe(true)
    expect(actionsDue(told('dismissal', 'test'))).toBe(false)
    expect(actionsDue(told('control', 'real_threat'))).toBe(false)
    expect(actionsDue({ ...detail, dispositions: [said('real_threat')] })).toBe(false)
    const approved = said('real_threat', { approved_actions: ['check_live_view'] })
    expect(actionsDue(told('dismissal', 'real_threat', { dispositions: [said('real_threat'), approved] }))).toBe(false)
  })
})

describe('an alarm closed without a person', () => {
  const closed: AlarmDetail = { ...detail, state: 'closed_without_person', closed_under: 'g1' }

  it('says under which grant, and a person can still say what it was', async () => {
    const calls = open(closed, { before: closed })
    await ready()
    const panel = await screen.findByText(/as marta granted for “Motion” until Jan 31, 2999/)
    expect(panel.textContent).toContain(en.autonomy.stillYours)
    expect(screen.getByText(/Closed without a person$/)).toBeTruthy()
    press('2')
    press('Enter')
    await waitFor(() => expect(posted(calls)).toHaveLength(1))
    expect(location.pathname).toBe('/')
  })

  it('does not guess where the grant is no longer listed', async () => {
    open(closed, { before: { ...closed, closed_under: 'g0' } })
    await ready()
    expect(await screen.findByText(new RegExp(en.autonomy.closedUnderUnknown))).toBeTruthy()
  })

  it('has a tab of its own in the queue', async () => {
    serve({ 'GET /api/v1/alarms': { items: [item('a', { state: 'closed_without_person', outcome: 'dismissed' })], counts: { waiting: 0, decided: 0, closed: 0, closed_without_person: 1 } } })
    show(<QueuePage state="closed_without_person" />)
    expect(await screen.findByText('camera-a')).toBeTruthy()
    expect(screen.getByRole('link', { name: `${en.queue.withoutPerson} 1` }).getAttribute('aria-current')).toBe('page')
  })
})
