// The draft itself: its files, the one that is being edited, what it is for, and what the last check found.
import { Button, Textarea } from '@mantine/core'
import { useCallback, useId, useState } from 'react'

import { useI18n } from '../i18n/I18nProvider'
import { Link, paths } from '../router'
import { fileChanges } from './changes'
import { DiffLines } from './DiffLines'
import { differs, type Draft } from './drafts'
import { ErrorLine } from './ErrorLine'
import { FileEditor } from './FileEditor'
import { FilesList } from './FilesList'
import { FilesPicker } from './FilesPicker'
import { FindingsList } from './FindingsList'
import type { Finding } from './findings'
import { short } from './life'
import { KindMark } from './marks'
import styles from './Proposal.module.css'
import { useSend } from './useSend'

const LONGEST_NOTE = 500

interface Props {
  draft: Draft
  live: string | null
  onChange: (change: (draft: Draft) => Draft) => void
}

export function ProposalForm({ draft, live, onChange }: Props) {
  const { t } = useI18n()
  const [open, setOpen] = useState(() => firstOf(draft))
  const [line, setLine] = useState<number | null>(null)
  const [checks, setChecks] = useState(0)
  const { propose, send } = useSend(draft, (findings) => {
    const first = findings.find((one) => one.file !== null)
    if (first !== undefined) setOpen(first.file)
    setChecks((n) => n + 1)
  })
  const hint = useId()
  // The files of a version that is no longer in force may be proposed again as they are.
  const same = draft.base === live && !differs(draft.baseFiles, draft.files)
  const missing = draft.note.trim() === '' ? t.proposal.noteMissing : same ? t.proposal.same : null
  const edited = draft.files.find((file) => file.name === open)

  const goTo = (finding: Finding | undefined) => {
    if (finding?.file == null) return
    setOpen(finding.file)
    setLine(finding.line)
  }
  const write = (name: string, text: string) =>
    onChange((now) => ({ ...now, files: now.files.map((file) => (file.name === name ? { name, text } : file)) }))

  return (
    <div className={styles.form}>
      <FilesPicker
        draft={draft}
        onChange={onChange}
        onRead={(name) => {
          setOpen(name)
          setLine(null)
        }}
      />
      {/* Whoever pressed the button below is taken to what came of it. */}
      <CheckFindings key={checks} draft={draft} takeFocus={checks > 0} onGoTo={goTo} />
      <div className={styles.work}>
        <FilesList
          draft={draft}
          open={open}
          onOpen={(name) => {
            setOpen(name)
            setLine(null)
          }}
          onChange={onChange}
        />
        {edited === undefined ? (
          <p className={styles.quiet}>{t.proposal.chooseFile}</p>
        ) : (
          <FileEditor
            key={edited.name}
            file={edited}
            findings={draft.findings.filter((one) => one.file === edited.name)}
            line={line}
            onLine={setLine}
            onChange={(text) => write(edited.name, text)}
          />
        )}
      </div>
      <Changed draft={draft} />
      <form
        className={styles.send}
        aria-label={t.proposal.title}
        onSubmit={(event) => {
          event.preventDefault()
          if (missing === null) send()
        }}
      >
        <Textarea
          rows={3}
          label={t.proposal.note}
          description={t.proposal.noteHint}
          required
          maxLength={LONGEST_NOTE}
          value={draft.note}
          onChange={(event) => {
            const note = event.currentTarget.value
            onChange((now) => ({ ...now, note }))
          }}
        />
        <div className={styles.buttons}>
          <Button type="submit" disabled={missing !== null} loading={propose.isPending} aria-describedby={hint}>
            {t.policies.proposeNow}
          </Button>
          <span id={hint} className={styles.quiet}>
            {propose.isPending ? t.proposal.checking : (missing ?? t.proposal.sendHint)}
          </span>
        </div>
        <ErrorLine error={propose.error} />
      </form>
    </div>
  )
}

/** Where there is something to mend, else the first rules. */
function firstOf({ findings, files }: Draft): string | null {
  const faulty = findings.find((one) => one.file !== null)?.file
  return faulty ?? (files.find((file) => file.name.endsWith('.cedar')) ?? files[0])?.name ?? null
}

/** What the last check found, all of it; each finding leads to its file and line. */
function CheckFindings({ draft, takeFocus, onGoTo }: { draft: Draft; takeFocus: boolean; onGoTo: (finding: Finding) => void }) {
  const { t } = useI18n()
  const focus = useCallback((title: HTMLElement | null) => title?.focus(), [])
  if (draft.findings.length === 0) return null
  return (
    <section className={styles.check} aria-label={t.proposal.found}>
      <h2 ref={takeFocus ? focus : null} tabIndex={-1}>
        {t.proposal.found}
      </h2>
      <p>
        {t.proposal.foundLead}{' '}
        {draft.recorded !== null && <Link href={paths.policy(draft.recorded)}>{t.proposal.recorded(short(draft.recorded))}</Link>}
      </p>
      <FindingsList
        grave
        findings={draft.findings}
        onGoTo={onGoTo}
        reachable={(finding) => draft.files.some((file) => file.name === finding.file)}
      />
    </section>
  )
}

function Changed({ draft }: { draft: Draft }) {
  const { t } = useI18n()
  const files = fileChanges(draft.baseFiles, draft.files)
  return (
    <details className={styles.changed}>
      <summary>{t.proposal.changedFiles(files.length)}</summary>
      {files.map((file) => (
        <div key={file.name}>
          <p>
            <KindMark kind={file.kind} /> <code>{file.name}</code>
          </p>
          <DiffLines label={file.name} before={file.before} after={file.after} />
        </div>
      ))}
    </details>
  )
}
