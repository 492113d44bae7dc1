// Quality figures and grants for tests.
import type { Grant, SiteQuality, Tally } from '../src/api/types'

export const unknown: Tally = {
  decided: 0, verified: 0, dismissed: 0, uncertain: 0, closed_without_person: 0, overridden: { hits: 0, of: 0 }, false_dismissals: { hits: 0, of: 0 },
  reviews_open: 0, controls_seen: { hits: 0, of: 0 },
}

export const measured: Tally = {
  decided: 1000, verified: 100, dismissed: 700, uncertain: 200, closed_without_person: 12,
  overridden: { hits: 30, of: 400, share: 0.075, low: 0.051, high: 0.105 },
  false_dismissals: { hits: 2, of: 61, share: 0.0328, low: 0.004, high: 0.1135 },
  reviews_open: 3,
  missed_threats: { share: 0.14, high: 0.4 },
  controls_seen: { hits: 9, of: 10, share: 0.9, low: 0.555, high: 0.9975 },
}

export const grant: Grant = {
  id: 'g1', site: 'sample', kind: 'motion', verdict: 'dismissed', below: 0.031, learned: 'aa', figures: 'ff', granted_by: 'marta',
  granted_at: '2026-11-01T08:00:00Z', expires_at: '2999-01-31T08:00:00Z',
}

export const ended: Grant = {
  ...grant, id: 'g0', kind: 'loitering', granted_at: '2026-10-01T08:00:00Z',
  ended: { at: '2026-10-09T08:00:00Z', code: 'false_dismissal', because: 'Found in a blind review.' },
}

export const site: SiteQuality = {
  site: 'sample', since: '2026-10-25T00:00:00Z', all: measured,
  cameras: [
    { camera: 'fence-east', ...measured, decided: 600 },
    { camera: 'lobby', ...unknown, decided: 7, uncertain: 7 },
  ],
  drift: [
    { code: 'facts', reference: 1000, current: 200, value: 0.11, limit: 0.25, raised: false },
    { code: 'overrides', reference: 20, current: 9, limit: 0.1, raised: false },
  ],
  learning: { version: 4, sha256: 'aa', missed_at_most: 0.05, below: 0.031, threats: 212, more_threats_needed: 0 },
  grants: [grant, ended], digest: 'digest-1',
}

export const drifting: SiteQuality = {
  ...site,
  drift: [{ code: 'embeddings', reference: 1000, current: 200, value: 0.41, limit: 0.25, raised: true }],
}

export const untaught: SiteQuality = {
  ...site, site: 'madrid-2', all: unknown, cameras: [], grants: [],
  learning: { version: 0, sha256: '', missed_at_most: 0.05, threats: 17, more_threats_needed: 42 },
}
