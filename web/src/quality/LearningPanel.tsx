// What the site's labels have taught, and whether they suffice for closing anything without a person.
import type { Learning } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import styles from './Quality.module.css'

/** `withNotice` where nothing beside it says that the labels do not suffice. */
export function LearningPanel({ learning, withNotice }: { learning: Learning; withNotice: boolean }) {
  const { t, format } = useI18n()
  const rows: [string, string][] = [
    [t.quality.below, learning.below == null ? t.quality.belowNone : format.rate(learning.below)],
    [t.quality.missedAtMost, format.rate(learning.missed_at_most)],
    [t.quality.threats, format.count(learning.threats)],
    [t.quality.version, learning.version === 0 ? t.quality.shipped : format.count(learning.version)],
  ]
  return (
    <section className={styles.block} aria-label={t.quality.learning}>
      <h3>{t.quality.learning}</h3>
      {withNotice && learning.below == null && <p className={styles.notice}>{t.quality.moreNeeded(learning.more_threats_needed)}</p>}
      <dl className={styles.pairs}>
        {rows.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
