// Two texts as one, line by line, with signs before what is gone and what is new; told in words too.
import { useMemo } from 'react'

import { useI18n } from '../i18n/I18nProvider'
import { unified, type DiffLine } from './changes'
import styles from './Policies.module.css'

export function DiffLines({ label, before, after }: { label: string; before: string; after: string }) {
  const { t } = useI18n()
  const lines = useMemo(() => unified(before, after), [before, after])
  return (
    // Wider than its place, so it is scrolled, by keyboard too.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={styles.diff} tabIndex={0} role="region" aria-label={t.policies.diffOf(label)} lang="en">
      {lines.map((line, i) => (
        // The lines of two texts that never change.
        // oxlint-disable-next-line react/no-array-index-key
        <Line key={i} line={line} />
      ))}
    </div>
  )
}

function Line({ line }: { line: DiffLine }) {
  const { t } = useI18n()
  if (line.sign === '…') return <div className={styles.folded}>{t.policies.sameLines(line.count)}</div>
  const said = { '+': t.policies.lineAdded, '-': t.policies.lineRemoved, ' ': '' }[line.sign]
  return (
    <div className={styles.diffLine} data-sign={line.sign}>
      <span aria-hidden className={styles.sign}>
        {line.sign === '-' ? '−' : line.sign}
      </span>
      {said !== '' && <span className="visually-hidden">{said}</span>}
      <span>{line.text}</span>
    </div>
  )
}
