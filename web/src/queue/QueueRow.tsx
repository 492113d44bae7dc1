// One alarm in the queue: what matters first is readable from two metres.
import type { AlarmState, QueueItem } from '../api/types'
import { age } from '../i18n/format'
import { useI18n } from '../i18n/I18nProvider'
import { Link, paths } from '../router'
import { LevelMark, OutcomeMark, SeverityMark } from '../ui/marks'
import type { Row } from './cursor'
import styles from './Queue.module.css'

interface Props {
  row: Row
  now: number
  current: boolean
  onFocus: (id: string) => void
  onOpen: (id: string) => void
}

/** Labels for the eye; each row says the same in words to a screen reader. */
export function QueueHead({ state }: { state: AlarmState }) {
  const { t } = useI18n()
  return (
    <div className={styles.head} aria-hidden>
      <span>{t.queue.severity}</span>
      <span className={styles.ai}>{state === 'waiting' ? '' : t.queue.suggestion}</span>
      <span>{t.queue.level}</span>
      {state === 'closed' ? (
        <span>{t.queue.closedAs}</span>
      ) : (
        <span className={styles.number} title={t.queue.threatHint}>
          {t.queue.threat}
        </span>
      )}
      <span>{t.queue.place}</span>
      <span>{t.queue.headline}</span>
      <span className={styles.number}>{t.queue.age}</span>
    </div>
  )
}

export function QueueRow({ row: { item, gone }, now, current, onFocus, onOpen }: Props) {
  const { t, code, format } = useI18n()
  return (
    <li>
      <Link
        href={paths.alarm(item.id)}
        className={styles.row}
        data-id={item.id}
        data-severity={item.severity ?? undefined}
        data-gone={gone || undefined}
        data-current={current || undefined}
        tabIndex={current ? 0 : -1}
        onFocus={() => onFocus(item.id)}
        onClick={() => onOpen(item.id)}
      >
        {item.blind ? <Blind gone={gone} /> : <Suggested item={item} gone={gone} />}
        <span className={styles.place}>
          <b>{item.camera}</b>
          <span>
            {code('AlarmKind', item.kind)} · {item.site}
          </span>
        </span>
        <span className={styles.headline}>{item.headline ?? <span className={styles.muted}>{t.queue.noCaption}</span>}</span>
        <span className={styles.age} title={format.dateTime(item.received_at)}>
          {age(item.received_at, now)}
        </span>
      </Link>
    </li>
  )
}

/** Nothing of the suggestion, and no mark that would stand out: people judge it as any other. */
function Blind({ gone }: { gone: boolean }) {
  const { t } = useI18n()
  return (
    <span className={styles.blind}>
      {t.blind.row}
      {gone && <span className={styles.gone}>{t.queue.gone}</span>}
    </span>
  )
}

function Suggested({ item, gone }: { item: QueueItem; gone: boolean }) {
  const { t, code, format } = useI18n()
  return (
    <>
      <span className={styles.severity}>
        {item.severity == null ? <span className={styles.muted}>–</span> : <SeverityMark severity={item.severity} size={24} />}
      </span>
      <Suggestion item={item} gone={gone} />
      <span>{item.avs_level == null ? '' : <LevelMark level={item.avs_level} />}</span>
      {item.state === 'closed' ? (
        <span className={styles.human}>{code('DispositionCode', item.disposition)}</span>
      ) : (
        <span className={styles.number} title={t.queue.threatHint}>
          {item.threat_probability == null ? '' : format.share(item.threat_probability)}
        </span>
      )}
    </>
  )
}

/** What the machine suggests; what a person said has a column of its own. */
function Suggestion({ item, gone }: { item: QueueItem; gone: boolean }) {
  const { t } = useI18n()
  return (
    <span className={styles.suggestion}>
      {item.outcome == null ? <span className={styles.deciding}>{t.queue.deciding}</span> : <OutcomeMark outcome={item.outcome} />}
      {gone && <span className={styles.gone}>{t.queue.gone}</span>}
    </span>
  )
}
