// The policies' page: what is in force, versions and their steps, and who may do what with them.
import { fireEvent, screen, waitFor, within } from '@testing-library/react'
import { describe, expect, it } from 'vitest'

import { en } from '../src/i18n/en'
import { PoliciesPage } from '../src/policies/PoliciesPage'
import type { PolicyVersion } from '../src/api/types'
import { parse, paths } from '../src/router'
import { refuse, serve, show, type Call } from './fixtures'
import { before, checked, digests, document as documentOf, draft, list, live, report, tried } from './policies'
import { button, everybody, open, region } from './policiesPage'

const posted = (calls: Call[]) => calls.filter((call) => call.method === 'POST').map(({ path, body }) => [path, body])
const done = () => new Response(null, { status: 204 })

describe('the head', () => {
  it('says what is in force, since when, through whom, and how it is proven', async () => {
    await open()
    const head = region(en.policies.inForce)
    expect(head.textContent).toContain('aaaaaaaa')
    expect(head.textContent).toMatch(/since Nov 05, 2026/)
    expect(head.textContent).toContain('proposed by marta, approved by jon')
    expect(head.textContent).toContain('3 rules')
    expect(head.textContent).toContain(en.policies.proven)
    expect(head.textContent).not.toContain('cvc5')
    expect(screen.getByRole('heading', { level: 1 }).textContent).toBe(en.policies.title)
  })

  it('says that cvc5 proved it too, where it did', async () => {
    await open([{ ...live, confirmed: true }])
    expect(region(en.policies.inForce).textContent).toContain(en.policies.provenTwice)
  })

  it('warns of a folder that is not taken up, as it was worded', async () => {
    await open(everybody, { more: { 'GET /api/v1/policies': list(everybody, { folder: { path: '/etc/p', problem: 'a.cedar:1: bad\n  here' } }) } })
    const warning = screen.getByRole('alert')
    expect(warning.textContent).toContain('/etc/p')
    expect(warning.querySelector('pre')?.textContent).toBe('a.cedar:1: bad\n  here')
  })

  it('rolls back with a reason, and only with one', async () => {
    const calls = await open(everybody, { more: { 'POST /api/v1/policies/rollback': done() } })
    fireEvent.click(button(en.policies.rollBack))
    const dialog = await screen.findByRole('dialog')
    const now = within(dialog).getByRole<HTMLButtonElement>('button', { name: en.policies.rollBackNow })
    expect(now.disabled).toBe(true)
    expect(dialog.textContent).toContain('bbbbbbbb')
    fireEvent.change(within(dialog).getByLabelText(/^Why/), { target: { value: ' Too many\ncalls. ' } })
    fireEvent.click(now)
    await screen.findByText(en.policies.rolledBack)
    expect(posted(calls)).toEqual([['/api/v1/policies/rollback', { because: 'Too many calls.' }]])
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  })

  it('says why it was not rolled back, and keeps the reason', async () => {
    await open(everybody, { more: { 'POST /api/v1/policies/rollback': refuse(409, 'nothing_before') } })
    fireEvent.click(button(en.policies.rollBack))
    const dialog = await screen.findByRole('dialog')
    const field = within(dialog).getByLabelText<HTMLTextAreaElement>(/^Why/)
    fireEvent.change(field, { target: { value: 'Why not' } })
    fireEvent.click(within(dialog).getByRole('button', { name: en.policies.rollBackNow }))
    expect((await within(dialog).findByRole('alert')).textContent).toContain(en.policies.problems.nothing_before)
    expect(field.value).toBe('Why not')
  })

  it('offers no way back where there is none', async () => {
    await open([live], { more: { 'GET /api/v1/policies': list([live], { previous: null }) } })
    expect(button(en.policies.rollBack).disabled).toBe(true)
    expect(screen.getAllByText(en.policies.nothingBefore).length).toBeGreaterThan(0)
  })
})

describe('who may do what', () => {
  it.each(['operator', 'supervisor', 'auditor'] as const)('a %s reads everything and is offered nothing', async (role) => {
    await open([tried, live, before], { role })
    await screen.findByText(en.backtest.summary(1204, 37))
    for (const name of [en.policies.rollBack, en.policies.approve, en.policies.withdraw, en.policies.backtestAgain, en.policies.startFrom]) {
      expect(screen.queryByRole('button', { name })).toBeNull()
    }
    expect(screen.queryByRole('link', { name: en.policies.propose })).toBeNull()
    expect(screen.queryByRole('region', { name: en.policies.next })).toBeNull()
  })

  it.each(['manager', 'admin'] as const)('a %s moves versions on', async (role) => {
    await open([tried, live, before], { role })
    for (const name of [en.policies.rollBack, en.policies.approve, en.policies.withdraw, en.policies.backtestAgain, en.policies.startFrom]) expect(button(name)).toBeTruthy()
    expect(screen.getByRole('link', { name: en.policies.propose }).getAttribute('href')).toBe('/policies/proposal')
  })

  it('nobody approves what they proposed, and is told why', async () => {
    await open([{ ...tried, proposed_by: 'ana' }, live])
    expect(screen.queryByRole('button', { name: en.policies.approve })).toBeNull()
    expect(screen.getByText(en.policies.needsSecond)).toBeTruthy()
  })
})

describe('versions', () => {
  it('are listed with state, note, author, cases and problems, and lead to their addresses', async () => {
    await open([draft, checked, live, before])
    const links = within(screen.getByRole('navigation', { name: en.policies.versions })).getAllByRole('link')
    expect(links.map((link) => link.getAttribute('href'))).toEqual([draft, checked, live, before].map((one) => `/policies/${one.digest}`))
    expect(links[0]?.textContent).toBe('Draft ccccccccSpray cansmarta, Nov 1, 20260 of 9 cases passed1 problem')
    expect(links[0]?.getAttribute('aria-current')).toBe('page')
  })

  it('show how far they have come, as steps', async () => {
    await open([tried, live])
    const steps = within(screen.getByRole('list', { name: en.policies.lifeCycle })).getAllByRole('listitem')
    expect(steps.map((one) => [one.dataset['stage'], one.getAttribute('aria-current')])).toEqual([
      ['done', null], ['done', null], ['now', 'step'], ['later', null], ['later', null],
    ])
    expect(steps[0]?.textContent).toContain('marta')
  })

  it('with problems show each with file, line and line breaks', async () => {
    await open([draft, live])
    const found = region(en.policies.problemsTitle)
    expect(within(found).getByText('intrusion.cedar:7')).toBeTruthy()
    expect(found.querySelector('pre')?.textContent).toBe('unexpected token\n  permitt\n  ^^^^^^^ (did you mean permit?)')
    expect(button(en.policies.mend)).toBeTruthy()
    expect(screen.queryByRole('button', { name: en.policies.backtest })).toBeNull()
  })

  it('that were withdrawn say why', async () => {
    await open([live, { ...checked, state: 'withdrawn', because: 'Not needed.' }], { digest: digests.checked })
    expect(screen.getByText('Not needed.')).toBeTruthy()
    expect(screen.queryByRole('button', { name: en.policies.withdraw })).toBeNull()
  })

  it('tell what is odd, folded away', async () => {
    await open()
    expect((await screen.findByText(en.policies.remarks(1))).closest('details')?.open).toBe(false)
  })

  it('that do not exist are told, and the list stays', async () => {
    await open(everybody, { digest: 'ffff' })
    expect(screen.getByText(en.policies.missing)).toBeTruthy()
    expect(screen.getByRole('navigation', { name: en.policies.versions })).toBeTruthy()
  })

  it('that cannot be had are told with their request', async () => {
    serve({ 'GET /api/v1/policies': refuse(403, 'role_not_allowed') })
    show(<PoliciesPage digest={null} />, 'manager')
    expect(await screen.findByText('Request r9')).toBeTruthy()
  })
})

describe('acts', () => {
  it('a checked version is tried over the chosen time, and the report opens', async () => {
    const path = `/api/v1/policies/${digests.checked}/backtest`
    let items: PolicyVersion[] = [checked, live]
    const calls = await open(items, {
      more: {
        'GET /api/v1/policies': () => list(items),
        [`GET /api/v1/policies/${digests.checked}`]: () => documentOf(items[0] ?? checked),
        [`POST ${path}`]: () => {
          items = [{ ...checked, state: 'backtested', backtest: report }, live]
          return report
        },
      },
    })
    fireEvent.change(screen.getByLabelText(en.backtest.over), { target: { value: '7' } })
    fireEvent.click(button(en.policies.backtest))
    expect(await screen.findByText(en.backtest.threatsTitle)).toBeTruthy()
    expect(screen.getByRole('tab', { selected: true }).textContent).toBe(en.policies.tabs.backtest)
    const [[asked, body] = []] = posted(calls)
    expect(asked).toBe(path)
    const days = (Date.now() - Date.parse((body as { since: string }).since)) / 86_400_000
    expect(days).toBeCloseTo(7, 1)
  })

  it('over everything says no date', async () => {
    const calls = await open([checked, live], { more: { [`POST /api/v1/policies/${digests.checked}/backtest`]: report } })
    fireEvent.change(screen.getByLabelText(en.backtest.over), { target: { value: 'null' } })
    fireEvent.click(button(en.policies.backtest))
    await waitFor(() => expect(posted(calls)[0]?.[1]).toEqual({}))
  })

  it('approving shows once more what would change, then puts it in force', async () => {
    const calls = await open([tried, live], { more: { [`POST /api/v1/policies/${digests.tried}/approval`]: done() } })
    fireEvent.click(button(en.policies.approve))
    const dialog = await screen.findByRole('dialog')
    expect(dialog.textContent).toContain('Of 1,204 alarms, 37 would change.')
    expect(dialog.textContent).toContain(en.backtest.threats(1))
    expect(posted(calls)).toEqual([])
    fireEvent.click(within(dialog).getByRole('button', { name: en.policies.approveNow }))
    await screen.findByText(en.policies.approved)
    expect(posted(calls)).toEqual([[`/api/v1/policies/${digests.tried}/approval`, {}]])
  })

  it.each(['second_person_needed', 'not_backtested', 'stale_backtest'] as const)('says in words when approving is answered %s', async (code) => {
    await open([tried, live], { more: { [`POST /api/v1/policies/${digests.tried}/approval`]: refuse(409, code) } })
    fireEvent.click(button(en.policies.approve))
    fireEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: en.policies.approveNow }))
    expect(await screen.findByText(en.policies.problems[code])).toBeTruthy()
  })

  it('says what of it this build does not take', async () => {
    const detail = 'this build of Sereno does not take the version: a.cedar:1: bad'
    const answer = Response.json({ type: 'urn:sereno:problem:not_sound', title: 'Conflict', status: 409, detail, request_id: 'r9' }, { status: 409 })
    await open([tried, live], { more: { [`POST /api/v1/policies/${digests.tried}/approval`]: answer } })
    fireEvent.click(button(en.policies.approve))
    fireEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: en.policies.approveNow }))
    const alert = await screen.findByRole('alert')
    expect([alert.querySelector('pre')?.textContent, alert.textContent]).toEqual([detail, expect.stringContaining(en.policies.problems.not_sound)])
  })

  it('says that the server is away when it is', async () => {
    await open([checked, live], { more: { [`POST /api/v1/policies/${digests.checked}/backtest`]: new Response('', { status: 503 }) } })
    fireEvent.click(button(en.policies.backtest))
    expect((await screen.findByRole('alert')).textContent).toContain(en.problem.away)
  })

  it('withdraws with a reason', async () => {
    const calls = await open([checked, live], { more: { [`POST /api/v1/policies/${digests.checked}/withdrawal`]: done() } })
    fireEvent.click(button(en.policies.withdraw))
    const dialog = await screen.findByRole('dialog')
    fireEvent.change(within(dialog).getByLabelText(/^Why/), { target: { value: 'Superseded' } })
    fireEvent.click(within(dialog).getByRole('button', { name: en.policies.withdrawNow }))
    await screen.findByText(en.policies.withdrawn)
    expect(posted(calls)).toEqual([[`/api/v1/policies/${digests.checked}/withdrawal`, { because: 'Superseded' }]])
  })
})

describe('addresses', () => {
  it('lead to the page, a version and a proposal', () => {
    expect(parse(paths.policies())).toEqual({ page: 'policies', digest: null })
    expect(parse(paths.policy(digests.live))).toEqual({ page: 'policies', digest: digests.live })
    expect(parse(paths.proposal())).toEqual({ page: 'proposal' })
    expect(parse('/policies/x.y').page).toBe('missing')
  })
})
