// What people have said so far; each word stands beside the others and beside what was suggested then.
import type { Disposition } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import styles from './Alarm.module.css'

export function DispositionHistory({ dispositions }: { dispositions: readonly Disposition[] }) {
  const { t, code, format } = useI18n()
  if (dispositions.length === 0) return null
  return (
    <section className={styles.history} aria-label={t.disposition.earlier}>
      <h2>{t.disposition.earlier}</h2>
      <ol>
        {dispositions.map((one) => (
          <li key={`${one.at} ${one.by}`}>
            <p>
              <b>{code('DispositionCode', one.code)}</b> {t.disposition.said(one.by)}
              <span className={styles.quiet}> {format.dateTime(one.at)}</span>
            </p>
            {one.suggested != null && (
              <p className={styles.quiet}>
                {t.disposition.suggestedThen} {code('Outcome', one.suggested)}
              </p>
            )}
            {one.reason_code != null && <p>{one.reason_code}</p>}
            {one.note != null && <p className={styles.noteText}>{one.note}</p>}
            {(one.approved_actions ?? []).length > 0 && (
              <p className={styles.quiet}>
                {t.actions.approved}: {(one.approved_actions ?? []).map((action) => code('ActionCode', action)).join(', ')}
              </p>
            )}
          </li>
        ))}
      </ol>
    </section>
  )
}
