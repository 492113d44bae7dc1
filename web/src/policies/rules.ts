// Which rules are shown: found by words, by what they do and by where they hold. Pure.
import type { Effect, PolicyRule, Severity, SitePolicy } from '../api/types'

export interface RuleFilter {
  words: string
  action: string
  effect: Effect | ''
  severity: Severity | ''
  /** The place of a site in the document's list; null for all rules. */
  site: number | null
}

export const everything: RuleFilter = { words: '', action: '', effect: '', severity: '', site: null }

const fold = (text: string) => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()

/** Whether the rule holds at a site: it is shared, of one of its packs, or its own, and was not taken out there. */
export function holdsAt(rule: PolicyRule, { site, packs, replaced }: SitePolicy): boolean {
  const place =
    rule.place === 'shared' || packs.some((pack) => rule.place === `pack:${pack}`) || (site != null && rule.place === `site:${site}`)
  return place && !replaced.some((one) => one.at === `${rule.file}:${rule.line}`)
}

export function chosen(rules: readonly PolicyRule[], sites: readonly SitePolicy[], filter: RuleFilter): PolicyRule[] {
  const words = fold(filter.words).split(/\s+/).filter((word) => word !== '')
  const site = filter.site === null ? undefined : sites[filter.site]
  return rules.filter((rule) => {
    if (filter.action !== '' && !rule.actions.includes(filter.action)) return false
    if (filter.effect !== '' && rule.effect !== filter.effect) return false
    if (filter.severity !== '' && rule.severity !== filter.severity) return false
    if (site !== undefined && !holdsAt(rule, site)) return false
    const text = fold([rule.id, rule.because, rule.because_es ?? '', rule.cites, rule.place, rule.file, rule.text].join('\n'))
    return words.every((word) => text.includes(word))
  })
}

export interface Place {
  kind: 'shared' | 'pack' | 'site'
  /** The pack's or the site's; empty for the shared rules. */
  name: string
}

const order = ['shared', 'pack', 'site'] as const

export function placeOf(place: string): Place {
  const [kind, ...name] = place.split(':')
  return { kind: kind === 'pack' || kind === 'site' ? kind : 'shared', name: name.join(':') }
}

/** Rules by place: the shared ones, then packs, then sites, each by name. */
export function byPlace(rules: readonly PolicyRule[]): [Place, PolicyRule[]][] {
  const places = new Map<string, PolicyRule[]>()
  for (const rule of rules) places.set(rule.place, [...(places.get(rule.place) ?? []), rule])
  const rank = ({ kind, name }: Place) => `${order.indexOf(kind)} ${name}`
  return [...places]
    .map(([place, held]): [Place, PolicyRule[]] => [placeOf(place), held])
    .toSorted(([one], [other]) => rank(one).localeCompare(rank(other)))
}
