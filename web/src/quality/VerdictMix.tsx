// How the suggestions are shared out, as one bar; told apart by filling and by words, never by colour alone.
import type { Outcome, Tally } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { OutcomeMark } from '../ui/marks'
import styles from './Quality.module.css'

const order = ['dismissed', 'uncertain', 'verified'] as const satisfies readonly Outcome[]

export function VerdictMix({ tally }: { tally: Tally }) {
  const { t, code, format } = useI18n()
  const parts = order.map((outcome) => ({ outcome, count: tally[outcome], share: tally[outcome] / tally.decided }))
  const label = parts.map(({ outcome, count, share }) => `${code('Outcome', outcome)} ${format.count(count)}, ${format.rate(share)}`).join('; ')
  return (
    <section className={styles.block} aria-label={t.quality.mix}>
      <h2>{t.quality.mix}</h2>
      <svg role="img" aria-label={label} width="100%" height="22" className={styles.mix}>
        <defs>
          <pattern id="mix-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="3" height="6" className={styles.hatch} />
          </pattern>
        </defs>
        {parts.map(({ outcome, share }, i) => {
          const before = parts.slice(0, i).reduce((sum, part) => sum + part.share, 0)
          return <rect key={outcome} data-outcome={outcome} x={`${before * 100}%`} width={`${share * 100}%`} height="22" />
        })}
      </svg>
      <ul className={styles.legend}>
        {parts.map(({ outcome, count, share }) => (
          <li key={outcome}>
            <svg width="14" height="14" aria-hidden className={styles.mix}>
              <rect data-outcome={outcome} width="14" height="14" />
            </svg>
            <OutcomeMark outcome={outcome} /> {format.count(count)} <span className={styles.quiet}>{format.rate(share)}</span>
          </li>
        ))}
      </ul>
      <p className={styles.quiet}>
        {tally.closed_without_person === 0 ? t.quality.withoutPersonNone : t.quality.withoutPerson(tally.closed_without_person)}
      </p>
    </section>
  )
}
