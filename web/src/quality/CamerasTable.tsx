// The same figures camera by camera; where nothing was measured stands a dash, not a nought.
import type { CameraTally, Rate } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import styles from './Quality.module.css'

export function CamerasTable({ cameras }: { cameras: readonly CameraTally[] }) {
  const { t, code, format } = useI18n()
  return (
    <section className={styles.block} aria-label={t.quality.cameras}>
      <h2>{t.quality.cameras}</h2>
      {/* Wider than a narrow screen, so it is scrolled, by keyboard too. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={styles.scroll} tabIndex={0} role="region" aria-label={t.quality.cameras}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">{t.quality.camera}</th>
              <th scope="col" className={styles.count}>{t.quality.alarms}</th>
              <th scope="col" className={styles.count}>{code('Outcome', 'dismissed')}</th>
              <th scope="col" className={styles.count}>{code('Outcome', 'uncertain')}</th>
              <th scope="col" className={styles.count}>{code('Outcome', 'verified')}</th>
              <th scope="col" className={styles.count}>{t.quality.alone}</th>
              <th scope="col">{t.quality.falseShort}</th>
              <th scope="col">{t.quality.overriddenShort}</th>
              <th scope="col">{t.quality.controlsShort}</th>
            </tr>
          </thead>
          <tbody>
            {cameras.map((one) => (
              <tr key={one.camera}>
                <th scope="row" className={styles.name}>{one.camera}</th>
                {[one.decided, one.dismissed, one.uncertain, one.verified, one.closed_without_person].map((count, i) => (
                  // The columns never change places.
                  // oxlint-disable-next-line react/no-array-index-key
                  <td key={i} className={styles.count}>
                    {format.count(count)}
                  </td>
                ))}
                <RateCell rate={one.false_dismissals} />
                <RateCell rate={one.overridden} />
                <RateCell rate={one.controls_seen} />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function RateCell({ rate: { hits, of, low, high } }: { rate: Rate }) {
  const { t, format } = useI18n()
  if (low == null || high == null) {
    return (
      <td className={styles.quiet}>
        <span aria-hidden>–</span>
        <span className="visually-hidden">{t.quality.notMeasured}</span>
      </td>
    )
  }
  return (
    <td>
      {t.quality.of(hits, of)}
      <span className={styles.range}>
        {format.rate(low)} – {format.rate(high)}
      </span>
    </td>
  )
}
