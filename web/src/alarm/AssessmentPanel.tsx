// What the model thinks, kept apart from what the rules say and from what is suggested.
import type { Assessment, Outcome } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { OutcomeMark, PresenceMark } from '../ui/marks'
import styles from './Alarm.module.css'
import { EvidenceChips } from './evidence'

export function AssessmentPanel({ assessment }: { assessment: Assessment }) {
  const { t, code } = useI18n()
  // A criterion is a fact's code or a rule's id; the lists are searched in turn.
  const nameOf = (name: string) => {
    for (const list of ['Act', 'Hazard', 'Object', 'Cause'] as const) {
      if (Object.hasOwn(t.codes[list], name)) return code(list, name)
    }
    return name.replaceAll('_', ' ')
  }
  const proposed: Outcome = assessment.proposed
  return (
    <section className={styles.block} aria-label={t.alarm.assessment}>
      <h2>{t.alarm.assessment}</h2>
      <p className={styles.rationale}>
        <span className={styles.proposes}>
          {t.alarm.proposed} <OutcomeMark outcome={proposed} />
        </span>
        {assessment.rationale === '' ? (
          <span className={styles.quiet}>{t.alarm.rationaleNone}</span>
        ) : (
          <q>{assessment.rationale}</q>
        )}
      </p>
      {assessment.criteria.length > 0 && (
        <div className={styles.observed}>
          <div>
            <h3>{t.alarm.criteria}</h3>
            <ul>
              {assessment.criteria.map((one) => (
                <li key={one.name} data-presence={one.met}>
                  <span className={styles.factName}>{nameOf(one.name)}</span>
                  <PresenceMark presence={one.met} />
                  <span className={styles.factEvidence}>
                    <EvidenceChips ids={one.evidence} />
                  </span>
                </li>
              ))}
            </ul>
          </div>
        </div>
      )}
    </section>
  )
}
