// Versions of policies for tests: one in force, one before it, and one in each state on its way.
import type { Backtest, PolicyDocument, PolicyList, PolicyRule, PolicyVersion, RuledAlarm } from '../src/api/types'

const digest = (letter: string) => letter.repeat(64)
export const digests = { live: digest('a'), before: digest('b'), draft: digest('c'), checked: digest('d'), tried: digest('e') }

export const rule = (id: string, more: Partial<PolicyRule> = {}): PolicyRule => ({
  id, place: 'shared', file: 'intrusion.cedar', line: 3, effect: 'permit', actions: ['verify'], severity: 'high', oversight: 'operator',
  because: `Because of ${id}.`, because_es: `Por ${id}.`, cites: 'Site orders P-1', text: `@id("${id}")\npermit (principal, action, resource);`, ...more,
})

const ruled = (more: Partial<RuledAlarm>): RuledAlarm => ({ outcome: 'uncertain', severity: 'medium', oversight: 'operator', actions: [], rules: [], ...more })
const alarm = (n: number) => ({ id: `alarm-${n}`, source: 'test', source_event_id: `e${n}`, site: 'sample', camera: `camera-${n}`, kind: 'motion', occurred_at: '2026-11-20T08:00:00Z' })

export const report: Backtest = {
  digest: digests.tried, against: digests.live, at: '2026-11-23T08:00:00Z', since: '2026-10-24T00:00:00Z', alarms: 1204, changed: 37, to_be_read: 12, skipped: 3,
  verdicts: [{ from: 'dismissed', to: 'uncertain', alarms: 30 }, { from: 'uncertain', to: 'dismissed', alarms: 2 }],
  severity_up: 31, severity_down: 4, oversight_up: 5, oversight_down: 1,
  actions: [{ name: 'log_only', begins: 0, ends: 30 }], sites: [{ site: 'sample', changed: 37, alarms: 1204 }], rules: [{ name: 'crowd_in_window', begins: 30, ends: 0 }],
  dismissed_threats: [alarm(99)],
  changes: [
    { alarm: alarm(1), before: ruled({ outcome: 'dismissed', actions: ['log_only'], rules: ['cleaning'] }), after: ruled({ oversight: 'supervisor', rules: ['crowd_in_window'] }), disposition: 'real_no_threat' },
    ...Array.from({ length: 60 }, (_, i) => ({ alarm: alarm(i + 2), before: ruled({}), after: ruled({ severity: 'high' }) })),
  ],
}

export const version = (more: Partial<PolicyVersion>): PolicyVersion => ({
  digest: digests.live, state: 'live', note: 'Packs', proposed_by: 'marta', proposed_at: '2026-11-01T08:00:00Z', rules: 3, problems: [], cases: [9, 9], confirmed: false, ...more,
})

export const live = version({ approved_by: 'jon', live_since: '2026-11-05T08:00:00Z' })
export const before = version({ digest: digests.before, state: 'retired', note: 'As shipped', proposed_by: 'sereno', live_since: '2026-10-01T08:00:00Z', confirmed: true })
export const draft = version({ digest: digests.draft, state: 'draft', note: 'Spray cans', rules: 0, cases: [0, 9], problems: ['intrusion.cedar:7: unexpected token\n  permitt\n  ^^^^^^^ (did you mean permit?)'] })
export const checked = version({ digest: digests.checked, state: 'checked', note: 'Crowds' })
export const tried = version({ digest: digests.tried, state: 'backtested', note: 'Crowds again', backtest: report })

/** As the server lists versions: without the single alarms of their backtests. */
export const list = (items: PolicyVersion[] = [live, before], more: Partial<PolicyList> = {}): PolicyList => ({
  live: digests.live, previous: digests.before, folder: { path: '/etc/sereno/policies', problem: null },
  items: items.map((one) => (one.backtest == null ? one : { ...one, backtest: { ...one.backtest, changes: [] } })), ...more,
})

export const document = (of: PolicyVersion, more: Partial<PolicyDocument> = {}): PolicyDocument => ({
  version: of,
  files: [
    { name: 'intrusion.cedar', text: '// Getting in.\n' },
    { name: 'packs/office/entrance.cedar', text: '// Doors.\n' },
    { name: 'sites.toml', text: 'default = ["office"]\n' },
  ],
  rules: [
    rule('climbs_barrier'),
    rule('no_text', { effect: 'forbid', actions: ['dismiss'], severity: 'low', oversight: 'supervisor', file: 'scene_text.cedar', line: 9 }),
    rule('tailgates', { place: 'pack:office', file: 'packs/office/entrance.cedar', line: 20, actions: ['send_guard'], severity: 'medium', because_es: null }),
  ],
  sites: [
    { site: 'madrid-2', packs: [], rules: 2, replaced: [] },
    { site: 'sample', packs: ['office'], rules: 2, replaced: [{ rule: 'climbs_barrier', at: 'intrusion.cedar:3', because: 'There is no fence.' }] },
    { packs: ['office'], rules: 3, replaced: [] },
  ],
  remarks: ['intrusion.cedar:3: rule `climbs_barrier` never counts'],
  ...more,
})

export const routesOf = (items: PolicyVersion[], more: Record<string, unknown> = {}): Record<string, unknown> => ({
  'GET /api/v1/policies': list(items),
  ...Object.fromEntries(items.map((one) => [`GET /api/v1/policies/${one.digest}`, document(one)])),
  ...more,
})
