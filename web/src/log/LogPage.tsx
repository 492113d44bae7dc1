// The log, for those who check it: how far it goes, its signed head, its entries, and whether it is whole.
import { useState } from 'react'

import { useLogEntries, useLogStatus } from '../api/queries'
import { useI18n } from '../i18n/I18nProvider'
import { audits } from '../session/roles'
import { useUser } from '../session/SessionContext'
import { EmptyView, LoadingView, ProblemView } from '../ui/ProblemView'
import { usePageFocus } from '../ui/usePageFocus'
import { EntriesTable } from './EntriesTable'
import styles from './Log.module.css'
import { Verification } from './Verification'

const ROWS = 50

export function LogPage() {
  const { t } = useI18n()
  const user = useUser()
  const may = audits(user.role)
  return may ? <Log /> : <ProblemView text={t.problem.forbidden} />
}

function Log() {
  const { t } = useI18n()
  const status = useLogStatus()
  const title = usePageFocus()
  const size = status.data?.size ?? 0
  // Null means the newest, which moves as the log grows.
  const [chosen, setChosen] = useState<number | null>(null)
  const from = chosen ?? Math.max(0, size - ROWS)
  const entries = useLogEntries(from, ROWS, status.data !== undefined)

  if (status.data === undefined) {
    return status.isPending ? <LoadingView /> : <ProblemView error={status.error} onRetry={() => void status.refetch()} />
  }
  const to = Math.min(from + ROWS, size)
  return (
    <div className={styles.page}>
      <div className={styles.status}>
        <h1 ref={title} tabIndex={-1}>{t.log.title}</h1>
        <p className={styles.quiet}>{t.log.lead}</p>
        <dl>
          <div>
            <dt>{t.log.size}</dt>
            <dd className={styles.big}>{size.toLocaleString()}</dd>
          </div>
          <div>
            <dt>{t.log.origin}</dt>
            <dd>{status.data.origin}</dd>
          </div>
          <div>
            <dt>{t.log.root}</dt>
            <dd>
              <code>{status.data.root || '–'}</code>
            </dd>
          </div>
          <div>
            <dt>{t.log.checkpoint}</dt>
            <dd>{status.data.checkpoint ? <pre>{status.data.checkpoint}</pre> : t.log.noCheckpoint}</dd>
          </div>
          <div>
            <dt>{t.log.key}</dt>
            <dd>
              <code>{status.data.verifier_key}</code>
            </dd>
          </div>
        </dl>
        <Verification />
      </div>
      <div className={styles.entries}>
        {size === 0 && <EmptyView title={t.log.empty} lead={t.log.lead} />}
        {size > 0 && (
          <>
            <div className={styles.pager}>
              <h2>{t.log.entries}</h2>
              <span className={styles.quiet}>{t.log.range(from, Math.max(from, to - 1))}</span>
              <button type="button" disabled={from === 0} onClick={() => setChosen(Math.max(0, from - ROWS))}>
                ‹ {t.log.older}
              </button>
              <button
                type="button"
                disabled={to >= size}
                onClick={() => setChosen(from + ROWS >= size - ROWS ? null : from + ROWS)}
              >
                {t.log.newer} ›
              </button>
            </div>
            {entries.isError && entries.data === undefined && (
              <ProblemView error={entries.error} onRetry={() => void entries.refetch()} />
            )}
            {entries.data === undefined && entries.isPending && <LoadingView />}
            {entries.data !== undefined && <EntriesTable entries={entries.data.entries.toReversed()} />}
          </>
        )}
      </div>
    </div>
  )
}
