// What came since the list was last settled. Its place is always kept, so that nothing below it moves.
import type { QueueItem } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { SeverityMark } from '../ui/marks'
import styles from './Queue.module.css'

export function Arrivals({ items, onShow }: { items: readonly QueueItem[]; onShow: () => void }) {
  const { t } = useI18n()
  const first = items[0]
  return (
    <div className={styles.arrivals}>
      {first !== undefined && (
        <button type="button" onClick={onShow} className={styles.arrivalsButton}>
          <b>{t.queue.arrivals(items.length)}</b>
          <span className={styles.arrivalsFirst}>
            {t.queue.mostUrgent} {first.severity != null && <SeverityMark severity={first.severity} size={16} />} {first.camera}
          </span>
          <span className={styles.show}>
            {t.queue.show} <kbd aria-hidden>.</kbd>
          </span>
        </button>
      )}
    </div>
  )
}
