// Which page is shown to whom.
import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'

import { keys, useSession } from './api/queries'
import { useStream } from './api/stream'
import { AlarmPage } from './alarm/AlarmPage'
import { AutonomyPage } from './autonomy/AutonomyPage'
import { useI18n } from './i18n/I18nProvider'
import { LogPage } from './log/LogPage'
import { PoliciesPage } from './policies/PoliciesPage'
import { ProposalPage } from './policies/ProposalPage'
import { QualityPage } from './quality/QualityPage'
import { QueuePage } from './queue/QueuePage'
import { useRouter, type Route } from './router'
import { LoginPage } from './session/LoginPage'
import { SessionContext } from './session/SessionContext'
import { Shell } from './shell/Shell'
import { LoadingView, ProblemView } from './ui/ProblemView'

export function App() {
  const { t } = useI18n()
  const { route } = useRouter()
  const session = useSession()
  const user = session.data ?? null
  const liveness = useStream(user !== null)
  const client = useQueryClient()
  usePageTitle(route)

  if (session.data === undefined) {
    if (session.isPending && session.failureCount === 0) return <LoadingView />
    return <ProblemView text={t.banner.away} onRetry={() => void session.refetch()} />
  }
  if (user === null) return <LoginPage expired={client.getQueryData(keys.expired) === true} />
  return (
    <SessionContext.Provider value={user}>
      <Shell liveness={liveness}>
        <Page route={route} />
      </Shell>
    </SessionContext.Provider>
  )
}

function Page({ route }: { route: Route }) {
  const { t } = useI18n()
  switch (route.page) {
    case 'queue':
      // Each tab is a page of its own, with its own cursor.
      return <QueuePage key={route.state} state={route.state} />
    case 'alarm':
      // A new alarm is a new page: nothing chosen for the last one may remain.
      return <AlarmPage key={route.id} id={route.id} report={route.report} />
    case 'quality':
      return <QualityPage />
    case 'autonomy':
      return <AutonomyPage />
    case 'policies':
      return <PoliciesPage digest={route.digest} />
    case 'proposal':
      return <ProposalPage />
    case 'log':
      return <LogPage />
    case 'missing':
      return <ProblemView text={t.problem.missing} />
  }
}

function usePageTitle(route: Route): void {
  const { t } = useI18n()
  const title = {
    queue: t.queue.title,
    alarm: t.alarm.tabAlarm,
    quality: t.quality.title,
    autonomy: t.autonomy.title,
    policies: t.policies.title,
    proposal: t.proposal.title,
    log: t.log.title,
    missing: '',
  }[route.page]
  useEffect(() => {
    document.title = title === '' ? 'Sereno' : `${title} · Sereno`
  }, [title])
}
