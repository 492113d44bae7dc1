// Signs of drift: how far the latest decisions are from those before, and whether that is too far.
import type { DriftSign } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import styles from './Quality.module.css'

export function DriftTable({ signs }: { signs: readonly DriftSign[] }) {
  const { t, code, format } = useI18n()
  const stateOf = ({ value, raised }: DriftSign) => {
    if (raised) return t.quality.raised
    return value == null ? t.quality.tooFew : t.quality.steady
  }
  return (
    <section className={styles.block} aria-label={t.quality.drift}>
      <h2>{t.quality.drift}</h2>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={styles.scroll} tabIndex={0} role="region" aria-label={t.quality.drift}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">{t.quality.sign}</th>
              <th scope="col">{t.quality.state}</th>
              <th scope="col" className={styles.count}>{t.quality.value}</th>
              <th scope="col" className={styles.count}>{t.quality.limit}</th>
              <th scope="col">{t.quality.compared}</th>
            </tr>
          </thead>
          <tbody>
            {signs.map((sign) => (
              <tr key={sign.code}>
                <th scope="row">{code('DriftSignCode', sign.code)}</th>
                <td className={sign.raised ? styles.raised : sign.value == null ? styles.quiet : undefined}>
                  {sign.raised && <span aria-hidden>▲ </span>}
                  {stateOf(sign)}
                </td>
                <td className={styles.count}>{sign.value == null ? '–' : format.decimal(sign.value)}</td>
                <td className={styles.count}>{format.decimal(sign.limit)}</td>
                <td className={styles.quiet}>{t.quality.driftLead(sign.current, sign.reference)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
