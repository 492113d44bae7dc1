// What differs between two versions: rules by place and id, other files by name, and each text line by line. Pure.
import { diffLines } from 'diff'

import type { PolicyDocument, PolicyFile, PolicyRule } from '../api/types'

export type Kind = 'added' | 'removed' | 'changed'

export interface RuleChange {
  kind: Kind
  /** As it is after the change, or was before where it is gone. */
  rule: PolicyRule
  before: string
  after: string
}

export interface FileChange {
  kind: Kind
  name: string
  before: string
  after: string
}

export interface Changes {
  rules: RuleChange[]
  files: FileChange[]
  /** Files of rules that differ in nothing but comments, order or empty lines. */
  commentsOnly: string[]
}

const kinds: Kind[] = ['removed', 'changed', 'added']

export function changes(before: PolicyDocument, after: PolicyDocument): Changes {
  const files = fileChanges(before.files, after.files)
  // Rules that could not be read cannot be compared; then the files must do.
  const unreadable = [before, after].some((one) => one.rules.length === 0 && one.files.some((file) => isRules(file.name)))
  if (unreadable) return { rules: [], files, commentsOnly: [] }
  const rules = ruleChanges(before.rules, after.rules)
  const touched = new Set(rules.map((change) => change.rule.file))
  const silent = files.filter((file) => isRules(file.name) && !touched.has(file.name))
  return { rules, files: files.filter((file) => !isRules(file.name)), commentsOnly: silent.map((file) => file.name) }
}

const isRules = (name: string) => name.endsWith('.cedar')

export function ruleChanges(before: readonly PolicyRule[], after: readonly PolicyRule[]): RuleChange[] {
  return paired(before, after, (rule) => `${rule.place} ${rule.id}`, (rule) => rule.text)
    .map(([, kind, old, now]): RuleChange => ({ kind, rule: (now ?? old) as PolicyRule, before: old?.text ?? '', after: now?.text ?? '' }))
    .toSorted((one, other) => kinds.indexOf(one.kind) - kinds.indexOf(other.kind) || one.rule.id.localeCompare(other.rule.id))
}

export function fileChanges(before: readonly PolicyFile[], after: readonly PolicyFile[]): FileChange[] {
  return paired(before, after, (file) => file.name, (file) => file.text)
    .map(([name, kind, old, now]): FileChange => ({ kind, name, before: old?.text ?? '', after: now?.text ?? '' }))
    .toSorted((one, other) => one.name.localeCompare(other.name))
}

type Pair<T> = [string, Kind, T | undefined, T | undefined]

/** What is in one of the lists alone, or in both with different texts. */
function paired<T>(before: readonly T[], after: readonly T[], key: (one: T) => string, text: (one: T) => string): Pair<T>[] {
  const old = new Map(before.map((one) => [key(one), one]))
  const now = new Map(after.map((one) => [key(one), one]))
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name): Pair<T>[] => {
    const [was, is] = [old.get(name), now.get(name)]
    if (was === undefined) return [[name, 'added', was, is]]
    if (is === undefined) return [[name, 'removed', was, is]]
    return text(was) === text(is) ? [] : [[name, 'changed', was, is]]
  })
}

export type DiffLine = { sign: '+' | '-' | ' '; text: string } | { sign: '…'; count: number }

/** A unified diff of two texts; of what is alike, `around` lines beside each change are kept. */
export function unified(before: string, after: string, around = 3): DiffLine[] {
  const parts = diffLines(before, after)
  return parts.flatMap((part, i): DiffLine[] => {
    const lines = part.value.replace(/\n$/, '').split('\n')
    const sign = part.added ? '+' : part.removed ? '-' : ' '
    const told = (some: string[]): DiffLine[] => some.map((text) => ({ sign, text }))
    if (sign !== ' ') return told(lines)
    const head = i === 0 ? 0 : around
    const tail = i === parts.length - 1 ? 0 : around
    const hidden = lines.length - head - tail
    if (hidden < 2) return told(lines)
    return [...told(lines.slice(0, head)), { sign: '…', count: hidden }, ...told(lines.slice(lines.length - tail))]
  })
}
