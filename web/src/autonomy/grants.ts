// What is granted, for how long, and what speaks against granting more. Pure.
import type { AlarmDetail, DriftSign, Grant, SiteQuality } from '../api/types'

const DAY_MS = 86_400_000
// The server counts 90 days by its own clock, and ours may be ahead of it.
const CLOCKS_DIFFER_MS = 10 * 60_000

/** How often it is looked whether a grant's time is over. */
export const EXPIRY_EVERY_MS = 10_000

/** The choices, in days; the shortest is the default, and the server allows no more than the longest. */
export const durations = [7, 30, 90] as const
export type Days = (typeof durations)[number]

export const expiry = (days: Days, nowMs: number) => new Date(nowMs + days * DAY_MS - CLOCKS_DIFFER_MS).toISOString()

const kindPattern = /^[a-z0-9_]{1,64}$/
export const isKind = (text: string) => kindPattern.test(text)

export const holds = (grant: Grant, nowMs: number) => grant.ended == null && nowMs < Date.parse(grant.expires_at)

/** The grant that an alarm was closed under, where it is still listed. */
export const grantOf = (detail: AlarmDetail, grants: readonly Grant[]): Grant | null =>
  grants.find((grant) => grant.id === detail.closed_under) ?? null

export type Refusal = { because: 'drift'; signs: DriftSign[] } | { because: 'labels'; moreNeeded: number }

/** Why nothing can be granted at a site now; the server would refuse for the same reasons, in the same order. */
export function refusal({ drift, learning }: SiteQuality): Refusal | null {
  const signs = drift.filter((sign) => sign.raised)
  if (signs.length > 0) return { because: 'drift', signs }
  return learning.below == null ? { because: 'labels', moreNeeded: learning.more_threats_needed } : null
}
