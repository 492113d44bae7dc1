// How far a version has come, step by step, and what may be done with it next. Pure.
import { shapesPolicies } from '../session/roles'
import type { PolicyList, PolicyState, PolicyVersion, User } from '../api/types'

export const steps = ['draft', 'checked', 'backtested', 'approved', 'live'] as const
export type Step = (typeof steps)[number]

export interface Stage {
  step: Step
  /** `skipped`: it came further without this step, as what ships with the program does. */
  state: 'done' | 'now' | 'later' | 'skipped'
  by: string | null
  at: string | null
}

const reached: Record<PolicyState, number> = { draft: 0, checked: 1, backtested: 2, live: 4, retired: 4, withdrawn: 0 }

/** Steps with who took them and when, as far as the version's record says. */
export function stages(version: PolicyVersion): Stage[] {
  const last = version.state === 'withdrawn' ? furthest(version) : reached[version.state]
  const about: Record<Step, [string | null, string | null]> = {
    draft: [version.proposed_by, version.proposed_at],
    checked: [null, null],
    backtested: [null, version.backtest?.at ?? null],
    approved: [version.approved_by ?? null, null],
    live: [null, version.live_since ?? null],
  }
  return steps.map((step, i) => {
    const [by, at] = i <= last ? about[step] : [null, null]
    const skipped = (step === 'backtested' && at === null) || (step === 'approved' && by === null)
    return { step, state: i > last ? 'later' : i === last ? 'now' : skipped ? 'skipped' : 'done', by, at }
  })
}

function furthest({ backtest, problems, rules }: PolicyVersion): number {
  if (backtest != null) return reached.backtested
  return problems.length === 0 && rules > 0 ? reached.checked : reached.draft
}

export const isOpen = ({ state }: PolicyVersion) => state === 'draft' || state === 'checked' || state === 'backtested'

export interface Next {
  mend: boolean
  backtest: boolean
  approve: boolean
  /** The version is ready, but this user had the first hand in it, so another must approve it. */
  needsSecond: boolean
  withdraw: boolean
}

export function next(version: PolicyVersion, user: User): Next {
  const may = shapesPolicies(user.role)
  const ready = may && version.state === 'backtested'
  // What came with the program or lay in the folder has nobody's name: then who tried it is the first person.
  const firstPerson = version.proposed_by === 'sereno' ? version.tried_by : version.proposed_by
  const own = firstPerson === user.name
  return {
    mend: may,
    backtest: may && (version.state === 'checked' || version.state === 'backtested'),
    approve: ready && !own,
    needsSecond: ready && own,
    withdraw: may && isOpen(version),
  }
}

/** What is shown before anybody chose: the newest that waits for somebody, else the one in force. */
export function first({ items, live }: PolicyList): PolicyVersion | undefined {
  return items.find(isOpen) ?? items.find((one) => one.digest === live) ?? items[0]
}

/** Enough of a digest to tell versions apart by eye. */
export const short = (digest: string) => digest.slice(0, 8)

/** Where backtests begin: days back, or everything that was recorded. */
export const spans = [7, 30, 90, null] as const
export type Span = (typeof spans)[number]

const DAY_MS = 86_400_000
export const since = (span: Span, nowMs: number): string | null => (span === null ? null : new Date(nowMs - span * DAY_MS).toISOString())

/** Words as the server takes them: one line, nothing around it. */
export const oneLine = (words: string) => words.trim().replaceAll(/\s+/g, ' ')
