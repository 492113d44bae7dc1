// What a version says and would change: its rules as people read them, its differences, its backtest.
import { fireEvent, screen, within } from '@testing-library/react'
import { describe, expect, it } from 'vitest'

import type { Role } from '../src/api/types'
import { en } from '../src/i18n/en'
import { es } from '../src/i18n/es'
import { writePreference } from '../src/ui/preference'
import { before, checked, digests, document, live, report, rule, tried } from './policies'
import { open, region, tab } from './policiesPage'

describe('the rules', () => {
  it('are read by place, in words, with their Cedar text folded away', async () => {
    await open()
    const shared = await screen.findByRole('region', { name: 'Everywhere' })
    expect(within(shared).getByText('Because of climbs_barrier.')).toBeTruthy()
    expect(within(shared).getByText('Permits verifying')).toBeTruthy()
    expect(within(shared).getByText('Forbids dismissing')).toBeTruthy()
    expect(shared.textContent).toContain('Confirmed by Supervisor')
    expect(within(shared).getByText('climbs_barrier').closest('details')?.open).toBe(false)
    expect(within(region('Pack office')).getByText('Recommends “Send the guard”')).toBeTruthy()
  })

  it('are searched and filtered, and say how many are left', async () => {
    await open()
    fireEvent.change(await screen.findByLabelText(en.policies.search), { target: { value: 'entrance' } })
    expect(screen.getByText('1 of 3 rules')).toBeTruthy()
    expect(screen.queryByRole('region', { name: 'Everywhere' })).toBeNull()
    fireEvent.change(screen.getByLabelText(en.policies.search), { target: { value: '' } })
    fireEvent.change(screen.getByLabelText(en.policies.holdsAt), { target: { value: '1' } })
    expect(screen.getByText('2 of 3 rules')).toBeTruthy()
    expect(screen.queryByText('climbs_barrier')).toBeNull()
    fireEvent.change(screen.getByLabelText(en.policies.effect), { target: { value: 'forbid' } })
    expect(screen.getByText('1 of 3 rules')).toBeTruthy()
  })

  it('give their reasons in Spanish where they have them', async () => {
    writePreference('language', 'es')
    await open()
    expect((await screen.findByText('Por climbs_barrier.')).getAttribute('lang')).toBe('es')
    expect(screen.getByText('Because of tailgates.').getAttribute('lang')).toBe('en')
    expect(screen.getByText('Permite verificar')).toBeTruthy()
    expect(screen.getByText(es.policies.rulesShown(3, 3))).toBeTruthy()
  })

  it('taken out at a site are told there, with the reason', async () => {
    await open()
    tab(en.policies.tabs.sites)
    const sites = await screen.findByRole('region', { name: en.policies.tabs.sites })
    const site = within(sites).getByRole('heading', { name: /^sample/ }).closest('li') as HTMLElement
    expect(site.textContent).toContain('Does not hold here: climbs_barrier intrusion.cedar:3Why: There is no fence.')
    expect(within(sites).getByRole('heading', { name: /^sites that are not named/ })).toBeTruthy()
  })
})

describe('the differences', () => {
  it('to the version in force are told rule by rule, line by line, in signs and in words', async () => {
    const changed = document(checked, { rules: [rule('climbs_barrier', { text: '@id("climbs_barrier")\npermit (principal, action, resource) when { context.armed };' }), ...document(live).rules.slice(1)] })
    await open([checked, live], { more: { [`GET /api/v1/policies/${digests.checked}`]: changed } })
    expect(await screen.findByText('0 rules are new, 0 gone, 1 different.')).toBeTruthy()
    const diff = region(en.policies.diffOf('climbs_barrier'))
    expect([...diff.querySelectorAll('[data-sign]')].map((line) => line.textContent)).toEqual([
      ' @id("climbs_barrier")', '−gone:permit (principal, action, resource);', '+new:permit (principal, action, resource) when { context.armed };',
    ])
  })

  it('of the version in force are those to the one before', async () => {
    await open()
    tab(en.policies.tabs.changes)
    expect((await screen.findByText(/What it changed beside/)).textContent).toContain('bbbbbbbb')
    expect(screen.getByText(en.policies.noChanges)).toBeTruthy()
  })
})

describe('a backtest', () => {
  const shown = async (of = report, role: Role = 'auditor') => {
    await open([{ ...tried, backtest: of }, live], { role })
    return await screen.findByRole('region', { name: en.policies.tabs.backtest })
  }

  it('begins with a sentence, and what is grave', async () => {
    const page = await shown()
    expect(within(page).getByText('Of 1,204 alarms, 37 would change.')).toBeTruthy()
    const box = region(en.backtest.threatsTitle)
    expect(within(box).getByRole('link', { name: /camera-99/ }).getAttribute('href')).toBe('/alarms/alarm-99')
    expect(page.textContent).toContain(en.backtest.toBeRead(12))
    expect(page.textContent).toContain(en.backtest.skipped(3))
    expect(within(page).getByRole('img').getAttribute('aria-label')).toBe('Would change 37, 3.1%; As before 1,167, 96.9%')
  })

  it('has a matrix of verdicts, and counts by severity, site, action and rule', async () => {
    await shown()
    const rows = within(region(en.backtest.verdicts)).getAllByRole('row').slice(1).map((row) => within(row).getAllByRole('cell').map((cell) => cell.textContent))
    expect(rows).toEqual([['·As before', '30', '0'], ['2', '·As before', '0'], ['0', '0', '·As before']])
    expect(within(region(en.backtest.stricter)).getByRole('row', { name: 'Severity 31 4' })).toBeTruthy()
    expect(within(region(en.backtest.stricter)).getByRole('row', { name: 'Oversight 5 1' })).toBeTruthy()
    expect(within(region(en.backtest.sites)).getByRole('row', { name: 'sample 37 1,204' })).toBeTruthy()
    expect(within(region(en.backtest.actions)).getByRole('row', { name: 'Write it down, nothing else 0 30' })).toBeTruthy()
    expect(within(region(en.backtest.rules)).getByRole('row', { name: 'crowd_in_window 30 0' })).toBeTruthy()
  })

  it('lists the alarms with before and after, in pieces', async () => {
    await shown()
    const link = screen.getByRole('link', { name: 'camera-1' })
    expect(link.getAttribute('href')).toBe('/alarms/alarm-1')
    const cells = within(link.closest('tr') as HTMLElement).getAllByRole('cell').map((cell) => cell.textContent)
    expect(cells).toEqual(['–DismissedMediumOperatorWrite it down, nothing elsecleaning', '?UncertainMediumSupervisorcrowd_in_window', 'Real, no threat'])
    expect(screen.queryByRole('link', { name: 'camera-61' })).toBeNull()
    fireEvent.click(screen.getByRole('button', { name: en.backtest.more(11) }))
    expect(screen.getByRole('link', { name: 'camera-61' })).toBeTruthy()
  })

  it('says when alarms are left out that are judged blind, and when it was against another version', async () => {
    await shown({ ...report, changed: 900, against: before.digest })
    expect(screen.getByText(en.backtest.changesHidden(61, 900))).toBeTruthy()
    expect(screen.getByText(en.backtest.old)).toBeTruthy()
  })

  it('says when only the gravest are listed', async () => {
    const [one] = report.changes
    const changes = Array.from({ length: 500 }, (_, i) => ({ ...one, alarm: { ...one?.alarm, id: `a${i}` } }) as (typeof report.changes)[number])
    await shown({ ...report, changed: 900, changes })
    expect(screen.getByText(en.backtest.changesFirst(500, 900))).toBeTruthy()
  })

  it('of nothing says so', async () => {
    const page = await shown({ ...report, alarms: 0, changed: 0, changes: [], dismissed_threats: [], to_be_read: 0, skipped: 0 })
    expect(within(page).getByText(en.backtest.summary(0, 0))).toBeTruthy()
    expect(within(page).queryByRole('img')).toBeNull()
  })

  it('speaks Spanish', async () => {
    writePreference('language', 'es')
    await open([tried, live], { role: 'auditor' })
    expect(await screen.findByText('De 1204 alarmas, 37 cambiarían.')).toBeTruthy()
  })
})
