// How many of the alarms would change, as one bar; told apart by filling and by words, never by colour alone.
import { useI18n } from '../i18n/I18nProvider'
import styles from './Backtest.module.css'

type Part = 'changed' | 'same'

export function ShareBar({ alarms, changed }: { alarms: number; changed: number }) {
  const { t, format } = useI18n()
  const counts: [Part, number][] = [
    ['changed', changed],
    ['same', alarms - changed],
  ]
  const parts = counts.filter(([, count]) => count > 0)
  const words = (part: Part, count: number) => `${t.backtest.parts[part]} ${format.count(count)}, ${format.rate(count / alarms)}`
  return (
    <div className={styles.share}>
      <svg role="img" aria-label={parts.map(([part, count]) => words(part, count)).join('; ')} width="100%" height="22" className={styles.mix}>
        {parts.map(([part, count], i) => {
          const before = parts.slice(0, i).reduce((sum, [, other]) => sum + other, 0)
          return <rect key={part} data-part={part} x={`${(before / alarms) * 100}%`} width={`${(count / alarms) * 100}%`} height="22" />
        })}
      </svg>
      <ul className={styles.legend} aria-hidden>
        {parts.map(([part, count]) => (
          <li key={part}>
            <svg width="14" height="14" className={styles.mix}>
              <rect data-part={part} width="14" height="14" />
            </svg>
            {words(part, count)}
          </li>
        ))}
      </ul>
    </div>
  )
}
