// The draft's files: which differ from where it began, which have findings, and which is open.
import { TextInput } from '@mantine/core'
import { useState } from 'react'

import { useI18n } from '../i18n/I18nProvider'
import { fileChanges } from './changes'
import type { Draft } from './drafts'
import { counts, sorted } from './files'
import styles from './Proposal.module.css'

interface Props {
  draft: Draft
  open: string | null
  onOpen: (name: string) => void
  onChange: (change: (draft: Draft) => Draft) => void
}

export function FilesList({ draft, open, onOpen, onChange }: Props) {
  const { t } = useI18n()
  const differing = new Map(fileChanges(draft.baseFiles, draft.files).map((file) => [file.name, file.kind]))
  const gone = [...differing].filter(([, kind]) => kind === 'removed').map(([name]) => name)
  const remove = (name: string) =>
    onChange((now) => ({ ...now, before: now.files, files: now.files.filter((file) => file.name !== name) }))
  const restore = (name: string) =>
    onChange((now) => ({ ...now, files: sorted([...now.files, ...now.baseFiles.filter((file) => file.name === name)]) }))
  return (
    <nav className={styles.files} aria-label={t.proposal.fileList}>
      <h2>{t.proposal.fileList}</h2>
      <ul>
        {draft.files.map(({ name }) => {
          const found = draft.findings.filter((one) => one.file === name).length
          const kind = differing.get(name)
          return (
            <li key={name}>
              <button type="button" className={styles.file} aria-current={name === open || undefined} onClick={() => onOpen(name)}>
                <span>{name}</span>
                {kind !== undefined && <span className={styles.mark}>{t.policies.kinds[kind]}</span>}
                {found > 0 && <b className={styles.error}>{t.policies.problemsCount(found)}</b>}
              </button>
              <button type="button" className={styles.plain} aria-label={t.proposal.removeFile(name)} onClick={() => remove(name)}>
                ×
              </button>
            </li>
          )
        })}
        {gone.map((name) => (
          <li key={name}>
            <span className={styles.gone}>
              <s>{name}</s> {t.policies.kinds.removed}
            </span>
            <button type="button" className={styles.plain} aria-label={t.proposal.restoreFile(name)} onClick={() => restore(name)}>
              {t.proposal.restore}
            </button>
          </li>
        ))}
      </ul>
      <NewFile
        names={draft.files.map((file) => file.name)}
        onAdd={(name) => {
          onChange((now) => ({ ...now, files: sorted([...now.files, { name, text: '' }]) }))
          onOpen(name)
        }}
      />
    </nav>
  )
}

function NewFile({ names, onAdd }: { names: readonly string[]; onAdd: (name: string) => void }) {
  const { t } = useI18n()
  const [name, setName] = useState('')
  const asked = name.trim()
  const wrong = asked === '' ? null : names.includes(asked) ? t.proposal.nameTaken : counts(asked) ? null : t.proposal.nameWrong
  return (
    <form
      className={styles.newFile}
      onSubmit={(event) => {
        event.preventDefault()
        if (asked === '' || wrong !== null) return
        onAdd(asked)
        setName('')
      }}
    >
      <TextInput
        size="xs"
        label={t.proposal.newFile}
        placeholder="packs/office/night.cedar"
        autoComplete="off"
        spellCheck={false}
        error={wrong}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <button type="submit" className={styles.small} disabled={asked === '' || wrong !== null}>
        {t.proposal.add}
      </button>
    </form>
  )
}
