// Granting beside the figures, the reasons against it, taking back, and the reminder on every page.
import { fireEvent, screen, waitFor, within } from '@testing-library/react'
import { describe, expect, it } from 'vitest'

import type { Role, SiteQuality } from '../src/api/types'
import { AutonomyPage } from '../src/autonomy/AutonomyPage'
import { expiry, grantOf, holds, isKind } from '../src/autonomy/grants'
import { en } from '../src/i18n/en'
import { es } from '../src/i18n/es'
import { QualityPage } from '../src/quality/QualityPage'
import { Shell } from '../src/shell/Shell'
import { writePreference } from '../src/ui/preference'
import { detail, refuse, serve, show, type Call } from './fixtures'
import { drifting, ended, grant, site, untaught } from './oversight'

async function open(served: SiteQuality | (() => SiteQuality), role: Role = 'manager', more: Record<string, unknown> = {}): Promise<Call[]> {
  const calls = serve({
    'GET /api/v1/quality': () => ({ sites: [typeof served === 'function' ? served() : served] }),
    'GET /api/v1/autonomy': { items: [grant] },
    'POST /api/v1/autonomy': grant,
    'POST /api/v1/autonomy/g1/withdrawal': new Response(null, { status: 204 }),
    ...more,
  })
  show(<QualityPage />, role)
  await screen.findByRole('heading', { level: 1 })
  return calls
}
const posted = (calls: Call[]) => calls.filter((call) => call.method === 'POST')
const kind = () => screen.getByLabelText<HTMLInputElement>(en.autonomy.kind)
const button = (name: string) => screen.getByRole<HTMLButtonElement>('button', { name })

function ask(name: string) {
  fireEvent.change(kind(), { target: { value: name } })
  fireEvent.submit(screen.getByRole('form', { name: en.autonomy.form }))
}

describe('granting', () => {
  it('sends the kind, the time and the figures that are on the screen', async () => {
    const calls = await open(site)
    expect(screen.getByLabelText<HTMLInputElement>(/7 days/).checked).toBe(true)
    fireEvent.click(screen.getByLabelText(/30 days/))
    ask('line_crossing')
    await waitFor(() => expect(posted(calls)).toHaveLength(1))
    const body = posted(calls)[0]?.body as Record<string, string>
    expect(body).toMatchObject({ site: 'sample', kind: 'line_crossing', verdict: 'dismissed', figures: 'digest-1' })
    const days = (Date.parse(body['expires_at'] ?? '') - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(29.9)
    expect(days).toBeLessThan(30)
    expect(await screen.findByText(en.autonomy.granted('Line crossing', 'sample'))).toBeTruthy()
    expect(kind().value).toBe('')
  })

  it('offers the kinds that the site is known to have, and refuses what is none', async () => {
    const calls = await open(site)
    expect([...document.querySelectorAll('datalist option')].map((one) => one.getAttribute('value'))).toEqual(['loitering', 'motion'])
    ask('Line crossing!')
    expect(screen.getByText(en.autonomy.kindWrong)).toBeTruthy()
    expect(button(en.autonomy.grant).disabled).toBe(true)
    expect(posted(calls)).toEqual([])
  })

  it.each([
    ['too few labels', untaught, en.quality.moreNeeded(42)],
    ['drift', drifting, en.autonomy.refusedDrift('What the captions say')],
  ])('is closed for %s, and says so', async (_, served, words) => {
    const calls = await open(served)
    const form = screen.getByRole('form', { name: en.autonomy.form })
    expect(within(form).getByText(words)).toBeTruthy()
    expect(kind().disabled).toBe(true)
    expect(button(en.autonomy.grant).disabled).toBe(true)
    expect(posted(calls)).toEqual([])
  })

  it.each(['stale_figures', 'labels_do_not_suffice', 'drift', 'granted_already'] as const)('says in words when the server answers %s', async (code) => {
    await open(site, 'manager', { 'POST /api/v1/autonomy': refuse(409, code) })
    ask('motion')
    expect((await screen.findByText(en.autonomy.problems[code])).getAttribute('role')).toBe('alert')
    expect(kind().value).toBe('motion')
  })

  it('reads stale figures again, and sends the new ones the next time', async () => {
    let digest = 'digest-1'
    const calls = await open(() => ({ ...site, digest }), 'manager', { 'POST /api/v1/autonomy': refuse(409, 'stale_figures') })
    digest = 'digest-2'
    ask('motion')
    await screen.findByText(en.autonomy.problems.stale_figures)
    ask('motion')
    await waitFor(() => expect(posted(calls)).toHaveLength(2))
    expect(posted(calls).map((call) => (call.body as Record<string, string>)['figures'])).toEqual(['digest-1', 'digest-2'])
  })

  it('is for managers alone', async () => {
    await open(site, 'supervisor')
    expect(screen.queryByRole('form')).toBeNull()
  })
})

describe('taking back', () => {
  const opener = () => button('Take back: Motion, sample')

  it('needs a reason, and sends it', async () => {
    const calls = await open(site, 'supervisor')
    fireEvent.click(opener())
    const reason = screen.getByLabelText(/^Why/)
    expect(document.activeElement).toBe(reason)
    expect(button(en.autonomy.withdrawNow).disabled).toBe(true)
    fireEvent.change(reason, { target: { value: '  New cleaners. ' } })
    fireEvent.click(button(en.autonomy.withdrawNow))
    await waitFor(() => expect(posted(calls)).toHaveLength(1))
    expect(posted(calls)[0]).toMatchObject({ path: '/api/v1/autonomy/g1/withdrawal', body: { because: 'New cleaners.' } })
    expect(await screen.findByText(en.autonomy.withdrawn('Motion'))).toBeTruthy()
    expect(document.activeElement?.textContent).toBe(en.autonomy.inForce)
  })

  it('says when somebody else was first', async () => {
    await open(site, 'manager', { 'POST /api/v1/autonomy/g1/withdrawal': refuse(404, 'grant_not_in_force') })
    fireEvent.click(opener())
    fireEvent.change(screen.getByLabelText(/^Why/), { target: { value: 'x' } })
    fireEvent.click(button(en.autonomy.withdrawNow))
    expect(await screen.findByText(en.autonomy.notInForce)).toBeTruthy()
  })

  it('is not for those who only read', async () => {
    await open(site, 'auditor')
    expect(screen.getAllByText('Motion').length).toBeGreaterThan(0)
    expect(screen.queryByRole('button', { name: /Take back/ })).toBeNull()
  })

  it('is for operators on a page of their own, which names the site', async () => {
    serve({ 'GET /api/v1/autonomy': { items: [grant, ended] } })
    show(<AutonomyPage />, 'operator')
    expect((await screen.findByRole('region', { name: en.autonomy.inForce })).textContent).toContain('Motion · sample')
    expect(opener()).toBeTruthy()
    expect(screen.getByRole('region', { name: en.autonomy.ended }).textContent).toContain('Loitering')
  })
})

describe('the reminder', () => {
  const reminder = () => screen.queryByRole('link', { name: /Autonom/ })
  function page(items: unknown[], role: Role) {
    serve({ 'GET /api/v1/autonomy': { items } })
    show(<Shell liveness="live">page</Shell>, role)
  }

  it.each([['operator', '/autonomy'], ['manager', '/quality'], ['auditor', '/quality']] as const)('leads the %s to %s', async (role, path) => {
    page([grant, ended], role)
    await waitFor(() => expect(reminder()?.textContent).toBe('Autonomy: 1 kind of alarm is closed without a person'))
    expect(reminder()?.getAttribute('href')).toBe(path)
    expect(screen.queryByRole('link', { name: en.nav.quality }) !== null).toBe(role !== 'operator')
  })

  it('is absent where nothing is in force', async () => {
    page([ended], 'operator')
    await screen.findByText('page')
    expect(reminder()).toBeNull()
  })

  it('speaks Spanish, and g c goes to the figures', async () => {
    writePreference('language', 'es')
    page([grant, { ...grant, id: 'g2', kind: 'door_held' }], 'supervisor')
    await waitFor(() => expect(reminder()?.textContent).toBe(es.autonomy.strip(2)))
    expect(es.autonomy.strip(2)).toBe('Autonomía: 2 tipos de alarma se cierran sin persona')
    fireEvent.keyDown(document.body, { key: 'g' })
    fireEvent.keyDown(document.body, { key: 'c' })
    expect(location.pathname).toBe('/quality')
  })
})

describe('grants', () => {
  const at = Date.parse('2026-11-24T12:00:00Z')

  it('hold until they end or their time is over', () => {
    expect([grant, ended, { ...grant, expires_at: '2026-11-24T11:59:59Z' }].map((one) => holds(one, at))).toEqual([true, false, false])
  })

  it('never reach beyond 90 days, also where this clock is ahead of the server’s', () => {
    expect(Date.parse(expiry(90, at)) - at).toBeLessThan(90 * 86_400_000 - 60_000)
  })

  it('are kinds as the server takes them', () => {
    expect(['motion', 'line_crossing', 'x1', '', 'Motion', 'a b', 'a'.repeat(65)].map(isKind)).toEqual([true, true, true, false, false, false, false])
  })

  it('are found for an alarm by what closed it', () => {
    expect(grantOf({ ...detail, closed_under: 'g1' }, [ended, grant])?.id).toBe('g1')
    expect(grantOf({ ...detail, closed_under: 'g9' }, [grant])).toBeNull()
    expect(grantOf(detail, [grant])).toBeNull()
  })
})
