// The quality page: what is known with its uncertainty, what is not known as missing, never as nought.
import { fireEvent, screen, within } from '@testing-library/react'
import { describe, expect, it } from 'vitest'

import type { Role, SiteQuality } from '../src/api/types'
import { en } from '../src/i18n/en'
import { es } from '../src/i18n/es'
import { QualityPage } from '../src/quality/QualityPage'
import { axisEnd } from '../src/quality/scale'
import { writePreference } from '../src/ui/preference'
import { refuse, serve, show } from './fixtures'
import { drifting, measured, site, untaught } from './oversight'

async function open(sites: SiteQuality[], role: Role = 'auditor') {
  serve({ 'GET /api/v1/quality': { sites } })
  show(<QualityPage />, role)
  await screen.findByRole('heading', { level: 1 })
}
const region = (name: string) => screen.getAllByRole('region', { name })[0] as HTMLElement

describe('figures', () => {
  it('are said as k of n with share and interval, drawn, and readable without seeing', async () => {
    await open([site])
    const figure = region(en.quality.falseDismissals)
    for (const words of ['2 of 61', '3.3%', '95% interval: 0.4% to 11.4%']) expect(within(figure).getByText(words, { exact: false })).toBeTruthy()
    const plot = within(figure).getByRole('img')
    expect(plot.getAttribute('aria-label')).toBe('2 of 61, 3.3%; the true share lies between 0.4% and 11.4% with 95% confidence.')
    expect(within(figure).getByText('25%')).toBeTruthy()
    expect(plot.querySelector('circle')?.getAttribute('cx')).toMatch(/^13\.12/)
  })

  it('give the missed threats as an estimate with its upper bound alone', async () => {
    await open([site])
    const figure = region(en.quality.missed)
    expect(within(figure).getByText('about 14%')).toBeTruthy()
    expect(within(figure).getByText('At most 40%, with 97.5% confidence')).toBeTruthy()
  })

  it('name overrides and control alarms, the mix, and what was closed without a person', async () => {
    await open([site])
    expect(within(region(en.quality.overridden)).getByText('30 of 400')).toBeTruthy()
    expect(within(region(en.quality.controls)).getByText('9 of 10')).toBeTruthy()
    const mix = region(en.quality.mix)
    expect(within(mix).getByRole('img').getAttribute('aria-label')).toBe('Dismissed 700, 70%; Uncertain 200, 20%; Verified 100, 10%')
    expect(mix.textContent).toContain('12 of the dismissed were closed without a person.')
    expect(screen.getByText(/1,000 alarms decided · 3 dismissals wait for a blind look/)).toBeTruthy()
  })

  it('stand camera by camera, with a dash where nothing was measured', async () => {
    await open([site])
    const row = screen.getByRole('rowheader', { name: 'lobby' }).closest('tr') as HTMLElement
    expect(within(row).getAllByText(en.quality.notMeasured)).toHaveLength(3)
    expect(row.textContent).not.toContain('%')
    expect(screen.getByRole('rowheader', { name: 'fence-east' }).closest('tr')?.textContent).toContain('2 of 61')
  })

  it('give the bound, not nought, where none was found among a few, and nothing where that could be any share', async () => {
    await open([{ ...site, all: { ...measured, false_dismissals: { hits: 0, of: 4, share: 0, low: 0, high: 0.6024 }, missed_threats: { share: 0, high: 1 } } }])
    const number = within(region(en.quality.falseDismissals)).getByText('0 of 4')
    expect(number.textContent).toBe('0 of 4 at most 60.2%')
    const missed = region(en.quality.missed)
    expect(missed.textContent).toContain(en.quality.missedWide)
    expect(missed.textContent).not.toContain('%')
  })

  it('never round a small share to nothing, and take the shortest axis that holds the bound', async () => {
    await open([{ ...site, all: { ...measured, false_dismissals: { hits: 1, of: 4000, share: 0.00025, low: 0.0000063, high: 0.0014 } } }])
    const figure = region(en.quality.falseDismissals)
    expect(figure.textContent).toContain('0.025%')
    expect([0.01, 0.02, 0.06, 0.3, 0.51, 1].map(axisEnd)).toEqual([0.02, 0.02, 0.1, 0.5, 1, 1])
  })
})

describe('what is not known', () => {
  it('is said to be missing, with what has to happen, and no share is shown', async () => {
    await open([{ ...untaught, all: { ...untaught.all, decided: 5, dismissed: 5 } }])
    for (const [title, missing] of [
      [en.quality.falseDismissals, en.quality.falseDismissalsNone],
      [en.quality.missed, en.quality.missedNone],
      [en.quality.overridden, en.quality.overriddenNone],
      [en.quality.controls, en.quality.controlsNone],
    ] as const) {
      const figure = region(title)
      expect(within(figure).getByText(en.quality.notMeasured)).toBeTruthy()
      expect(within(figure).getByText(missing)).toBeTruthy()
      expect(figure.textContent).not.toContain('%')
      expect(figure.querySelector('svg')).toBeNull()
    }
  })

  it('leaves the figures out where nothing was decided, and says how many labels are missing', async () => {
    await open([untaught])
    expect(screen.getByText(en.quality.nothing)).toBeTruthy()
    expect(screen.queryByText(en.quality.falseDismissals)).toBeNull()
    expect(screen.getByText('No alarm can be closed without a person yet: 42 more real threats must be labelled.')).toBeTruthy()
    expect(within(region(en.quality.learning)).getByText('as shipped')).toBeTruthy()
    expect(screen.getByText(en.autonomy.none)).toBeTruthy()
  })

  it('says so where no site is described', async () => {
    await open([])
    expect(screen.getByText(en.quality.noSites)).toBeTruthy()
  })
})

describe('drift, learning and grants', () => {
  it('say their state in words', async () => {
    await open([site])
    const steady = screen.getByRole('rowheader', { name: 'Which facts are read' }).closest('tr')?.textContent
    expect(steady).toContain('Steady')
    expect(steady).toContain('0.110.25')
    expect(screen.getByRole('rowheader', { name: 'How often people contradict' }).closest('tr')?.textContent).toContain('Too few to tell')
    expect(within(region(en.quality.learning)).getByText('3.1%')).toBeTruthy()
    expect(within(region(en.autonomy.inForce)).getByText('Motion')).toBeTruthy()
    const over = region(en.autonomy.ended)
    expect(over.textContent).toContain('A real threat was found among what it covers: Found in a blind review.')
  })

  it('say what has changed', async () => {
    await open([drifting])
    expect(screen.getByRole('rowheader', { name: 'What the captions say' }).closest('tr')?.textContent).toContain('Has changed')
  })
})

describe('the page', () => {
  it('shows one site at a time, first one of which something is known', async () => {
    await open([untaught, site])
    expect(screen.getByLabelText<HTMLSelectElement>(en.quality.site).value).toBe('sample')
    fireEvent.change(screen.getByLabelText(en.quality.site), { target: { value: 'madrid-2' } })
    expect(screen.getByText(en.quality.nothing)).toBeTruthy()
  })

  it('is complete in Spanish', async () => {
    writePreference('language', 'es')
    await open([site])
    const figure = region(es.quality.falseDismissals)
    expect(within(figure).getByText('2 de 61')).toBeTruthy()
    expect(figure.textContent).toMatch(/Intervalo del 95 %: 0,4\s% a 11,4\s%/)
    expect(screen.getByRole('rowheader', { name: 'Qué hechos se leen' }).closest('tr')?.textContent).toContain('Estable')
  })

  it('is not for operators, and says why when it cannot be had', async () => {
    serve({})
    show(<QualityPage />, 'operator')
    expect(screen.getByText(en.problem.forbidden)).toBeTruthy()
    serve({ 'GET /api/v1/quality': refuse(403, 'role_not_allowed') })
    show(<QualityPage />, 'supervisor')
    expect(await screen.findByText('Request r9')).toBeTruthy()
  })
})
