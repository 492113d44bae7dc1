// What a person is about to propose. It is kept outside the pages, so that neither an error nor another page nor
// the end of a session takes it away. Nobody else on this machine is shown it, and it is gone with the browser's tab.
import { useCallback, useSyncExternalStore } from 'react'

import type { PolicyFile } from '../api/types'
import type { Finding } from './findings'

export interface Draft {
  /** The version that it began from. */
  base: string
  baseFiles: readonly PolicyFile[]
  files: readonly PolicyFile[]
  note: string
  /** What the last check found. */
  findings: readonly Finding[]
  /** The version that the last check made of it, where it made one. */
  recorded: string | null
  /** The files before the last act that replaced or removed some, to take it back. */
  before: readonly PolicyFile[] | null
}

const drafts = new Map<string, Draft>()
const listeners = new Set<() => void>()

addEventListener('beforeunload', (event) => {
  if ([...drafts.values()].some(touched)) event.preventDefault()
})

export function begin(base: string, files: readonly PolicyFile[], findings: readonly Finding[] = []): Draft {
  return { base, baseFiles: files, files, note: '', findings, recorded: null, before: null }
}

/** Whether anything would be lost with it. */
export const touched = ({ baseFiles, files, note }: Draft) => note.trim() !== '' || differs(baseFiles, files)

export const differs = (one: readonly PolicyFile[], other: readonly PolicyFile[]) =>
  one.length !== other.length || one.some((file, i) => file.name !== other[i]?.name || file.text !== other[i]?.text)

export const draftOf = (person: string): Draft | null => drafts.get(person) ?? null

export function keepDraft(person: string, draft: Draft | null): void {
  if (draft === null) drafts.delete(person)
  else drafts.set(person, draft)
  for (const listener of listeners) listener()
}

/** The person's draft, and what changes it; a change goes by what it is then, not by what it was when asked. */
export function useDraft(person: string): [Draft | null, (change: (draft: Draft) => Draft) => void] {
  const draft = useSyncExternalStore(subscribe, () => draftOf(person))
  const change = useCallback(
    (make: (draft: Draft) => Draft) => {
      const now = draftOf(person)
      if (now !== null) keepDraft(person, make(now))
    },
    [person],
  )
  return [draft, change]
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
