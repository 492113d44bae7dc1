// Quality figures and grants for the mock server: one site with figures and one where nothing is known yet.
import { createHash, randomUUID } from 'node:crypto'

const DAY_MS = 86_400_000
const inDays = (days) => new Date(Date.now() + days * DAY_MS).toISOString()
const hash = (text) => createHash('sha256').update(text).digest('hex')

// Clopper-Pearson bounds, computed beforehand.
const rate = (hits, of, low, high) => (of === 0 ? { hits, of } : { hits, of, share: hits / of, low, high })
const nothing = { decided: 0, verified: 0, dismissed: 0, uncertain: 0, closed_without_person: 0, overridden: rate(0, 0), false_dismissals: rate(0, 0), reviews_open: 0, controls_seen: rate(0, 0) }

const all = {
  decided: 3184, verified: 214, dismissed: 2310, uncertain: 660, closed_without_person: 388, overridden: rate(87, 1042, 0.0673, 0.1018), false_dismissals: rate(2, 118, 0.0021, 0.0599),
  reviews_open: 3, missed_threats: { share: 0.142, high: 0.397 }, controls_seen: rate(27, 30, 0.7347, 0.9789),
}
const cameras = [
  { camera: 'dock-1', ...nothing, decided: 402, verified: 61, dismissed: 201, uncertain: 140, overridden: rate(31, 188, 0.115, 0.2259), false_dismissals: rate(1, 12, 0.0021, 0.3848), reviews_open: 1, controls_seen: rate(6, 7, 0.4213, 0.9964) },
  { camera: 'fence-east', ...nothing, decided: 1190, verified: 78, dismissed: 902, uncertain: 210, closed_without_person: 241, overridden: rate(22, 410, 0.0339, 0.0801), false_dismissals: rate(1, 61, 0.0004, 0.088), reviews_open: 2, controls_seen: rate(11, 12, 0.6152, 0.9979) },
  { camera: 'fence-west', ...nothing, decided: 988, verified: 31, dismissed: 815, uncertain: 142, closed_without_person: 147, overridden: rate(18, 331, 0.0326, 0.0846), false_dismissals: rate(0, 45, 0, 0.0787), controls_seen: rate(5, 5, 0.4782, 1) },
  { camera: 'lobby', ...nothing, decided: 566, verified: 41, dismissed: 371, uncertain: 154, overridden: rate(16, 113, 0.0831, 0.2196), controls_seen: rate(5, 6, 0.3588, 0.9958) },
  { camera: 'server-room', ...nothing, decided: 38, verified: 3, dismissed: 21, uncertain: 14 },
]
const sign = (code, reference, current, value, limit) => ({ code, reference, current, ...(value === undefined ? {} : { value }), limit, raised: value >= limit })

const site = (name, figures) => ({ site: name, since: inDays(-30), ...figures })
const described = [
  site('sample', {
    all, cameras,
    drift: [sign('embeddings', 1000, 200, 0.08, 0.25), sign('facts', 1000, 200, 0.11, 0.25), sign('verdict_mix', 1000, 200, 0.03, 0.25), sign('disagreement', 1000, 200, 0.02, 0.1), sign('overrides', 31, 22, undefined, 0.1)],
    learning: { version: 4, sha256: hash('learned'), missed_at_most: 0.05, below: 0.031, threats: 212, more_threats_needed: 0 },
  }),
  site('madrid-2', {
    all: nothing, cameras: [],
    drift: [sign('embeddings', 0, 0, undefined, 0.25), sign('facts', 0, 0, undefined, 0.25), sign('verdict_mix', 0, 0, undefined, 0.25), sign('disagreement', 0, 0, undefined, 0.1), sign('overrides', 0, 0, undefined, 0.1)],
    learning: { version: 0, sha256: '', missed_at_most: 0.05, threats: 0, more_threats_needed: 59 },
  }),
  site('porto-1', {
    all: { ...all, closed_without_person: 0 }, cameras: cameras.slice(0, 2),
    drift: [sign('embeddings', 1000, 200, 0.41, 0.25), sign('facts', 1000, 200, 0.27, 0.25), sign('verdict_mix', 1000, 200, 0.09, 0.25), sign('disagreement', 1000, 200, 0.02, 0.1), sign('overrides', 204, 61, 0.04, 0.12)],
    learning: { version: 2, sha256: hash('porto'), missed_at_most: 0.05, below: 0.018, threats: 90, more_threats_needed: 0 },
  }),
]

const grant = (kind, granted_at, expires_at, more = {}) => ({ id: randomUUID(), site: 'sample', kind, verdict: 'dismissed', below: 0.031, learned: hash('learned'), figures: hash('figures'), granted_by: 'manager', granted_at, expires_at, ...more })
export const grants = [
  grant('motion', inDays(-12), inDays(18)),
  grant('loitering', inDays(-25), inDays(5), { ended: { at: inDays(-9), code: 'false_dismissal', because: 'A blind review of an alarm at lobby found a real threat.' } }),
  grant('person_detected', inDays(-29), inDays(1), { ended: { at: inDays(-20), by: 'ana', code: 'person', because: 'The cleaners have changed their hours.' } }),
]

export function quality() {
  const sites = described.map((one) => ({ ...one, grants: grants.filter((held) => held.site === one.site) }))
  return { sites: sites.map((one) => ({ ...one, digest: hash(JSON.stringify(one)) })) }
}

/** The new grant, or the code of the problem. */
export function give(asked, by) {
  if (!quality().sites.some((one) => one.site === asked.site && one.digest === asked.figures)) return 'stale_figures'
  const { drift, learning } = described.find((one) => one.site === asked.site)
  if (drift.some((one) => one.raised)) return 'drift'
  if (learning.below === undefined) return 'labels_do_not_suffice'
  if (grants.some((one) => one.site === asked.site && one.kind === asked.kind && !one.ended)) return 'granted_already'
  grants.unshift(grant(asked.kind, inDays(0), asked.expires_at, { site: asked.site, below: learning.below, figures: asked.figures, granted_by: by }))
  return grants[0]
}

/** Whether it was in force. */
export function takeBack(id, because, by) {
  const found = grants.find((one) => one.id === id && !one.ended)
  if (found) found.ended = { at: inDays(0), by, code: 'person', because }
  return found !== undefined
}
