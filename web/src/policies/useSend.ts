// Proposes a draft. What is sound becomes a version and the draft is done; what is not stays open with its findings.
import { ApiError } from '../api/client'
import { useI18n } from '../i18n/I18nProvider'
import { paths, useRouter } from '../router'
import { useUser } from '../session/SessionContext'
import { useAnnounce } from '../ui/announcer'
import { useNotice } from '../ui/notice'
import { differs, draftOf, keepDraft, type Draft } from './drafts'
import { readFinding, readFindings, type Finding } from './findings'
import { oneLine } from './life'
import { usePropose } from './queries'

export function useSend(draft: Draft, onFound: (findings: readonly Finding[]) => void) {
  const { t } = useI18n()
  const user = useUser()
  const { navigate } = useRouter()
  const announce = useAnnounce()
  const notify = useNotice()
  const propose = usePropose()

  const keep = (findings: readonly Finding[], recorded: string | null) => {
    const now = draftOf(user.name)
    if (now !== null) keepDraft(user.name, { ...now, findings, recorded })
    onFound(findings)
  }
  const send = () => {
    if (propose.isPending) return
    const sent = { note: oneLine(draft.note), files: [...draft.files] }
    announce(t.proposal.checking)
    propose.mutate(sent, {
      onSuccess: (version) => {
        if (version.problems.length > 0) {
          keep(version.problems.map(readFinding), version.digest)
          return
        }
        const now = draftOf(user.name)
        notify({ text: t.proposal.done })
        // Whoever wrote on while the check ran keeps that.
        if (now !== null && differs(now.files, sent.files)) {
          keepDraft(user.name, { ...now, findings: [], recorded: version.digest })
          return
        }
        keepDraft(user.name, null)
        navigate(paths.policy(version.digest))
      },
      onError: (error) => {
        if (error instanceof ApiError && error.code === 'invalid_policy') keep(readFindings(error.detail), null)
      },
    })
  }
  return { propose, send }
}
