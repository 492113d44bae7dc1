// Begins a proposal from a version's files; a draft that somebody is at is not thrown away unasked.
import { Button, Modal } from '@mantine/core'
import { useState } from 'react'

import type { PolicyDocument, PolicyVersion } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { paths, useRouter } from '../router'
import { useUser } from '../session/SessionContext'
import { begin, draftOf, keepDraft, touched } from './drafts'
import { readFinding } from './findings'
import styles from './Policies.module.css'

export function StartFrom({ version, document }: { version: PolicyVersion; document: PolicyDocument | undefined }) {
  const { t } = useI18n()
  const user = useUser()
  const { navigate } = useRouter()
  const [asking, setAsking] = useState(false)

  const start = () => {
    if (document === undefined) return
    setAsking(false)
    keepDraft(user.name, begin(version.digest, document.files, version.problems.map(readFinding)))
    navigate(paths.proposal())
  }
  const keep = () => {
    setAsking(false)
    navigate(paths.proposal())
  }
  const startOrAsk = () => {
    const draft = draftOf(user.name)
    if (draft !== null && touched(draft)) setAsking(true)
    else start()
  }
  return (
    <>
      <Button size="sm" variant={version.state === 'draft' ? 'filled' : 'default'} disabled={document === undefined} onClick={startOrAsk}>
        {version.state === 'draft' ? t.policies.mend : t.policies.startFrom}
      </Button>
      <Modal opened={asking} onClose={() => setAsking(false)} title={t.proposal.replaceTitle} closeButtonProps={{ 'aria-label': t.common.close }}>
        <div className={styles.dialog}>
          <p>{t.proposal.replaceLead}</p>
          <div className={styles.buttons}>
            <Button size="sm" data-autofocus onClick={keep}>
              {t.proposal.keep}
            </Button>
            <Button size="sm" variant="default" onClick={start}>
              {t.proposal.replace}
            </Button>
          </div>
        </div>
      </Modal>
    </>
  )
}
