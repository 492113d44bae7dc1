// A share as a dot on its axis, with the bar that holds the true share with 95 % confidence. Where only the upper
// bound is known, the bar begins at the dot.
import { useI18n } from '../i18n/I18nProvider'
import styles from './Quality.module.css'
import { axisEnd } from './scale'

interface Props {
  share: number
  low?: number
  high: number
  /** The same in words. */
  label: string
}

export function IntervalPlot({ share, low, high, label }: Props) {
  const { format } = useI18n()
  const end = axisEnd(high)
  const at = (value: number) => `${(value / end) * 100}%`
  return (
    <div className={styles.plot}>
      <svg role="img" aria-label={label} width="100%" height="22">
        <line x1="0" x2="100%" y1="11" y2="11" className={styles.axis} />
        <line x1="0" x2="0" y1="6" y2="16" className={styles.axis} />
        <line x1="100%" x2="100%" y1="6" y2="16" className={styles.axis} />
        <line x1={at(low ?? share)} x2={at(high)} y1="11" y2="11" className={styles.bar} />
        {low !== undefined && <line x1={at(low)} x2={at(low)} y1="5" y2="17" className={styles.cap} />}
        <line x1={at(high)} x2={at(high)} y1="5" y2="17" className={styles.cap} />
        <circle cx={at(share)} cy="11" r="5.5" className={styles.dot} />
      </svg>
      <div aria-hidden className={styles.ends}>
        <span>{format.rate(0)}</span>
        <span>{format.rate(end)}</span>
      </div>
    </div>
  )
}
