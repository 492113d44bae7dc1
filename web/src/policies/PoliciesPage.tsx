// The policies: what is in force, what is on its way there, and what each version says and would change.
import { useState } from 'react'

import type { PolicyList } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { LoadingView, ProblemView } from '../ui/ProblemView'
import { usePageFocus } from '../ui/usePageFocus'
import { first } from './life'
import { LiveHead } from './LiveHead'
import styles from './Policies.module.css'
import { usePolicies } from './queries'
import { VersionsList } from './VersionsList'
import { VersionView } from './VersionView'

export function PoliciesPage({ digest }: { digest: string | null }) {
  const policies = usePolicies()
  if (policies.data === undefined) {
    return policies.isPending ? <LoadingView /> : <ProblemView error={policies.error} onRetry={() => void policies.refetch()} />
  }
  return <Policies list={policies.data} digest={digest} />
}

function Policies({ list, digest }: { list: PolicyList; digest: string | null }) {
  const { t } = useI18n()
  const title = usePageFocus()
  // Whoever chose a version is taken to it; the first one stands there unasked.
  const [asked, setAsked] = useState(false)
  const version = digest === null ? first(list) : list.items.find((one) => one.digest === digest)
  return (
    <div className={styles.page}>
      <LiveHead list={list} title={title} />
      <div className={styles.columns}>
        <VersionsList list={list} shown={version?.digest ?? null} onChoose={() => setAsked(true)} />
        {version === undefined ? (
          <ProblemView text={digest === null ? t.policies.none : t.policies.missing} />
        ) : (
          <VersionView key={version.digest} list={list} version={version} takeFocus={asked} />
        )}
      </div>
    </div>
  )
}
