// One file's text with its line numbers; what the last check found stands above it and at its line.
import { useEffect, useId, useMemo, useRef } from 'react'

import type { PolicyFile } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { FindingsList } from './FindingsList'
import type { Finding } from './findings'
import styles from './Proposal.module.css'

/** As the style sheet has it. */
const LINE_PX = 20

interface Props {
  file: PolicyFile
  findings: readonly Finding[]
  /** The line to go to. */
  line: number | null
  onLine: (line: number | null) => void
  onChange: (text: string) => void
}

export function FileEditor({ file, findings, line, onLine, onChange }: Props) {
  const { t } = useI18n()
  const id = useId()
  const field = useRef<HTMLTextAreaElement>(null)
  const numbers = useRef<HTMLDivElement>(null)
  const lines = useMemo(() => file.text.split('\n').length, [file.text])
  const faulty = new Set(findings.map((one) => one.line))

  useEffect(() => {
    if (line === null || field.current === null) return
    goTo(field.current, line)
    onLine(null)
  }, [line, onLine])

  return (
    <section className={styles.editor} aria-label={file.name}>
      <h2>
        <label htmlFor={id}>
          <span className="visually-hidden">{t.proposal.textOf} </span>
          <code>{file.name}</code>
        </label>
      </h2>
      {findings.length > 0 && (
        <div id={`${id}-found`}>
          <p className={styles.quiet}>{t.proposal.asOfCheck}</p>
          <FindingsList
            grave
            findings={findings}
            onGoTo={(finding) => onLine(finding.line)}
            reachable={(finding) => finding.line !== null}
            nameOf={(finding) => (finding.line === null ? file.name : t.proposal.line(finding.line))}
          />
        </div>
      )}
      <div className={styles.text}>
        <div className={styles.numbers} ref={numbers} aria-hidden>
          {Array.from({ length: lines }, (_, i) => (
            // oxlint-disable-next-line react/no-array-index-key
            <div key={i} data-faulty={faulty.has(i + 1) || undefined}>
              {faulty.has(i + 1) ? `! ${i + 1}` : i + 1}
            </div>
          ))}
        </div>
        <textarea
          id={id}
          ref={field}
          wrap="off"
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          lang="en"
          aria-invalid={findings.length > 0}
          aria-describedby={findings.length > 0 ? `${id}-found` : undefined}
          value={file.text}
          onChange={(event) => onChange(event.currentTarget.value)}
          onScroll={(event) => {
            if (numbers.current !== null) numbers.current.scrollTop = event.currentTarget.scrollTop
          }}
        />
      </div>
    </section>
  )
}

/** Selects the line, which also tells a screen reader what stands there, and brings it into sight. */
function goTo(field: HTMLTextAreaElement, line: number): void {
  const before = field.value.split('\n').slice(0, line - 1)
  const start = before.reduce((sum, text) => sum + text.length + 1, 0)
  const end = field.value.indexOf('\n', start)
  field.focus()
  field.setSelectionRange(start, end < 0 ? field.value.length : end)
  field.scrollTop = Math.max(0, (line - 4) * LINE_PX)
}
