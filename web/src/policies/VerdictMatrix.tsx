// From which verdict to which: rows are what it was, columns what it would be.
import type { Outcome, VerdictShift } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { OutcomeMark } from '../ui/marks'
import styles from './Backtest.module.css'

const outcomes = ['dismissed', 'uncertain', 'verified'] as const satisfies readonly Outcome[]

export function VerdictMatrix({ shifts }: { shifts: readonly VerdictShift[] }) {
  const { t, format } = useI18n()
  const count = (from: Outcome, to: Outcome) => shifts.filter((one) => one.from === from && one.to === to).reduce((sum, one) => sum + one.alarms, 0)
  return (
    <section aria-label={t.backtest.verdicts}>
      <h3>{t.backtest.verdicts}</h3>
      <table className={styles.table}>
        <thead>
          <tr>
            <td>{t.backtest.fromTo}</td>
            {outcomes.map((to) => (
              <th key={to} scope="col" className={styles.count}>
                <OutcomeMark outcome={to} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {outcomes.map((from) => (
            <tr key={from}>
              <th scope="row">
                <OutcomeMark outcome={from} />
              </th>
              {outcomes.map((to) => (
                <td key={to} className={styles.count} data-same={from === to || undefined} data-none={count(from, to) === 0 || undefined}>
                  {from === to ? (
                    <>
                      <span aria-hidden>·</span>
                      <span className="visually-hidden">{t.backtest.parts.same}</span>
                    </>
                  ) : (
                    format.count(count(from, to))
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
