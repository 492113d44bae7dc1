// What the system suggests, why, and how sure it is.
import type { Decision } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { LevelMark, OutcomeMark, SeverityMark } from '../ui/marks'
import styles from './Alarm.module.css'

export function VerdictPanel({ decision }: { decision: Decision }) {
  const { t, code, format, language } = useI18n()
  const { verdict, assessment } = decision
  // The server's sentence is English and says more than the code; other languages go by the code.
  const reason = language === 'en' && verdict.reason.text !== '' ? verdict.reason.text : code('ReasonCode', verdict.reason.code)
  const failures = assessment.failures ?? []
  return (
    <section className={styles.block} aria-label={t.verdict.title}>
      <h2>{t.verdict.title}</h2>
      <div className={styles.verdict}>
        <span className={styles.verdictOutcome}>
          <OutcomeMark outcome={verdict.outcome} />
        </span>
        <SeverityMark severity={verdict.severity} size={18} />
        <span>
          <LevelMark level={verdict.avs_level} /> <span className={styles.quiet}>{code('AvsLevel', verdict.avs_level)}</span>
        </span>
      </div>
      <p className={styles.reason}>{reason}</p>
      {failures.length > 0 && (
        <ul className={styles.failures} aria-label={t.verdict.failures}>
          {failures.map((failure) => (
            <li key={`${failure.stage} ${failure.code}`}>
              {code('Stage', failure.stage)}: {code('FailureCode', failure.code)} <code>{failure.code}</code>
            </li>
          ))}
        </ul>
      )}
      <dl className={styles.measures}>
        <Measure
          term={t.verdict.probability}
          share={verdict.threat_probability}
          note={verdict.calibrated ? t.verdict.calibrated : t.verdict.notCalibrated}
        />
        <Measure term={t.verdict.modelThreat} share={assessment.confidence.model_threat} />
        <Measure term={t.verdict.classifierThreat} share={assessment.confidence.classifier_threat} />
        <div>
          <dt>{t.verdict.margin}</dt>
          <dd>
            {assessment.confidence.verdict_margin == null
              ? t.verdict.notMeasured
              : `${format.decimal(assessment.confidence.verdict_margin)} ${t.verdict.nats}`}
          </dd>
          <dd className={styles.quiet}>{assessment.confidence.agree ? t.verdict.agree : t.verdict.disagree}</dd>
        </div>
      </dl>
      <p className={styles.quiet}>
        {verdict.rules.length > 0 && (
          <>
            {t.verdict.rules} <code>{verdict.rules.join(', ')}</code> ·{' '}
          </>
        )}
        <span title={decision.record.hash}>
          {t.verdict.record} {decision.record.entry}
        </span>
      </p>
    </section>
  )
}

function Measure({ term, share, note }: { term: string; share: number | null | undefined; note?: string }) {
  const { t, format } = useI18n()
  return (
    <div>
      <dt>{term}</dt>
      <dd>{share == null ? t.verdict.notMeasured : format.share(share)}</dd>
      <dd>
        {share != null && (
          <svg className={styles.meter} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden>
            <rect width="100" height="6" className={styles.meterGround} />
            <rect width={Math.min(Math.max(share, 0), 1) * 100} height="6" />
          </svg>
        )}
        {note !== undefined && <span className={styles.quiet}>{note}</span>}
      </dd>
    </div>
  )
}
