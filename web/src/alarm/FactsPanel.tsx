// What was read from the captions, each fact with where it is said.
import type { ReactNode } from 'react'

import type { Facts, Presence } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { PresenceMark } from '../ui/marks'
import styles from './Alarm.module.css'
import { EvidenceChips } from './evidence'

export function FactsPanel({ facts }: { facts: Facts }) {
  const { t, code } = useI18n()
  return (
    <section className={styles.block} aria-label={t.alarm.facts}>
      <h2>{t.alarm.facts}</h2>
      {!facts.read_by_model && <p className={styles.warning}>{t.alarm.onlyLexicon}</p>}
      <dl className={styles.summary}>
        <Pair term={t.alarm.danger}>
          <PresenceMark presence={facts.danger} />
        </Pair>
        <Pair term={t.alarm.cause}>{code('Cause', facts.cause)}</Pair>
        <Pair term={t.alarm.where}>{code('Place', facts.place)}</Pair>
        <Pair term={t.alarm.sufficiency}>{code('Sufficiency', facts.sufficiency)}</Pair>
        <Pair term={t.alarm.inScene}>
          <span className={facts.scene_text === 'instruction_like' ? styles.distrusted : undefined}>
            {code('SceneText', facts.scene_text)}
          </span>
        </Pair>
        {(['people', 'vehicles', 'animals'] as const).map((kind) => (
          <Pair key={kind} term={t.alarm[kind]}>
            {code('CountBand', facts[kind].count)} <EvidenceChips ids={facts[kind].evidence} />
          </Pair>
        ))}
      </dl>
      <div className={styles.observed}>
        <Observations title={t.alarm.hazards} list="Hazard" observed={facts.hazards} />
        <Observations title={t.alarm.acts} list="Act" observed={facts.acts} />
        <Observations title={t.alarm.objects} list="Object" observed={facts.objects} />
      </div>
    </section>
  )
}

export function Pair({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  )
}

interface Observed {
  code: string
  presence: Presence
  evidence: string[]
  reader: string
}

function Observations({ title, list, observed }: { title: string; list: 'Hazard' | 'Act' | 'Object'; observed: Observed[] }) {
  const { t, code } = useI18n()
  if (observed.length === 0) return null
  return (
    <div>
      <h3>{title}</h3>
      <ul>
        {observed.map((one) => (
          <li key={`${one.code} ${one.presence} ${one.reader}`} data-presence={one.presence}>
            <span className={styles.factName}>{code(list, one.code)}</span>
            <PresenceMark presence={one.presence} />
            <span className={styles.factEvidence}>
              <EvidenceChips ids={one.evidence} />
              {one.reader !== 'model' && (
                <span className={styles.quiet} title={t.alarm.readBy(code('Reader', one.reader))}>
                  {code('Reader', one.reader)}
                </span>
              )}
            </span>
          </li>
        ))}
      </ul>
    </div>
  )
}
