// Which alarm this is, and that what follows was generated.
import type { AlarmDetail } from '../api/types'
import { age } from '../i18n/format'
import { useI18n } from '../i18n/I18nProvider'
import { Link, paths } from '../router'
import { SeverityMark } from '../ui/marks'
import { usePageFocus } from '../ui/usePageFocus'
import { useNow } from '../ui/useNow'
import styles from './Alarm.module.css'

export function AlarmHead({ detail, report }: { detail: AlarmDetail; report: boolean }) {
  const { t, code, format } = useI18n()
  const now = useNow()
  const title = usePageFocus()
  const { alarm, decision } = detail
  return (
    <div className={styles.head}>
      <Link href={paths.queue(detail.state)} className={styles.back}>
        ‹ {t.nav.queue}
      </Link>
      {decision != null && (
        <span className={styles.headSeverity}>
          <SeverityMark severity={decision.verdict.severity} size={24} />
        </span>
      )}
      <div className={styles.headNames}>
        <h1 ref={title} tabIndex={-1}>
          <span className="visually-hidden">{t.alarm.tabAlarm} </span>
          {alarm.camera}
        </h1>
        <p>
          {code('AlarmKind', alarm.kind)} · {detail.site} · {code('AlarmState', detail.state)}
        </p>
      </div>
      <p className={styles.headTimes}>
        <span>
          {t.alarm.occurred} <b>{format.dateTime(alarm.occurred_at)}</b>
        </span>
        <span>
          {t.alarm.received} {format.clock(detail.received_at)} · <b className={styles.ticking}>{age(detail.received_at, now)}</b>
        </span>
      </p>
      <nav className={styles.tabs} aria-label={t.alarm.title(alarm.camera)}>
        <Link href={paths.alarm(detail.id)} aria-current={report ? undefined : 'page'}>
          {t.alarm.tabAlarm}
        </Link>
        <Link href={paths.report(detail.id)} aria-current={report ? 'page' : undefined}>
          {t.alarm.tabReport} <kbd aria-hidden>r</kbd>
        </Link>
      </nav>
      {decision != null && (
        <p className={styles.badge} title={t.alarm.badgeHint}>
          {t.alarm.badge}
        </p>
      )}
    </div>
  )
}
