// What may be done with a version now, for those who may: mend it, try it, approve it, take it back.
import { Button } from '@mantine/core'
import { useState } from 'react'

import type { PolicyDocument, PolicyVersion } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { useUser } from '../session/SessionContext'
import { useAnnounce } from '../ui/announcer'
import { useNotice } from '../ui/notice'
import { ApproveDialog } from './ApproveDialog'
import { ErrorLine } from './ErrorLine'
import { next, since, spans, type Span } from './life'
import styles from './Policies.module.css'
import { useBacktest, useWithdrawPolicy } from './queries'
import { ReasonDialog } from './ReasonDialog'
import { StartFrom } from './StartFrom'

interface Props {
  version: PolicyVersion
  /** Its files, once they are here. */
  document: PolicyDocument | undefined
  onTried: () => void
}

export function NextSteps({ version, document, onTried }: Props) {
  const { t } = useI18n()
  const user = useUser()
  const may = next(version, user)
  if (!may.mend) return null
  return (
    <section className={styles.next} aria-label={t.policies.next}>
      <p>{t.policies.nextLead[version.state]}</p>
      {may.needsSecond && <p className={styles.notice}>{t.policies.needsSecond}</p>}
      <div className={styles.buttons}>
        {may.approve && <Approve version={version} />}
        {may.backtest && <Try version={version} onTried={onTried} />}
        <StartFrom version={version} document={document} />
        {may.withdraw && <Withdraw version={version} />}
      </div>
    </section>
  )
}

function Approve({ version }: { version: PolicyVersion }) {
  const { t } = useI18n()
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button size="sm" onClick={() => setOpen(true)}>
        {t.policies.approve}
      </Button>
      <ApproveDialog version={version} opened={open} onClose={() => setOpen(false)} />
    </>
  )
}

function Try({ version, onTried }: { version: PolicyVersion; onTried: () => void }) {
  const { t } = useI18n()
  const announce = useAnnounce()
  const backtest = useBacktest(version.digest)
  const [span, setSpan] = useState<Span>(30)
  const send = () => {
    if (backtest.isPending) return
    announce(t.backtest.running)
    backtest.mutate(since(span, Date.now()), {
      onSuccess: (report) => {
        announce(t.backtest.summary(report.alarms, report.changed))
        onTried()
      },
    })
  }
  return (
    <form
      className={styles.try}
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <Button type="submit" size="sm" variant={version.state === 'checked' ? 'filled' : 'default'} loading={backtest.isPending}>
        {version.state === 'checked' ? t.policies.backtest : t.policies.backtestAgain}
      </Button>
      <label className={styles.chooser}>
        {t.backtest.over}
        <select value={String(span)} disabled={backtest.isPending} onChange={(event) => setSpan(spans.find((one) => String(one) === event.currentTarget.value) ?? null)}>
          {spans.map((one) => (
            <option key={String(one)} value={String(one)}>
              {one === null ? t.backtest.everything : t.backtest.lastDays(one)}
            </option>
          ))}
        </select>
      </label>
      {backtest.isPending && <span className={styles.quiet}>{t.backtest.running}</span>}
      <ErrorLine error={backtest.error} />
    </form>
  )
}

function Withdraw({ version }: { version: PolicyVersion }) {
  const { t } = useI18n()
  const notify = useNotice()
  const withdraw = useWithdrawPolicy(version.digest)
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button size="sm" variant="default" onClick={() => setOpen(true)}>
        {t.policies.withdraw}
      </Button>
      <ReasonDialog
        opened={open}
        onClose={() => setOpen(false)}
        title={t.policies.withdraw}
        lead={t.policies.withdrawLead}
        submit={t.policies.withdrawNow}
        act={withdraw}
        onDone={() => notify({ text: t.policies.withdrawn })}
      />
    </>
  )
}
