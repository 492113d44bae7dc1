// One alarm on one screen: what came, what was understood, what is suggested, and a person's word on it.
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'

import { api, ApiError } from '../api/client'
import { keys, PAGE, useAlarm, useDispose } from '../api/queries'
import type { AlarmDetail } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { useKeys } from '../keys/KeysProvider'
import { next } from '../queue/cursor'
import { paths, useRouter } from '../router'
import { disposes } from '../session/roles'
import { useUser } from '../session/SessionContext'
import { useAnnounce } from '../ui/announcer'
import { useNotice } from '../ui/notice'
import { LoadingView, problemText, ProblemView } from '../ui/ProblemView'
import { ActionsList } from './ActionsList'
import styles from './Alarm.module.css'
import { AlarmHead } from './AlarmHead'
import { AssessmentPanel } from './AssessmentPanel'
import { CaptionsPanel } from './CaptionsPanel'
import { DispositionHistory } from './DispositionHistory'
import { DispositionPanel } from './DispositionPanel'
import { dispositionCodes, emptyDraft, toDisposition, type Draft } from './draft'
import { EvidenceProvider } from './evidence'
import { FactsPanel } from './FactsPanel'
import { ReportView } from './ReportView'
import { RulingPanel } from './RulingPanel'
import { VerdictPanel } from './VerdictPanel'
import { WaitingPanel } from './WaitingPanel'

export function AlarmPage({ id, report }: { id: string; report: boolean }) {
  const { t } = useI18n()
  const query = useAlarm(id)
  if (query.data !== undefined) return <AlarmView detail={query.data} report={report} />
  if (query.isPending) return <LoadingView />
  const missing = query.error instanceof ApiError && (query.error.status === 404 || query.error.status === 400)
  return (
    <ProblemView
      error={query.error}
      {...(missing ? { text: t.problem.missingAlarm } : { onRetry: () => void query.refetch() })}
    />
  )
}

function AlarmView({ detail, report }: { detail: AlarmDetail; report: boolean }) {
  const { t, code } = useI18n()
  const { navigate } = useRouter()
  const user = useUser()
  const announce = useAnnounce()
  const [draft, setDraft] = useState<Draft>(emptyDraft)
  const note = useRef<HTMLInputElement>(null)
  const { confirm, dispose } = useConfirm(detail, draft, () => setDraft(emptyDraft))
  const decision = detail.decision ?? null
  const may = disposes(user.role) && detail.state !== 'waiting'

  const choose = (n: number) => () => {
    const chosen = dispositionCodes[n - 1]
    if (!may || chosen === undefined) return
    setDraft((now) => ({ ...now, code: chosen }))
    announce(code('DispositionCode', chosen))
  }
  const confirmOrAsk = () => {
    if (!may) return
    if (draft.code === null) announce(t.disposition.choose)
    else confirm()
  }
  useKeys('alarm', {
    choose1: choose(1),
    choose2: choose(2),
    choose3: choose(3),
    choose4: choose(4),
    choose5: choose(5),
    choose6: choose(6),
    choose7: choose(7),
    note: () => note.current?.focus(),
    actions: () => document.querySelector<HTMLElement>('#actions input:not(:disabled)')?.focus(),
    confirm: confirmOrAsk,
    confirmAnywhere: confirmOrAsk,
    report: () => navigate(report ? paths.alarm(detail.id) : paths.report(detail.id)),
    back: () => {
      const field = document.activeElement
      if (field instanceof HTMLInputElement && field.type === 'text') field.blur()
      else navigate(report ? paths.alarm(detail.id) : paths.queue())
    },
  })

  const closedBecause = !disposes(user.role)
    ? t.disposition.notYours(code('Role', user.role))
    : detail.state === 'waiting'
      ? t.disposition.whileWaiting
      : null
  return (
    <EvidenceProvider>
      <div className={styles.page}>
        <AlarmHead detail={detail} report={report} />
        <div className={styles.columns} data-report={report || undefined}>
          <CaptionsPanel alarm={detail.alarm} cut={decision?.facts.cut ?? []} />
          {report ? (
            <div className={styles.column}>
              <ReportView id={detail.id} ready={decision !== null} />
            </div>
          ) : (
            <div className={styles.column}>
              {decision === null && <WaitingPanel receivedAt={detail.received_at} />}
              {decision !== null && (
                <>
                  <FactsPanel facts={decision.facts} />
                  <RulingPanel ruling={decision.ruling} />
                  <AssessmentPanel assessment={decision.assessment} />
                </>
              )}
            </div>
          )}
          <div className={styles.right}>
            <div className={styles.suggested}>
              <DispositionHistory dispositions={detail.dispositions} />
              {decision !== null && (
                <>
                  <VerdictPanel decision={decision} />
                  <ActionsList
                    actions={decision.verdict.actions}
                    approved={draft.approved}
                    onChange={(approved) => setDraft({ ...draft, approved })}
                    readOnly={closedBecause !== null}
                  />
                </>
              )}
            </div>
            <DispositionPanel
              draft={draft}
              onChange={setDraft}
              onConfirm={confirmOrAsk}
              note={note}
              closedBecause={closedBecause}
              again={detail.dispositions.length > 0}
              busy={dispose.isPending}
              error={dispose.isError ? problemText(t, dispose.error) : null}
            />
          </div>
        </div>
      </div>
    </EvidenceProvider>
  )
}

/** Sends the person's word once, then goes to the most urgent alarm that is left. */
function useConfirm(detail: AlarmDetail, draft: Draft, onDone: () => void) {
  const { t, code } = useI18n()
  const { navigate } = useRouter()
  const client = useQueryClient()
  const notify = useNotice()
  const dispose = useDispose(detail.id)
  const shownAt = useRef<number | null>(null)
  // Known at once, while the mutation's own state is known only after the next rendering.
  const sending = useRef(false)
  useEffect(() => {
    // Counted from the alarm being on the screen, not from its being asked for.
    shownAt.current ??= performance.now()
  }, [])

  const goOn = async () => {
    const queue = await client
      .fetchQuery({ queryKey: keys.queue('decided', PAGE), queryFn: () => api.queue('decided', PAGE), staleTime: 0 })
      .catch(() => undefined)
    const following = next(queue?.items ?? [], detail.id)
    navigate(following === null ? paths.queue() : paths.alarm(following.id))
    return queue !== undefined && following === null
  }
  const confirm = () => {
    const said = toDisposition(draft, performance.now() - (shownAt.current ?? performance.now()))
    if (said === null || sending.current) return
    sending.current = true
    const again = detail.state === 'closed'
    dispose.mutate(said, {
      onSettled: () => {
        sending.current = false
      },
      onSuccess: () => {
        onDone()
        const text = t.disposition.closed(code('DispositionCode', said.code), detail.alarm.camera)
        const back = { href: paths.alarm(detail.id), linkText: t.disposition.correct }
        if (again) notify({ text })
        else void goOn().then((empty) => notify({ text: empty ? `${text} ${t.disposition.queueEmpty}` : text, ...back }))
      },
    })
  }
  return { confirm, dispose }
}
