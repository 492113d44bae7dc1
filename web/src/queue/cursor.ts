// What the queue shows while the server's list changes beneath it. Pure.
//
// The server sorts, most urgent first. A row that somebody is looking at must not move under their hand, so
// what arrives is held back and announced, and what has gone stays, greyed, until the list is settled again.
import type { QueueItem } from '../api/types'

export interface Row {
  item: QueueItem
  /** It has left this list since it was shown. */
  gone: boolean
}

export interface Shown {
  rows: Row[]
  /** Not shown yet, in the server's order. */
  arrivals: QueueItem[]
}

/** The server's list as it is. */
export function settle(items: readonly QueueItem[]): Shown {
  return { rows: items.map((item) => ({ item, gone: false })), arrivals: [] }
}

/** The rows stay where they are; their contents follow the server. */
export function reconcile(shown: readonly Row[], items: readonly QueueItem[]): Shown {
  const byId = new Map(items.map((item) => [item.id, item]))
  const known = new Set(shown.map((row) => row.item.id))
  return {
    rows: shown.map((row) => {
      const item = byId.get(row.item.id)
      return item === undefined ? { item: row.item, gone: true } : { item, gone: false }
    }),
    arrivals: items.filter((item) => !known.has(item.id)),
  }
}

/** Nothing has to be held back where nobody looks at a row. */
export function follow(shown: readonly Row[], items: readonly QueueItem[]): Shown {
  const stillThere = shown.some((row) => items.some((item) => item.id === row.item.id))
  return stillThere ? reconcile(shown, items) : settle(items)
}

/** The id `by` rows further on, from the first row where the cursor is nowhere. */
export function move(rows: readonly Row[], cursor: string | null, by: number): string | null {
  if (rows.length === 0) return null
  const at = rows.findIndex((row) => row.item.id === cursor)
  const target = at === -1 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)
  return rows[target]?.item.id ?? null
}

/** The most urgent open alarm other than the one just closed. */
export function next(items: readonly QueueItem[], except: string): QueueItem | null {
  return items.find((item) => item.state === 'decided' && item.id !== except) ?? null
}

/** Whether every word of the filter is somewhere in the row's own words. */
export function fits(filter: string, words: readonly string[]): boolean {
  const text = fold(words.join(' '))
  return fold(filter).split(/\s+/).every((word) => text.includes(word))
}

// Accents are no obstacle: `camion` finds `camión`.
function fold(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase().trim()
}
