// One alarm on one screen: what came, what was understood, what is suggested, and a person's word on it.
import { useRef, useState } from 'react'

import { ApiError } from '../api/client'
import { useAlarm } from '../api/queries'
import type { AlarmDetail } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { useKeys } from '../keys/KeysProvider'
import { paths, useRouter } from '../router'
import { disposes } from '../session/roles'
import { useUser } from '../session/SessionContext'
import { useAnnounce } from '../ui/announcer'
import { LoadingView, problemText, ProblemView } from '../ui/ProblemView'
import { ActionsList } from './ActionsList'
import styles from './Alarm.module.css'
import { AlarmHead } from './AlarmHead'
import { AssessmentPanel } from './AssessmentPanel'
import { BlindPanel } from './BlindPanel'
import { CaptionsPanel } from './CaptionsPanel'
import { DispositionHistory } from './DispositionHistory'
import { DispositionPanel } from './DispositionPanel'
import { dispositionCodes, emptyDraft, type Draft } from './draft'
import { EvidenceProvider } from './evidence'
import { FactsPanel } from './FactsPanel'
import { NearPanel } from './NearPanel'
import { ReportView } from './ReportView'
import { actionsDue, isRecorded } from './review'
import { ReviewPanel } from './ReviewPanel'
import { RulingPanel } from './RulingPanel'
import { useConfirm } from './useConfirm'
import { VerdictPanel } from './VerdictPanel'
import { WaitingPanel } from './WaitingPanel'
import { WithoutPersonPanel } from './WithoutPersonPanel'

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
  const { confirm, dispose, goOn, judged } = useConfirm(detail, draft, () => setDraft(emptyDraft))
  const decision = detail.decision ?? null
  const may = disposes(user.role) && detail.state !== 'waiting'
  const hidden = detail.blind && detail.state === 'decided' && decision === null
  const { review } = detail
  const said = detail.dispositions[0]
  const due = may && actionsDue(detail)

  const choose = (n: number) => () => {
    const chosen = dispositionCodes[n - 1]
    if (!may || chosen === undefined) return
    setDraft((now) => ({ ...now, code: chosen }))
    announce(code('DispositionCode', chosen))
  }
  const confirmOrAsk = () => {
    if (!may) return
    if (draft.code !== null) confirm()
    else if (judged && decision !== null && !due) void goOn()
    else announce(due ? t.blind.actionsDue : t.disposition.choose)
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
        <div className={styles.columns} data-blind={hidden || undefined}>
          <CaptionsPanel alarm={detail.alarm} cut={decision?.facts.cut ?? []} />
          {!hidden && (
            <div className={styles.column}>
              {report ? <ReportView id={detail.id} ready={decision !== null} /> : <Understood detail={detail} />}
            </div>
          )}
          <div className={styles.right}>
            <div className={styles.suggested}>
              {hidden && <BlindPanel />}
              {detail.blind && decision !== null && <p className={styles.warning}>{t.blind.hiddenFromOperators}</p>}
              {detail.state === 'closed_without_person' && <WithoutPersonPanel detail={detail} may={may} />}
              {review != null && decision !== null && said !== undefined && (
                <ReviewPanel
                  review={review}
                  decision={decision}
                  said={said}
                  fresh={judged}
                  actionsDue={due}
                  onNext={() => void goOn()}
                />
              )}
              {!due && <DispositionHistory dispositions={detail.dispositions} />}
              {decision !== null && !due && <VerdictPanel decision={decision} />}
              {decision !== null && !isRecorded(detail) && (
                <ActionsList
                  actions={decision.verdict.actions}
                  rules={decision.ruling.rules}
                  approved={draft.approved}
                  onChange={(approved) => setDraft({ ...draft, approved })}
                  readOnly={closedBecause !== null}
                />
              )}
              {/* What is urgent stands first. */}
              {due && <DispositionHistory dispositions={detail.dispositions} />}
              {decision !== null && due && <VerdictPanel decision={decision} />}
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

/** What was made of the alarm, or that nothing has been yet. */
function Understood({ detail: { decision, received_at: receivedAt } }: { detail: AlarmDetail }) {
  if (decision == null) return <WaitingPanel receivedAt={receivedAt} />
  return (
    <>
      <FactsPanel facts={decision.facts} />
      <RulingPanel ruling={decision.ruling} />
      <NearPanel ruling={decision.ruling} />
      <AssessmentPanel assessment={decision.assessment} />
    </>
  )
}
