// What a person is about to say, before it is sent. Pure.
import type { ActionCode, DispositionCode, NewDisposition } from '../api/types'

/** In the order of the keys 1 to 7, which never changes: hands remember it. */
export const dispositionCodes = [
  'real_threat',
  'real_no_threat',
  'false_detection',
  'technical',
  'test',
  'duplicate',
  'undetermined',
] as const satisfies readonly DispositionCode[]

export interface Draft {
  code: DispositionCode | null
  reasonCode: string
  note: string
  approved: ReadonlySet<ActionCode>
}

export const emptyDraft: Draft = { code: null, reasonCode: '', note: '', approved: new Set() }

const LONGEST_DWELL_MS = 2 ** 32 - 1

/** What is sent: nothing that was left empty, and never without a code. */
export function toDisposition(draft: Draft, dwellMs: number): NewDisposition | null {
  if (draft.code === null) return null
  const said: NewDisposition = { code: draft.code, dwell_ms: Math.min(Math.max(Math.round(dwellMs), 0), LONGEST_DWELL_MS) }
  const reasonCode = draft.reasonCode.trim()
  const note = draft.note.trim()
  if (reasonCode !== '') said.reason_code = reasonCode
  if (note !== '') said.note = note
  if (draft.approved.size > 0) said.approved_actions = [...draft.approved]
  return said
}
