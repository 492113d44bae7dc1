// What went wrong, in the person's words, and what to do about it.
import { Button } from '@mantine/core'

import { ApiError } from '../api/client'
import { useI18n } from '../i18n/I18nProvider'
import type { Texts } from '../i18n/en'
import { Link, paths } from '../router'
import styles from './page.module.css'

export function problemText(t: Texts, error: unknown): string {
  if (!(error instanceof ApiError)) return t.problem.other
  if (error.away) return t.problem.away
  if (error.code === 'judge_first') return t.blind.first
  if (error.status === 403) return t.problem.forbidden
  if (error.status === 404) return t.problem.missing
  if (error.status === 409) return t.problem.conflict
  return error.message || t.problem.other
}

export function ProblemView({ error, text, onRetry }: { error?: unknown; text?: string; onRetry?: () => void }) {
  const { t } = useI18n()
  const requestId = error instanceof ApiError ? error.requestId : null
  return (
    <div className={styles.state} role="alert">
      <p className={styles.stateTitle}>{text ?? problemText(t, error)}</p>
      {requestId !== null && <p className={styles.stateLead}>{t.common.requestId(requestId)}</p>}
      <div className={styles.stateActions}>
        {onRetry !== undefined && (
          <Button variant="default" onClick={onRetry}>
            {t.common.retry}
          </Button>
        )}
        <Link className={styles.link} href={paths.queue()}>
          {t.problem.backToQueue}
        </Link>
      </div>
    </div>
  )
}

export function EmptyView({ title, lead }: { title: string; lead: string }) {
  return (
    <div className={styles.state}>
      <p className={styles.stateTitle}>{title}</p>
      <p className={styles.stateLead}>{lead}</p>
    </div>
  )
}

export function LoadingView() {
  const { t } = useI18n()
  return (
    <div className={styles.state} role="status">
      <p className={styles.stateLead}>{t.common.loading}</p>
    </div>
  )
}
