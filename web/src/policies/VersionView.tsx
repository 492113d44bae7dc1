// One version: how far it has come, what is wrong or odd with it, what may be done next, and what it says.
import { Tabs } from '@mantine/core'
import { useCallback, useState } from 'react'

import type { PolicyDocument, PolicyList, PolicyVersion } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { LoadingView, ProblemView } from '../ui/ProblemView'
import { BacktestReport } from './BacktestReport'
import { ChangesView } from './ChangesView'
import { FindingsList } from './FindingsList'
import { readFinding } from './findings'
import { LifeCycle } from './LifeCycle'
import { Digest, StateBadge } from './marks'
import { NextSteps } from './NextSteps'
import styles from './Policies.module.css'
import { usePolicy } from './queries'
import { RulesBrowser } from './RulesBrowser'
import { SitesList } from './SitesList'

const tabs = ['changes', 'backtest', 'rules', 'sites'] as const
type Tab = (typeof tabs)[number]

interface Props {
  list: PolicyList
  version: PolicyVersion
  /** Whether a person chose it, and is taken to it. */
  takeFocus: boolean
}

export function VersionView({ list, version, takeFocus }: Props) {
  const { t, format } = useI18n()
  const focus = useCallback((title: HTMLElement | null) => title?.focus(), [])
  const [tab, setTab] = useState<Tab>(() => firstTab(version))
  const document = usePolicy(version.digest, version.backtest?.at ?? null)
  return (
    <section className={styles.view} aria-label={t.policies.version}>
      <div className={styles.viewHead}>
        <h2 ref={takeFocus ? focus : null} tabIndex={-1}>
          {version.note === '' ? t.policies.noNote : version.note}
        </h2>
        <p className={styles.facts}>
          <StateBadge state={version.state} />
          <Digest digest={version.digest} />
          <span>{t.policies.proposedOn(version.proposed_by, format.dateTime(version.proposed_at))}</span>
        </p>
      </div>
      <LifeCycle version={version} />
      <NextSteps version={version} document={document.data} onTried={() => setTab('backtest')} />
      {version.problems.length > 0 && (
        <section aria-label={t.policies.problemsTitle}>
          <h3>{t.policies.problemsTitle}</h3>
          <FindingsList grave findings={version.problems.map(readFinding)} />
        </section>
      )}
      {document.data !== undefined && document.data.remarks.length > 0 && <Remarks remarks={document.data.remarks} />}
      <Tabs value={tab} onChange={(value) => setTab((value ?? 'rules') as Tab)} keepMounted={false} className={styles.tabs}>
        <Tabs.List>
          {tabs.map((one) => (
            <Tabs.Tab key={one} value={one}>
              {t.policies.tabs[one]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {tabs.map((one) => (
          <Tabs.Panel key={one} value={one}>
            {document.data === undefined ? (
              document.isError ? <ProblemView error={document.error} onRetry={() => void document.refetch()} /> : <LoadingView />
            ) : (
              <Part part={one} list={list} document={document.data} />
            )}
          </Tabs.Panel>
        ))}
      </Tabs>
    </section>
  )
}

function firstTab({ state }: PolicyVersion): Tab {
  if (state === 'backtested') return 'backtest'
  return state === 'draft' || state === 'checked' ? 'changes' : 'rules'
}

function Remarks({ remarks }: { remarks: readonly string[] }) {
  const { t } = useI18n()
  return (
    <details className={styles.remarks}>
      <summary>{t.policies.remarks(remarks.length)}</summary>
      <p className={styles.quiet}>{t.policies.remarksLead}</p>
      <FindingsList findings={remarks.map(readFinding)} />
    </details>
  )
}

function Part({ part, list, document }: { part: Tab; list: PolicyList; document: PolicyDocument }) {
  const { t } = useI18n()
  // The list's own backtests come without their alarms.
  const { backtest, digest } = document.version
  if (part === 'backtest') {
    if (backtest == null) return <p className={styles.quiet}>{t.backtest.none}</p>
    return <BacktestReport backtest={backtest} live={list.live} inForce={digest === list.live} />
  }
  if (part === 'changes') return <ChangesView list={list} document={document} />
  if (part === 'sites') return <SitesList sites={document.sites} />
  return <RulesBrowser rules={document.rules} sites={document.sites} />
}
