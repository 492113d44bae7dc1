// What it would take: the rules that a single condition kept from taking part, the nearest first, and that condition in
// plain words.
import { useId, useState } from 'react'

import type { NearMiss, Ruling } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { useWords } from '../policies/useWords'
import styles from './Alarm.module.css'

const SHOWN = 5

export function NearPanel({ ruling }: { ruling: Ruling }) {
  const { t } = useI18n()
  const [all, setAll] = useState(false)
  const list = useId()
  const { near = [] } = ruling
  if (near.length === 0) return null
  return (
    <section className={styles.block} aria-label={t.near.title}>
      <h2>{t.near.title}</h2>
      <p className={styles.quiet}>{t.near.lead}</p>
      <ul className={styles.rules} id={list}>
        {near.slice(0, all ? undefined : SHOWN).map((miss) => (
          <li key={miss.id} data-effect={miss.effect}>
            <Near miss={miss} />
          </li>
        ))}
      </ul>
      {near.length > SHOWN && (
        <button type="button" className={styles.more} aria-expanded={all} aria-controls={list} onClick={() => setAll(!all)}>
          {all ? t.near.less : t.near.more(near.length - SHOWN)}
        </button>
      )}
    </section>
  )
}

function Near({ miss }: { miss: NearMiss }) {
  const words = useWords()
  return (
    <>
      <p>{words.would(miss.effect, miss.actions, miss.lacks)}</p>
      <details className={styles.source}>
        <summary>
          <code>{miss.id}</code>
        </summary>
        <code lang="en">{miss.condition}</code>
      </details>
    </>
  )
}
