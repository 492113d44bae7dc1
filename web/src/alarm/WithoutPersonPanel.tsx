// Says of an alarm that nobody looked at who let the system close it, and that a person still may.
import { useGrants } from '../api/queries'
import type { AlarmDetail, Grant } from '../api/types'
import { grantOf } from '../autonomy/grants'
import { useI18n } from '../i18n/I18nProvider'
import styles from './Alarm.module.css'

export function WithoutPersonPanel({ detail, may }: { detail: AlarmDetail; may: boolean }) {
  const { t, code, format } = useI18n()
  const grants = useGrants()
  const wordsOf = (items: readonly Grant[]) => {
    const grant = grantOf(detail, items)
    if (grant === null) return t.autonomy.closedUnderUnknown
    return t.autonomy.closedUnder(code('AlarmKind', grant.kind), grant.granted_by, format.date(grant.expires_at))
  }
  return (
    <section className={styles.aside} aria-label={code('AlarmState', detail.state)}>
      <p>
        {grants.data !== undefined && wordsOf(grants.data.items)} {may && t.autonomy.stillYours}
      </p>
    </section>
  )
}
