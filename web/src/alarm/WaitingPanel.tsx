// An alarm that has no decision yet: what is known of where it stands.
import { useI18n } from '../i18n/I18nProvider'
import { age } from '../i18n/format'
import { useNow } from '../ui/useNow'
import styles from './Alarm.module.css'

export function WaitingPanel({ receivedAt }: { receivedAt: string }) {
  const { t } = useI18n()
  const now = useNow()
  return (
    <section className={styles.waiting} aria-label={t.verdict.waiting}>
      <h2>{t.verdict.waiting}</h2>
      <p className={styles.quiet}>{t.verdict.waitingLead}</p>
      <ol>
        {t.verdict.stages.map((stage, i) => (
          <li key={stage} data-stage={i === 0 ? 'done' : i === 1 ? 'now' : 'later'} aria-current={i === 1 ? 'step' : undefined}>
            {stage}
          </li>
        ))}
      </ol>
      <p>
        {t.verdict.waited} <b className={styles.ticking}>{age(receivedAt, now)}</b>
      </p>
    </section>
  )
}
