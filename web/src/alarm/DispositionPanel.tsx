// A person's word on the alarm. Seven codes of one size, none chosen beforehand, each a key away: whoever
// disagrees with the suggestion works no harder than whoever agrees.
import { Button, TextInput } from '@mantine/core'
import type { RefObject } from 'react'

import type { DispositionCode } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import styles from './Alarm.module.css'
import { dispositionCodes, type Draft } from './draft'

interface Props {
  draft: Draft
  onChange: (draft: Draft) => void
  onConfirm: () => void
  note: RefObject<HTMLInputElement | null>
  /** Why nobody may decide here now. */
  closedBecause: string | null
  again: boolean
  busy: boolean
  error: string | null
}

export function DispositionPanel({ draft, onChange, onConfirm, note, closedBecause, again, busy, error }: Props) {
  const { t, code } = useI18n()
  if (closedBecause !== null) {
    return (
      <section className={styles.disposition} aria-label={t.disposition.title}>
        <h2>{t.disposition.title}</h2>
        <p className={styles.quiet}>{closedBecause}</p>
      </section>
    )
  }
  return (
    <section className={styles.disposition} aria-label={t.disposition.title}>
      <fieldset className={styles.codes} disabled={busy}>
        <legend>
          {again ? t.disposition.again : t.disposition.title} <span className={styles.quiet}>{t.disposition.lead}</span>
        </legend>
        {dispositionCodes.map((one: DispositionCode, i) => (
          <label key={one} className={styles.code}>
            <input
              type="radio"
              name="disposition"
              className="visually-hidden"
              value={one}
              checked={draft.code === one}
              onChange={() => onChange({ ...draft, code: one })}
            />
            <kbd aria-hidden>{i + 1}</kbd>
            {code('DispositionCode', one)}
          </label>
        ))}
      </fieldset>
      <div className={styles.noteRow}>
        <TextInput
          size="sm"
          aria-label={`${t.disposition.reasonCode}, ${t.disposition.reasonHint}`}
          placeholder={t.disposition.reasonCode}
          maxLength={64}
          disabled={busy}
          value={draft.reasonCode}
          onChange={(event) => onChange({ ...draft, reasonCode: event.currentTarget.value })}
        />
        <TextInput
          ref={note}
          size="sm"
          aria-label={`${t.disposition.note}, ${t.disposition.noteHint}`}
          placeholder={`${t.disposition.note} (n)`}
          maxLength={2000}
          disabled={busy}
          value={draft.note}
          onChange={(event) => onChange({ ...draft, note: event.currentTarget.value })}
        />
      </div>
      {error !== null && (
        <p role="alert" className={styles.error}>
          {error}
        </p>
      )}
      <Button size="md" fullWidth disabled={draft.code === null} loading={busy} onClick={onConfirm}>
        {draft.code === null ? t.disposition.choose : `${t.disposition.confirm}: ${code('DispositionCode', draft.code)}`}
        <kbd aria-hidden className={styles.enter}>
          ⏎
        </kbd>
      </Button>
    </section>
  )
}
