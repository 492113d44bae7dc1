// Where a change of the policies is written or brought, and proposed. What was typed stays, whatever the server says.
import { useEffect, useRef } from 'react'

import type { PolicyDocument, PolicyVersion } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { Link, paths } from '../router'
import { shapesPolicies } from '../session/roles'
import { useUser } from '../session/SessionContext'
import { LoadingView, ProblemView } from '../ui/ProblemView'
import { usePageFocus } from '../ui/usePageFocus'
import { begin, draftOf, keepDraft, useDraft, type Draft } from './drafts'
import { Digest } from './marks'
import { ProposalForm } from './ProposalForm'
import styles from './Proposal.module.css'
import { usePolicies, usePolicy } from './queries'
import { StartFrom } from './StartFrom'

export function ProposalPage() {
  const { t } = useI18n()
  const user = useUser()
  return shapesPolicies(user.role) ? <Proposal /> : <ProblemView text={t.problem.forbidden} />
}

function Proposal() {
  const user = useUser()
  const [draft, change] = useDraft(user.name)
  // Only for whoever comes without one: once a draft is proposed, no other takes its place.
  const begun = useRef(draft !== null)
  const policies = usePolicies()
  const live = policies.data?.items.find((one) => one.digest === policies.data.live)
  const digest = policies.data?.live ?? null
  const inForce = usePolicy(digest)
  useEffect(() => {
    if (begun.current || inForce.data === undefined) return
    begun.current = true
    if (draftOf(user.name) === null) keepDraft(user.name, begin(inForce.data.version.digest, inForce.data.files))
  }, [inForce.data, user.name])

  if (draft !== null) return <Begun draft={draft} digest={digest} live={live} inForce={inForce.data} onChange={change} />
  const failed = policies.isError ? policies : inForce.isError ? inForce : null
  return failed === null ? <LoadingView /> : <ProblemView error={failed.error} onRetry={() => void failed.refetch()} />
}

interface Props {
  draft: Draft
  /** What is in force: its name, its version where it is listed, and its files once they are here. */
  digest: string | null
  live: PolicyVersion | undefined
  inForce: PolicyDocument | undefined
  onChange: (change: (draft: Draft) => Draft) => void
}

function Begun({ draft, digest, live, inForce, onChange }: Props) {
  const { t } = useI18n()
  const title = usePageFocus()
  return (
    <div className={styles.page}>
      <div className={styles.head}>
        <Link href={paths.policies()} className={styles.back}>
          ‹ {t.policies.title}
        </Link>
        <h1 ref={title} tabIndex={-1}>
          {t.proposal.title}
        </h1>
        <p className={styles.quiet}>
          {draft.base === digest ? t.proposal.fromLive : t.proposal.from} <Digest digest={draft.base} />
        </p>
      </div>
      {digest !== null && draft.base !== digest && (
        <div className={styles.notice}>
          <p>
            {t.proposal.notLive} <Digest digest={digest} />
          </p>
          {live !== undefined && <StartFrom version={live} document={inForce} />}
        </div>
      )}
      <ProposalForm key={draft.base} draft={draft} live={digest} onChange={onChange} />
    </div>
  )
}
