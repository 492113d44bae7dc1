// What the rules say: which took part, what they permit, and who must confirm.
import type { Ruling } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { useWords } from '../policies/useWords'
import { OutcomeMark, SeverityMark } from '../ui/marks'
import styles from './Alarm.module.css'
import { Pair } from './FactsPanel'

export function RulingPanel({ ruling }: { ruling: Ruling }) {
  const { t, code } = useI18n()
  const words = useWords()
  return (
    <section className={styles.block} aria-label={t.alarm.ruling}>
      <h2>{t.alarm.ruling}</h2>
      {ruling.settled != null && <p className={styles.warning}>{t.alarm.settledBy(ruling.settled.rule)}</p>}
      <dl className={styles.summary}>
        <Pair term={t.alarm.permitted}>
          <span className={styles.outcomes}>
            {ruling.permitted.map((outcome) => (
              <OutcomeMark key={outcome} outcome={outcome} />
            ))}
          </span>
        </Pair>
        <Pair term={t.alarm.floor}>
          <SeverityMark severity={ruling.severity_floor} size={14} />
        </Pair>
        <Pair term={t.alarm.oversight}>{code('Oversight', ruling.oversight)}</Pair>
      </dl>
      {ruling.rules.length === 0 && <p className={styles.quiet}>{t.alarm.noRules}</p>}
      <ul className={styles.rules}>
        {ruling.rules.map((rule) => (
          <li key={`${rule.id} ${rule.action}`} data-effect={rule.effect}>
            <div className={styles.ruleHead}>
              <code>{rule.id}</code>
              <span className={styles.effect}>
                {words.does(rule.effect, [rule.action])}
              </span>
            </div>
            <p>
              <span lang={words.languageOf(rule)}>{words.because(rule)}</span>
              {rule.cites != null && (
                <span className={styles.quiet}>
                  {' '}
                  {t.alarm.cites} {rule.cites}
                </span>
              )}
            </p>
          </li>
        ))}
      </ul>
    </section>
  )
}
