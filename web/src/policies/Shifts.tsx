// What begins and what ends, and how much changes at each site: each a row with its figures and a small bar.
import type { Shift, SiteShift } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import styles from './Backtest.module.css'

interface Props {
  title: string
  begins: string
  ends: string
  shifts: readonly Shift[]
  /** Where the names are codes. */
  list?: 'ActionCode'
}

export function Shifts({ title, begins, ends, shifts, list }: Props) {
  const { code, format } = useI18n()
  const most = Math.max(...shifts.map((one) => Math.max(one.begins, one.ends)))
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{title}</th>
            <th scope="col" className={styles.count}>{begins}</th>
            <th scope="col" className={styles.count}>{ends}</th>
            <td aria-hidden className={styles.picture} />
          </tr>
        </thead>
        <tbody>
          {shifts.map((one) => (
            <tr key={one.name}>
              <th scope="row">{list === undefined ? <code>{one.name}</code> : code(list, one.name)}</th>
              <td className={styles.count}>{format.count(one.begins)}</td>
              <td className={styles.count}>{format.count(one.ends)}</td>
              <td aria-hidden className={styles.picture}>
                <svg width="100%" height="12">
                  <rect x={`${50 - (one.ends / most) * 50}%`} width={`${(one.ends / most) * 50}%`} height="12" className={styles.ends} />
                  <rect x="50%" width={`${(one.begins / most) * 50}%`} height="12" className={styles.begins} />
                  <line x1="50%" x2="50%" y1="0" y2="12" className={styles.axis} />
                </svg>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

export function SiteShares({ sites }: { sites: readonly SiteShift[] }) {
  const { t, format } = useI18n()
  return (
    <section aria-label={t.backtest.sites}>
      <h3>{t.backtest.sites}</h3>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{t.quality.site}</th>
            <th scope="col" className={styles.count}>{t.backtest.parts.changed}</th>
            <th scope="col" className={styles.count}>{t.backtest.tried}</th>
            <td aria-hidden className={styles.picture} />
          </tr>
        </thead>
        <tbody>
          {sites.map((one) => (
            <tr key={one.site}>
              <th scope="row">{one.site}</th>
              <td className={styles.count}>{format.count(one.changed)}</td>
              <td className={styles.count}>{format.count(one.alarms)}</td>
              <td aria-hidden className={styles.picture}>
                <svg width="100%" height="12">
                  <rect width="100%" height="12" className={styles.ground} />
                  <rect width={one.alarms === 0 ? 0 : `${(one.changed / one.alarms) * 100}%`} height="12" className={styles.begins} />
                </svg>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
