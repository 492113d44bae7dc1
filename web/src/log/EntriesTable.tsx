// The entries, newest first; each opens to its leaf.
import { Fragment, useState } from 'react'

import type { LogEntry } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { Link, paths } from '../router'
import { readLeaf } from './leaf'
import styles from './Log.module.css'

export function EntriesTable({ entries }: { entries: readonly LogEntry[] }) {
  const { t, format } = useI18n()
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set())
  const toggle = (seq: number) => {
    const next = new Set(open)
    if (!next.delete(seq)) next.add(seq)
    setOpen(next)
  }
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th scope="col">{t.log.seq}</th>
          <th scope="col">{t.log.recorded}</th>
          <th scope="col">{t.log.type}</th>
          <th scope="col">{t.log.actor}</th>
          <th scope="col">{t.log.alarm}</th>
          <th scope="col">{t.log.hash}</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => {
          const leaf = readLeaf(entry.leaf)
          const shown = open.has(entry.seq)
          return (
            <Fragment key={entry.seq}>
              <tr data-open={shown || undefined}>
                <td>
                  <button
                    type="button"
                    aria-expanded={shown}
                    aria-controls={`leaf-${entry.seq}`}
                    aria-label={t.log.expand(entry.seq)}
                    onClick={() => toggle(entry.seq)}
                  >
                    <span aria-hidden>{shown ? '▾' : '▸'}</span> {entry.seq}
                  </button>
                </td>
                <td className={styles.time}>{format.dateTime(entry.recorded_at)}</td>
                <td>{leaf.type}</td>
                <td>{leaf.actor}</td>
                <td>{leaf.alarmId !== null && <Link href={paths.alarm(leaf.alarmId)}>{shortId(leaf.alarmId)}</Link>}</td>
                <td title={entry.leaf_hash}>
                  <code>{entry.leaf_hash.slice(0, 16)}…</code>
                </td>
              </tr>
              {shown && (
                <tr id={`leaf-${entry.seq}`} className={styles.leaf}>
                  <td colSpan={6}>
                    <pre>{leaf.pretty}</pre>
                    <p>
                      {t.log.hash} <code>{entry.leaf_hash}</code>
                    </p>
                  </td>
                </tr>
              )}
            </Fragment>
          )
        })}
      </tbody>
    </table>
  )
}

/** A version 7 UUID begins with its time; its end tells neighbours apart. */
function shortId(id: string): string {
  return id.length > 12 ? `…${id.slice(-8)}` : id
}
