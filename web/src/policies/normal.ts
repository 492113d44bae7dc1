// A condition in the form that is easiest to say: negations at the leaves, what is alike gathered in one leaf. Pure.
import type { Condition } from '../api/types'

/** What is asked of one fact. `values` are alternatives; where `negated`, it is none of them. */
export type Leaf =
  | { is: 'codes' | 'text' | 'window'; fact: string; negated: boolean; values: string[] }
  | { is: 'seen'; fact: string; plainly: boolean; negated: boolean; values: string[] }
  | { is: 'flag'; fact: string; negated: boolean }
  /** From `low` on, and below `high`; null where there is no bound. */
  | { is: 'range'; fact: string; low: number | null; high: number | null }

export type Node = Leaf | { is: 'all' | 'any'; of: Node[] }

export const WEEKDAY = 'context.weekday'
export const MINUTE = 'context.minuteOfDay'

const bands = ['none', 'one', 'few', 'many', 'unclear']
/** Lists so short that “not this one” is better said as “one of the others”, in their order. */
export const closed: Readonly<Record<string, readonly string[]>> = {
  'resource.people': bands,
  'resource.vehicles': bands,
  'resource.animals': bands,
  'resource.danger': ['present', 'unclear', 'absent'],
  'resource.sufficiency': ['enough', 'partial', 'none'],
  [WEEKDAY]: ['1', '2', '3', '4', '5', '6', '7'],
}

/** The condition, or its contrary, in normal form. */
export function normal(condition: Condition, negated = false): Node {
  switch (condition.is) {
    case 'not':
      return normal(condition.of, !negated)
    case 'all':
    case 'any': {
      const is = (condition.is === 'all') === negated ? 'any' : 'all'
      return gather(is, condition.of.map((part) => normal(part, negated)))
    }
    case 'one_of':
      return codes(condition.fact, condition.codes, negated)
    case 'seen':
      return { is: 'seen', fact: condition.fact, plainly: condition.plainly, negated, values: [condition.code] }
    case 'window_open':
      return { is: 'window', fact: 'context.windows', negated, values: [condition.kind] }
    case 'text':
      return { is: 'text', fact: condition.fact, negated, values: [condition.text] }
    case 'below':
      return below(condition.fact, condition.number, negated)
    case 'yes':
      return { is: 'flag', fact: condition.fact, negated }
    default:
      // From a newer server: shown by its name, never dropped.
      return { is: 'flag', fact: (condition as { is: string }).is, negated }
  }
}

function codes(fact: string, values: readonly string[], negated: boolean): Leaf {
  const all = closed[fact]
  if (all === undefined) return { is: 'codes', fact, negated, values: [...values] }
  return { is: 'codes', fact, negated: false, values: all.filter((one) => values.includes(one) !== negated) }
}

function below(fact: string, bound: number, negated: boolean): Leaf {
  if (fact === WEEKDAY) return codes(fact, ['1', '2', '3', '4', '5', '6', '7'].filter((day) => Number(day) < bound), negated)
  return negated ? { is: 'range', fact, low: bound, high: null } : { is: 'range', fact, low: null, high: bound }
}

/** One list of the parts, without lists of the same sort inside and with what is alike joined. */
function gather(is: 'all' | 'any', parts: readonly Node[]): Node {
  const joined: Node[] = []
  for (const part of parts.flatMap((one) => (one.is === is ? one.of : [one]))) {
    // An empty list of the other sort decides the whole: nothing can be needed, or nothing is.
    if ((part.is === 'all' || part.is === 'any') && part.of.length === 0) return part
    const at = joined.findIndex((one) => join(is, one, part) !== null)
    const both = at < 0 ? null : join(is, joined[at] as Node, part)
    if (both === null) joined.push(part)
    else joined[at] = both
  }
  return joined.length === 1 ? (joined[0] as Node) : { is, of: joined }
}

/** Both as one leaf, where that says the same. */
function join(list: 'all' | 'any', one: Node, other: Node): Leaf | null {
  if (one.is === 'range' && other.is === 'range') {
    if (list === 'any' || one.fact !== other.fact) return null
    return { ...one, low: tighter(Math.max, one.low, other.low), high: tighter(Math.min, one.high, other.high) }
  }
  if (!('values' in one && 'values' in other) || one.is !== other.is || one.fact !== other.fact || one.negated !== other.negated) return null
  if (one.is === 'seen' && other.is === 'seen' && one.plainly !== other.plainly) return null
  if (one.negated === (list === 'all')) return { ...one, values: [...new Set([...one.values, ...other.values])] }
  // The fact has one code only, so both must hold of the same.
  const fits = one.is === 'codes' && list === 'all'
  return fits ? { ...one, values: one.values.filter((value) => other.values.includes(value)) } : null
}

function tighter(choose: (a: number, b: number) => number, one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other
  return choose(one, other)
}
