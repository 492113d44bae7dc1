// What a version would have made of recorded alarms, for whoever must decide on it: first in a sentence, then grave
// things, then in figures, at last alarm by alarm.
import type { AlarmRef, Backtest } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { Link, paths } from '../router'
import styles from './Backtest.module.css'
import { ChangedAlarms } from './ChangedAlarms'
import { Digest } from './marks'
import { ShareBar } from './ShareBar'
import { SiteShares, Shifts } from './Shifts'
import { VerdictMatrix } from './VerdictMatrix'

interface Props {
  backtest: Backtest
  /** The version that is in force now. */
  live: string
  /** Whether the one that was tried is. */
  inForce: boolean
}

export function BacktestReport({ backtest, live, inForce }: Props) {
  const { t, format } = useI18n()
  const { alarms, changed, to_be_read: open, skipped, since } = backtest
  const old = !inForce && backtest.against !== '' && backtest.against !== live
  return (
    <section className={styles.report} aria-label={t.policies.tabs.backtest}>
      <p className={styles.sentence}>{t.backtest.summary(alarms, changed)}</p>
      <p className={styles.quiet}>
        {since == null ? t.backtest.triedAll(format.dateTime(backtest.at)) : t.backtest.triedSince(format.dateTime(backtest.at), format.date(since))}{' '}
        {backtest.against === '' ? t.backtest.againstOwn : t.backtest.against} {backtest.against !== '' && <Digest digest={backtest.against} />}
      </p>
      {old && <p className={styles.notice}>{t.backtest.old}</p>}
      {backtest.dismissed_threats.length > 0 && <Threats threats={backtest.dismissed_threats} />}
      {alarms > 0 && <ShareBar alarms={alarms} changed={changed} />}
      {open > 0 && <p>{t.backtest.toBeRead(open)}</p>}
      {skipped > 0 && <p>{t.backtest.skipped(skipped)}</p>}
      {changed > 0 && <Figures backtest={backtest} />}
      {changed > 0 && <ChangedAlarms changes={backtest.changes} changed={changed} />}
    </section>
  )
}

function Threats({ threats }: { threats: readonly AlarmRef[] }) {
  const { t, code, format } = useI18n()
  return (
    <section className={styles.threats} aria-label={t.backtest.threatsTitle}>
      <h3>{t.backtest.threatsTitle}</h3>
      <p>{t.backtest.threats(threats.length)}</p>
      <ul>
        {threats.map((alarm) => (
          <li key={alarm.id}>
            <Link href={paths.alarm(alarm.id)}>
              {alarm.camera}, {format.dateTime(alarm.occurred_at)}
            </Link>{' '}
            <span>
              {code('AlarmKind', alarm.kind)} · {alarm.site}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Figures({ backtest }: { backtest: Backtest }) {
  const { t, format } = useI18n()
  const moved: [string, number, number][] = [
    [t.queue.severity, backtest.severity_up, backtest.severity_down],
    [t.backtest.oversight, backtest.oversight_up, backtest.oversight_down],
  ]
  return (
    <div className={styles.figures}>
      {backtest.verdicts.length > 0 && <VerdictMatrix shifts={backtest.verdicts} />}
      <section aria-label={t.backtest.stricter}>
        <h3>{t.backtest.stricter}</h3>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">
                <span className="visually-hidden">{t.backtest.stricter}</span>
              </th>
              <th scope="col" className={styles.count}>
                <span aria-hidden>▲ </span>
                {t.backtest.up}
              </th>
              <th scope="col" className={styles.count}>
                <span aria-hidden>▼ </span>
                {t.backtest.down}
              </th>
            </tr>
          </thead>
          <tbody>
            {moved.map(([name, up, down]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td className={styles.count}>{format.count(up)}</td>
                <td className={styles.count}>{format.count(down)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {backtest.sites.length > 0 && <SiteShares sites={backtest.sites} />}
      {backtest.actions.length > 0 && <Shifts title={t.backtest.actions} begins={t.backtest.newly} ends={t.backtest.gone} shifts={backtest.actions} list="ActionCode" />}
      {backtest.rules.length > 0 && <Shifts title={t.backtest.rules} begins={t.backtest.fires} ends={t.backtest.firesNoMore} shifts={backtest.rules} />}
    </div>
  )
}
