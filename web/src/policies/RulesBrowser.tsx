// The rules as people read them: by place, found by words and by what they do.
import { TextInput } from '@mantine/core'
import { useState, type ChangeEvent } from 'react'

import type { PolicyRule, SitePolicy } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { SeverityMark } from '../ui/marks'
import styles from './Policies.module.css'
import { byPlace, chosen, everything, type Place, type RuleFilter } from './rules'
import { useWords } from './useWords'

const severities = ['critical', 'high', 'medium', 'low', 'none'] as const
const effects = ['permit', 'forbid'] as const

export function RulesBrowser({ rules, sites }: { rules: readonly PolicyRule[]; sites: readonly SitePolicy[] }) {
  const { t } = useI18n()
  const [filter, setFilter] = useState(everything)
  if (rules.length === 0) return <p className={styles.quiet}>{t.policies.rulesUnread}</p>
  const found = chosen(rules, sites, filter)
  return (
    <section aria-label={t.policies.tabs.rules}>
      <Filter rules={rules} sites={sites} filter={filter} onChange={setFilter} />
      <p className={styles.quiet} role="status">
        {t.policies.rulesShown(found.length, rules.length)}
      </p>
      {byPlace(found).map(([place, held]) => (
        <PlaceRules key={`${place.kind} ${place.name}`} place={place} rules={held} />
      ))}
    </section>
  )
}

interface FilterProps {
  rules: readonly PolicyRule[]
  sites: readonly SitePolicy[]
  filter: RuleFilter
  onChange: (filter: RuleFilter) => void
}

function Filter({ rules, sites, filter, onChange }: FilterProps) {
  const { t, code } = useI18n()
  const words = useWords()
  const actions = [...new Set(rules.flatMap((rule) => rule.actions))].toSorted()
  const set = (name: 'action' | 'effect' | 'severity') => (event: ChangeEvent<HTMLSelectElement>) =>
    onChange({ ...filter, [name]: event.currentTarget.value })
  return (
    <div className={styles.filter} role="search" aria-label={t.policies.filter}>
      <TextInput
        size="sm"
        type="search"
        label={t.policies.search}
        value={filter.words}
        onChange={(event) => onChange({ ...filter, words: event.currentTarget.value })}
      />
      <label className={styles.field}>
        {t.policies.action}
        <select value={filter.action} onChange={set('action')}>
          <option value="">{t.policies.all}</option>
          {actions.map((action) => (
            <option key={action} value={action}>
              {words.action(action)}
            </option>
          ))}
        </select>
      </label>
      <label className={styles.field}>
        {t.policies.effect}
        <select value={filter.effect} onChange={set('effect')}>
          <option value="">{t.policies.all}</option>
          {effects.map((effect) => (
            <option key={effect} value={effect}>
              {code('Effect', effect)}
            </option>
          ))}
        </select>
      </label>
      <label className={styles.field}>
        {t.queue.severity}
        <select value={filter.severity} onChange={set('severity')}>
          <option value="">{t.policies.all}</option>
          {severities.map((severity) => (
            <option key={severity} value={severity}>
              {code('Severity', severity)}
            </option>
          ))}
        </select>
      </label>
      <label className={styles.field}>
        {t.policies.holdsAt}
        <select
          value={filter.site === null ? '' : String(filter.site)}
          onChange={(event) => onChange({ ...filter, site: event.currentTarget.value === '' ? null : Number(event.currentTarget.value) })}
        >
          <option value="">{t.policies.all}</option>
          {sites.map((site, i) => (
            <option key={site.site ?? ''} value={i}>
              {site.site ?? t.policies.otherSites}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}

function PlaceRules({ place, rules }: { place: Place; rules: readonly PolicyRule[] }) {
  const { t } = useI18n()
  const title = t.policies.places[place.kind](place.name)
  return (
    <section className={styles.placeRules} aria-label={title}>
      <h3>
        {title} <span className={styles.quiet}>{t.policies.rulesCount(rules.length)}</span>
      </h3>
      <ul className={styles.rules}>
        {rules.map((rule) => (
          <li key={`${rule.place} ${rule.id} ${rule.file} ${rule.line}`} data-effect={rule.effect}>
            <Rule rule={rule} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function Rule({ rule }: { rule: PolicyRule }) {
  const { t, code } = useI18n()
  const words = useWords()
  return (
    <>
      <p className={styles.because} lang={words.languageOf(rule)}>
        {words.because(rule)}
      </p>
      <p className={styles.facts}>
        <b>{words.does(rule.effect, rule.actions)}</b>
        <SeverityMark severity={rule.severity} size={14} />
        {rule.oversight !== 'operator' && (
          <span>
            {t.alarm.oversight} {code('Oversight', rule.oversight)}
          </span>
        )}
        <span>
          {t.alarm.cites} {rule.cites}
        </span>
      </p>
      <details className={styles.source}>
        <summary>
          <code>{rule.id}</code>{' '}
          <span className={styles.quiet}>
            {rule.file}:{rule.line}
          </span>
        </summary>
        {/* Wider than its place, so it is scrolled, by keyboard too. */}
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <pre tabIndex={0} role="region" aria-label={t.policies.cedarOf(rule.id)} lang="en">
          {rule.text}
        </pre>
      </details>
    </>
  )
}
