// What is in force now: which version, since when, through whom, and how well it is proven; and the way back.
import { Button } from '@mantine/core'
import { useState, type Ref } from 'react'

import type { PolicyList, PolicyVersion } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { Link, paths } from '../router'
import { shapesPolicies } from '../session/roles'
import { useUser } from '../session/SessionContext'
import { useNotice } from '../ui/notice'
import { Digest, LinkButton } from './marks'
import styles from './Policies.module.css'
import { useRollBack } from './queries'
import { ReasonDialog } from './ReasonDialog'

export function LiveHead({ list, title }: { list: PolicyList; title: Ref<HTMLHeadingElement> }) {
  const { t } = useI18n()
  const user = useUser()
  const live = list.items.find((one) => one.digest === list.live)
  const may = shapesPolicies(user.role)
  return (
    <header className={styles.head}>
      <div className={styles.headTitle}>
        <h1 ref={title} tabIndex={-1}>
          {t.policies.title}
        </h1>
        {may && (
          <div className={styles.buttons}>
            <LinkButton href={paths.proposal()}>{t.policies.propose}</LinkButton>
            <RollBack list={list} />
          </div>
        )}
      </div>
      <section className={styles.live} aria-label={t.policies.inForce}>
        {live === undefined ? <p>{t.policies.inForceUnlisted(list.live)}</p> : <Live version={live} />}
      </section>
      {list.folder.problem != null && (
        <div className={styles.warning} role="alert">
          <p>
            <b>{t.policies.folderProblem}</b> {list.folder.path != null && <code>{list.folder.path}</code>}
          </p>
          <pre>{list.folder.problem}</pre>
        </div>
      )}
    </header>
  )
}

function Live({ version }: { version: PolicyVersion }) {
  const { t, format } = useI18n()
  const by = version.approved_by == null ? t.policies.proposedBy(version.proposed_by) : t.policies.proposedApproved(version.proposed_by, version.approved_by)
  return (
    <>
      <p className={styles.liveLine}>
        <b>{t.policies.inForce}</b>{' '}
        <Link href={paths.policy(version.digest)}>
          <Digest digest={version.digest} />
        </Link>
        <span className={styles.liveNote}>{version.note}</span>
      </p>
      <p className={styles.facts}>
        {version.live_since != null && <span>{t.policies.since(format.dateTime(version.live_since))}</span>}
        <span>{by}</span>
        <span>{t.policies.rulesCount(version.rules)}</span>
        <span>{version.confirmed ? t.policies.provenTwice : t.policies.proven}</span>
      </p>
    </>
  )
}

function RollBack({ list }: { list: PolicyList }) {
  const { t } = useI18n()
  const notify = useNotice()
  const rollBack = useRollBack()
  const [open, setOpen] = useState(false)
  const before = list.items.find((one) => one.digest === list.previous)
  return (
    <>
      <Button size="sm" variant="default" disabled={list.previous == null} onClick={() => setOpen(true)}>
        {t.policies.rollBack}
      </Button>
      {list.previous == null && <span className={styles.quiet}>{t.policies.nothingBefore}</span>}
      <ReasonDialog
        opened={open}
        onClose={() => setOpen(false)}
        title={t.policies.rollBack}
        lead={
          <>
            {t.policies.rollBackLead} {list.previous != null && <Digest digest={list.previous} />} {before?.note}
          </>
        }
        submit={t.policies.rollBackNow}
        act={rollBack}
        onDone={() => notify({ text: t.policies.rolledBack })}
      />
    </>
  )
}
