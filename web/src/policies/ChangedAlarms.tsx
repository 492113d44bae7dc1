// The alarms that would change, the gravest first: what each was and what it would be.
import { Button } from '@mantine/core'
import { useState, type ReactNode } from 'react'

import type { BacktestChange, Outcome, RuledAlarm } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { Link, paths } from '../router'
import { OutcomeMark, SeverityMark } from '../ui/marks'
import styles from './Backtest.module.css'

const ROWS = 50
/** As many as the server tells. */
const MOST = 500

export function ChangedAlarms({ changes, changed }: { changes: readonly BacktestChange[]; changed: number }) {
  const { t } = useI18n()
  const [rows, setRows] = useState(ROWS)
  const told = changes.length
  const lead = told === changed ? t.backtest.changesLead : (told < MOST ? t.backtest.changesHidden : t.backtest.changesFirst)(told, changed)
  return (
    <section aria-label={t.backtest.changes}>
      <h3>{t.backtest.changes}</h3>
      <p className={styles.quiet}>{lead}</p>
      {/* Wider than a narrow screen, so it is scrolled, by keyboard too. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={styles.scroll} tabIndex={0} role="region" aria-label={t.backtest.changes}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">{t.log.alarm}</th>
              <th scope="col">{t.backtest.before}</th>
              <th scope="col">{t.backtest.after}</th>
              <th scope="col">{t.backtest.people}</th>
            </tr>
          </thead>
          <tbody>
            {changes.slice(0, rows).map((change) => (
              <Row key={change.alarm.id} change={change} />
            ))}
          </tbody>
        </table>
      </div>
      {changes.length > rows && (
        <Button size="sm" variant="default" onClick={() => setRows(rows + ROWS)}>
          {t.backtest.more(changes.length - rows)}
        </Button>
      )}
    </section>
  )
}

function Row({ change: { alarm, before, after, disposition } }: { change: BacktestChange }) {
  const { code, format } = useI18n()
  return (
    <tr>
      <th scope="row">
        <Link href={paths.alarm(alarm.id)}>{alarm.camera}</Link>
        <span className={styles.line}>
          {format.dateTime(alarm.occurred_at)} · {code('AlarmKind', alarm.kind)} · {alarm.site}
        </span>
      </th>
      <td>
        <Ruled ruled={before} other={after} />
      </td>
      <td>
        <Ruled ruled={after} other={before} />
      </td>
      <td>{disposition == null ? '–' : code('DispositionCode', disposition)}</td>
    </tr>
  )
}

/** How one version rules; what the other rules differently stands out. */
function Ruled({ ruled, other }: { ruled: RuledAlarm; other: RuledAlarm }) {
  const { code } = useI18n()
  const outcome: Outcome = ruled.outcome
  const own = (all: readonly string[], others: readonly string[]) => all.filter((one) => !others.includes(one))
  const actions = own(ruled.actions, other.actions).map((action) => code('ActionCode', action))
  const rules = own(ruled.rules, other.rules)
  return (
    <div className={styles.ruled}>
      <Told differs={outcome !== other.outcome}>
        <OutcomeMark outcome={outcome} />
      </Told>
      <Told differs={ruled.severity !== other.severity}>
        <SeverityMark severity={ruled.severity} size={12} />
      </Told>
      {ruled.oversight !== other.oversight && <span>{code('Oversight', ruled.oversight)}</span>}
      {actions.length > 0 && <span>{actions.join(', ')}</span>}
      {rules.length > 0 && <code>{rules.join(', ')}</code>}
    </div>
  )
}

function Told({ differs, children }: { differs: boolean; children: ReactNode }) {
  return <span className={differs ? styles.differs : undefined}>{children}</span>
}
