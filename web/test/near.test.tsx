// What it would take: shown with the decision, never without it; and reasons in the language in use.
import { fireEvent, screen, within } from '@testing-library/react'
import { describe, expect, it } from 'vitest'

import { AlarmPage } from '../src/alarm/AlarmPage'
import type { AlarmDetail, NearMiss, Role } from '../src/api/types'
import { en } from '../src/i18n/en'
import { es } from '../src/i18n/es'
import { writePreference } from '../src/ui/preference'
import { decision, detail, serve, show } from './fixtures'

const miss = (id: string, more: Partial<NearMiss> = {}): NearMiss => ({
  id, effect: 'permit', actions: ['dismiss'], condition: 'context.windows.contains(WindowKind::"maintenance")', lacks: { is: 'window_open', kind: 'maintenance' }, ...more,
})

const withNear = (near: NearMiss[], more: Partial<AlarmDetail> = {}): AlarmDetail => {
  const [rule] = decision.ruling.rules
  const rules = rule === undefined ? [] : [{ ...rule, because_es: 'Nadie trepa por la valla.' }]
  return { ...detail, decision: { ...decision, ruling: { ...decision.ruling, rules, near } }, ...more }
}

async function open(served: AlarmDetail, role: Role = 'operator') {
  serve({ 'GET /api/v1/alarms/a1': served, 'GET /api/v1/autonomy': { items: [] } })
  show(<AlarmPage id="a1" report={false} />, role)
  await screen.findByText('The person climbs over it.')
}
const section = () => screen.queryByRole('region', { name: en.near.title })

describe('what it would take', () => {
  it('is said in a sentence, with the rule and its own words folded away', async () => {
    await open(withNear([miss('maintenance_in_window')]))
    expect(within(section() as HTMLElement).getByText('Would permit dismissing if a maintenance window were open.')).toBeTruthy()
    const source = screen.getByText('maintenance_in_window').closest('details')
    expect(source?.open).toBe(false)
    expect(source?.textContent).toContain('context.windows.contains')
  })

  it('shows the five nearest, and the rest when asked', async () => {
    const near = [...Array.from({ length: 6 }, (_, i) => miss(`rule_${i}`)), miss('due', { actions: ['send_guard'] })]
    await open(withNear(near))
    const rows = () => within(section() as HTMLElement).getAllByRole('listitem').map((row) => row.querySelector('summary')?.textContent)
    expect(rows()).toEqual(['rule_0', 'rule_1', 'rule_2', 'rule_3', 'rule_4'])
    const more = screen.getByRole('button', { name: en.near.more(2) })
    expect(more.getAttribute('aria-expanded')).toBe('false')
    fireEvent.click(more)
    expect(rows()).toEqual(['rule_0', 'rule_1', 'rule_2', 'rule_3', 'rule_4', 'rule_5', 'due'])
    expect(screen.getByText('Would recommend “Send the guard” if a maintenance window were open.')).toBeTruthy()
  })

  it('is absent where nothing nearly fired, and in decisions from before it was recorded', async () => {
    await open(withNear([]))
    expect(section()).toBeNull()
  })

  it('is absent in an old decision', async () => {
    await open(detail)
    expect(section()).toBeNull()
  })

  it('stays hidden with the decision, whatever the state', async () => {
    await open({ ...withNear([miss('secret_rule')]), decision: null, blind: true })
    expect(section()).toBeNull()
    expect(document.body.innerHTML).not.toContain('secret_rule')
    expect(document.body.textContent).not.toContain(en.near.title)
  })

  it('is shown to an auditor, who sees the decision', async () => {
    await open(withNear([miss('maintenance_in_window')], { blind: true }), 'auditor')
    expect(section()).toBeTruthy()
  })

  it('speaks Spanish, and so do the rules that fired and what they make due', async () => {
    writePreference('language', 'es')
    await open(withNear([miss('a', { effect: 'forbid', lacks: { is: 'not', of: { is: 'seen', fact: 'resource.acts', code: 'climbs', plainly: false } } })]))
    expect(within(screen.getByRole('region', { name: es.near.title })).getByText('Prohibiría descartar si nadie trepara.')).toBeTruthy()
    const ruling = screen.getByRole('region', { name: es.alarm.ruling })
    expect(within(ruling).getByText('Nadie trepa por la valla.').getAttribute('lang')).toBe('es')
    expect(within(ruling).getByText('Permite verificar')).toBeTruthy()
    expect(within(screen.getByRole('region', { name: es.actions.title })).getAllByText('Nadie trepa por la valla.')).toHaveLength(2)
  })

  it('in English keeps the English reasons', async () => {
    await open(withNear([]))
    expect(within(screen.getByRole('region', { name: en.alarm.ruling })).getByText('Nobody climbs the fence.').getAttribute('lang')).toBe('en')
  })
})
