// What a blind review means for the actions that the policy recommends. Pure.
import type { AlarmDetail } from '../api/types'

/** What a control alarm shows is long over: nobody is sent anywhere for it. */
export const isRecorded = (detail: AlarmDetail) => detail.review?.reason === 'control'

/** Whether somebody said blind that it is real, and nobody has approved anything yet of what is recommended. */
export function actionsDue(detail: AlarmDetail): boolean {
  const recommended = detail.decision?.verdict.actions ?? []
  if (detail.review == null || isRecorded(detail) || recommended.length === 0) return false
  const approvedAny = detail.dispositions.some((one) => (one.approved_actions ?? []).length > 0)
  return detail.dispositions.at(-1)?.code === 'real_threat' && !approvedAny
}
