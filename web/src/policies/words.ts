// Rules and their conditions in plain words, in either language. Pure.
import type { Condition, Effect } from '../api/types'
import type { Texts } from '../i18n/en'
import { wordsFor, type Language } from '../i18n/I18nProvider'
import { closed, MINUTE, normal, WEEKDAY, type Leaf, type Node } from './normal'

type CodeList = keyof Texts['codes']
type Word<T> = Readonly<Record<string, T>>

export interface Words {
  /** What would have to be so, as a clause that follows “if”. */
  phrase: (condition: Condition) => string
  /** What a rule does: `Permits dismissing`. */
  does: (effect: Effect, actions: readonly string[]) => string
  /** What a rule would do if its condition held: `Would permit dismissing if nobody climbed.` */
  would: (effect: Effect, actions: readonly string[], lacks: Condition) => string
  /** What one action is called, such as `Dismissing` or `Send the guard`. */
  action: (action: string) => string
  /** A rule's reason in the language in use, else as it was written. */
  because: (rule: Reason) => string
  /** The language of that reason, for whoever reads it aloud. */
  languageOf: (rule: Reason) => Language
}

interface Reason {
  because: string
  because_es?: string | null
}

const quotedLists: Word<CodeList> = {
  'resource.phase': 'Phase',
  'resource.place': 'Place',
  'resource.sceneText': 'SceneText',
  'context.zone.kind': 'ZoneKind',
}
const seenLists: Word<CodeList> = { 'resource.acts': 'Act', 'resource.objects': 'Object', 'resource.hazards': 'Hazard' }

export function wordsIn(t: Texts, language: Language): Words {
  const say = new Sayer(t, language)
  const { conditions: c } = t
  return {
    phrase: (condition) => say.node(normal(condition)),
    does: (effect, actions) =>
      capital(say.doing(actions, effect === 'permit' ? [c.permits, c.recommends] : [c.forbids, c.forbidsRecommending])),
    would: (effect, actions, lacks) => {
      const does = say.doing(actions, effect === 'permit' ? [c.wouldPermit, c.wouldRecommend] : [c.wouldForbid, c.wouldForbidRecommending])
      return c.sentence(capital(does), say.node(normal(lacks)))
    },
    action: (action) => capital(own<string>(c.doing, action) ?? wordsFor(t, 'ActionCode', action)),
    because: (rule) => (language === 'es' && rule.because_es ? rule.because_es : rule.because),
    languageOf: (rule) => (language === 'es' && rule.because_es ? 'es' : 'en'),
  }
}

type Told = (what: string) => string
type List = Extract<Node, { of: Node[] }>

const isList = (node: Node): node is List => node.is === 'all' || node.is === 'any'

class Sayer {
  private readonly c: Texts['conditions']
  private readonly and: Intl.ListFormat
  private readonly or: Intl.ListFormat

  constructor(
    private readonly t: Texts,
    language: Language,
  ) {
    this.c = t.conditions
    // British lists have no comma before “and”.
    const locale = language === 'en' ? 'en-GB' : language
    this.and = new Intl.ListFormat(locale, { type: 'conjunction' })
    this.or = new Intl.ListFormat(locale, { type: 'disjunction' })
  }

  doing(actions: readonly string[], [verdicts, due]: [Told, Told]): string {
    const doing: Word<string> = this.c.doing
    const verbs = actions.filter((action) => Object.hasOwn(doing, action))
    const others = actions.filter((action) => !Object.hasOwn(doing, action))
    const parts: string[] = []
    if (verbs.length > 0) parts.push(verdicts(this.and.format(verbs.map((action) => doing[action] ?? action))))
    if (others.length > 0) parts.push(due(this.and.format(others.map((action) => this.quoted('ActionCode', action)))))
    return this.and.format(parts)
  }

  node(node: Node): string {
    if (!isList(node)) return this.leaf(node)
    if (node.of.length === 0) return node.is === 'all' ? this.c.always : this.c.never
    // A single list inside stands last and is named; from two on, or deeper, only brackets are clear.
    const lists = node.of.filter(isList)
    const alone = lists.length === 1 && lists[0]?.of.every((part) => !isList(part)) === true
    const inner = lists.map((list) => (alone ? this.named(list) : `(${this.node(list)})`))
    return this.format(node).format([...node.of.filter((part) => !isList(part)).map((part) => this.node(part)), ...inner])
  }

  private named(list: List): string {
    return (list.is === 'all' ? this.c.both : this.c.either)(this.node(list))
  }

  private format(list: List): Intl.ListFormat {
    return list.is === 'all' ? this.and : this.or
  }

  private leaf(leaf: Leaf): string {
    switch (leaf.is) {
      case 'codes':
        return this.codes(leaf.fact, leaf.values, leaf.negated)
      case 'seen':
        return this.seen(leaf.fact, leaf.values, leaf.plainly, leaf.negated)
      case 'window':
        return this.windows(leaf.values, leaf.negated)
      case 'text':
        return this.texts(leaf.fact, leaf.values, leaf.negated)
      case 'range':
        return this.range(leaf.fact, leaf.low, leaf.high)
      case 'flag': {
        const words = own<{ yes: string; no: string }>(this.c.flags, leaf.fact)
        if (words === undefined) return leaf.negated ? this.c.other.no(leaf.fact) : this.c.other.yes(leaf.fact)
        return leaf.negated ? words.no : words.yes
      }
    }
  }

  private codes(fact: string, values: readonly string[], negated: boolean): string {
    if (values.length === 0) return negated ? this.c.always : this.c.never
    if (!negated && values.length === closed[fact]?.length) return this.c.always
    const counted = own<string>(this.c.counted, fact)
    if (counted !== undefined) return this.counts(counted, values)
    const together = values.join(' ')
    if (fact === 'resource.danger') return own<string>(this.c.danger, together) ?? this.other(fact, values, negated)
    if (fact === 'resource.sufficiency') return own<string>(this.c.sufficiency, together) ?? this.other(fact, values, negated)
    const words = own<{ is: Told; isNot: Told }>(this.c.codes, fact)
    if (words === undefined) return this.other(fact, values, negated)
    return (negated ? words.isNot : words.is)(this.names(fact, values))
  }

  private names(fact: string, values: readonly string[]): string {
    if (fact === WEEKDAY) return this.days(values)
    const list = quotedLists[fact]
    const name = (value: string) => (list === undefined ? (own<string>(this.c.cause, value) ?? this.c.quote(value)) : this.quoted(list, value))
    return this.or.format(values.map(name))
  }

  private days(days: readonly string[]): string {
    const names = days.map((day) => own<string>(this.c.weekdays, day) ?? day)
    const follow = days.every((day, i) => i === 0 || Number(day) === Number(days[i - 1]) + 1)
    return follow && days.length > 2 ? this.c.span(names[0] ?? '', names.at(-1) ?? '') : this.or.format(names)
  }

  private counts(what: string, bands: readonly string[]): string {
    const words = own<Told>(this.c.counts, bands.join(' '))
    return words?.(what) ?? this.c.countIs(what, this.or.format(bands.map((band) => wordsFor(this.t, 'CountBand', band))))
  }

  private seen(fact: string, codes: readonly string[], plainly: boolean, negated: boolean): string {
    const list = seenLists[fact]
    if (list === undefined) return this.other(fact, codes, negated)
    const way = negated ? (plainly ? 'NotSeen' : 'Impossible') : plainly ? 'Seen' : 'Possible'
    const all = codes.length === Object.keys(this.t.codes[list]).length
    const acts = !all && fact === 'resource.acts' && codes.every((code) => Object.hasOwn(this.c.did, code))
    if (acts) {
      const join = (words: Word<string>) => {
        const verbs = codes.map((code) => words[code] ?? code)
        return way === 'Impossible' ? this.c.nor(verbs) : this.or.format(verbs)
      }
      return this.c[`act${way}`](join(this.c.does), join(this.c.did))
    }
    const thing = (code: string) => own<string>(this.c.things, code) ?? this.quoted(list, code)
    return this.c[`thing${way}`](all ? (own<string>(this.c.anyOf, fact) ?? fact) : this.or.format(codes.map(thing)))
  }

  private windows(kinds: readonly string[], negated: boolean): string {
    const all = kinds.length === Object.keys(this.t.codes.WindowKind).length
    const name = (words: Word<string>) => (kind: string) => own<string>(words, kind) ?? this.quoted('WindowKind', kind)
    if (negated) return this.c.windowClosed(all ? this.c.noWindow : this.c.nor(kinds.map(name(this.c.noWindows))))
    return this.c.windowOpen(all ? this.c.anyWindow : this.or.format(kinds.map(name(this.c.windows))))
  }

  private texts(fact: string, texts: readonly string[], negated: boolean): string {
    const words = own<{ is: Told; isNot: Told }>(this.c.texts, fact)
    if (words === undefined) return this.other(fact, texts, negated)
    const name = (text: string) => (fact === 'resource.kind' && !text.includes('*') ? this.quoted('AlarmKind', text) : this.c.quote(text))
    return (negated ? words.isNot : words.is)(this.or.format(texts.map(name)))
  }

  private range(fact: string, low: number | null, high: number | null): string {
    if (low !== null && high !== null && low >= high) return this.c.never
    if (fact === MINUTE) {
      if (low === null) return high === null ? this.c.always : this.c.before(time(high))
      return high === null ? this.c.notBefore(time(low)) : this.c.betweenTimes(time(low), time(high))
    }
    const noun = own<{ one: string; many: string }>(this.c.numbers, fact)
    const { one, many } = noun ?? { one: fact, many: fact }
    if (low === null) {
      if (high === null) return this.c.always
      return noun === undefined ? this.c.other.below(fact, high) : this.c.fewer(high, one, many)
    }
    if (high === null) return noun === undefined ? this.c.other.notBelow(fact, low) : this.c.atLeast(low, one, many)
    return high === low + 1 ? this.c.exactly(low, one, many) : this.c.between(low, high - 1, many)
  }

  private other(fact: string, values: readonly string[], negated: boolean): string {
    const list = this.or.format(values.map((value) => this.c.quote(value)))
    return negated ? this.c.other.isNot(fact, list) : this.c.other.is(fact, list)
  }

  private quoted(list: CodeList, code: string): string {
    return this.c.quote(wordsFor(this.t, list, code))
  }
}

/** A word of a dictionary by a name that came from outside. */
function own<T>(words: object, name: string): T | undefined {
  return Object.hasOwn(words, name) ? (words as Record<string, T>)[name] : undefined
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

const time = (minutes: number) => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
