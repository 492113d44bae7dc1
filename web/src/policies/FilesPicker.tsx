// Brings files into the draft: a folder, which is the whole set, or single files, which take their places in it.
import { useId, useState, type DragEvent } from 'react'

import { useI18n } from '../i18n/I18nProvider'
import type { Draft } from './drafts'
import { dropped, merged, placed, read, type Chosen, type Read } from './files'
import styles from './Proposal.module.css'

interface Props {
  draft: Draft
  onChange: (change: (draft: Draft) => Draft) => void
  /** Which file to look at first. */
  onRead: (name: string) => void
}

export function FilesPicker({ draft, onChange, onRead }: Props) {
  const { t } = useI18n()
  const [result, setResult] = useState<Read | null>(null)
  const [over, setOver] = useState(false)
  const folder = useId()
  const files = useId()

  const take = async (chosen: Promise<Chosen[]> | Chosen[]) => {
    const found = await read(await chosen)
    setResult(found)
    const [one] = found.files
    if (one === undefined) return
    onChange((now) => ({ ...now, before: now.files, findings: [], files: found.folder ? found.files : merged(now.files, found.files) }))
    onRead(found.folder ? one.name : placed(draft.files, one.name))
  }
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    // What was dropped is gone from the event once this function has returned.
    void take(dropped(event.dataTransfer))
  }
  const takeBack = () => {
    setResult(null)
    onChange((now) => ({ ...now, files: now.before ?? now.files, before: null }))
  }
  return (
    <div
      className={styles.picker}
      data-over={over || undefined}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <p>{t.proposal.bring}</p>
      <Choose id={folder} label={t.proposal.folder} folder onFiles={(list) => void take(list)} />
      <Choose id={files} label={t.proposal.files} onFiles={(list) => void take(list)} />
      <div role="status" className={styles.brought}>
        {result !== null && <Brought result={result} />}
      </div>
      {draft.before !== null && (
        <button type="button" className={styles.plain} onClick={takeBack}>
          {t.proposal.takeBack}
        </button>
      )}
    </div>
  )
}

function Choose({ id, label, folder = false, onFiles }: { id: string; label: string; folder?: boolean; onFiles: (chosen: Chosen[]) => void }) {
  return (
    <label className={styles.choose} htmlFor={id}>
      <input
        id={id}
        type="file"
        multiple
        className="visually-hidden"
        // React has no property for it, but every browser knows the attribute.
        {...(folder ? { webkitdirectory: '' } : { accept: '.cedar,.toml' })}
        onChange={(event) => {
          onFiles([...(event.currentTarget.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file })))
          // So that the same folder can be chosen again after it was mended.
          event.currentTarget.value = ''
        }}
      />
      {label}
    </label>
  )
}

function Brought({ result }: { result: Read }) {
  const { t } = useI18n()
  const { files, leftOut, notText, folder } = result
  return (
    <>
      <p>{files.length === 0 ? t.proposal.broughtNone : folder ? t.proposal.broughtFolder(files.length) : t.proposal.broughtFiles(files.length)}</p>
      {leftOut.length > 0 && (
        <p className={styles.quiet}>
          {t.proposal.leftOut(leftOut.length)} {leftOut.slice(0, 8).join(', ')}
          {leftOut.length > 8 && '…'}
        </p>
      )}
      {notText.length > 0 && (
        <p className={styles.error}>
          {t.proposal.notText} {notText.join(', ')}
        </p>
      )}
    </>
  )
}
