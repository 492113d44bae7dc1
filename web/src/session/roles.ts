// What each role may do here. The server decides; this only keeps the console from offering what it refuses.
import type { Approver, Role } from '../api/types'

export const disposes = (role: Role) => role === 'operator' || role === 'supervisor' || role === 'manager'

export const audits = (role: Role) => role === 'auditor' || role === 'manager' || role === 'admin'

export const seesQuality = (role: Role) => role === 'supervisor' || audits(role)

/** Proposes, tries, approves and takes back policies; everybody who reads alarms reads those too. */
export const shapesPolicies = (role: Role) => role === 'manager' || role === 'admin'

export const grantsAutonomy = (role: Role) => role === 'manager'

const rank: Partial<Record<Role, number>> = { operator: 1, supervisor: 2, manager: 3 }
// One person never suffices where two must approve.
const needed: Record<Approver, number> = { operator: 1, supervisor: 2, manager: 3, two_persons: Number.POSITIVE_INFINITY }

export const approves = (role: Role, approver: Approver) => (rank[role] ?? 0) >= needed[approver]

/** Where several rules make an action due, the strictest of them says who must approve. */
export const strictest = (approvers: readonly Approver[]): Approver =>
  approvers.reduce((worst, one) => (needed[one] > needed[worst] ? one : worst), 'operator')
