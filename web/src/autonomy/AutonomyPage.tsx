// What is closed without a person, for everybody who reads alarms; whoever closes alarms may take it back.
import { useGrants } from '../api/queries'
import { useI18n } from '../i18n/I18nProvider'
import { LoadingView, ProblemView } from '../ui/ProblemView'
import { usePageFocus } from '../ui/usePageFocus'
import styles from './Autonomy.module.css'
import { GrantsList } from './GrantsList'

export function AutonomyPage() {
  const { t } = useI18n()
  const title = usePageFocus()
  const grants = useGrants()
  if (grants.data === undefined) {
    return grants.isPending ? <LoadingView /> : <ProblemView error={grants.error} onRetry={() => void grants.refetch()} />
  }
  return (
    <div className={styles.page}>
      <h1 ref={title} tabIndex={-1}>
        {t.autonomy.title}
      </h1>
      <p className={styles.quiet}>{t.autonomy.lead}</p>
      <GrantsList grants={grants.data.items} level={2} withSite />
    </div>
  )
}
