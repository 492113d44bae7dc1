// Holds the queue still while somebody works in it, and lets it settle when nobody does.
import { useCallback, useEffect, useState } from 'react'

import { PAGE } from '../api/queries'
import type { AlarmState, QueueItem } from '../api/types'
import { follow, settle, type Shown } from './cursor'

// Somebody who has not touched anything for so long is not about to choose a row.
const IDLE_MS = 20_000

interface Held {
  state: AlarmState
  pages: number
  /** What `shown` was worked out from, so that a new answer is noticed while rendering. */
  from: readonly QueueItem[]
  shown: Shown
}

/** What to show of `items`, and what brings the arrivals in. */
export function useShown(state: AlarmState, items: readonly QueueItem[] | undefined): { shown: Shown; showArrivals: () => void } {
  const [held, setHeld] = useState<Held | null>(null)
  let current = held
  if (items !== undefined && (held === null || held.from !== items || held.state !== state)) {
    // Rows that somebody asked for with "load more" are not news.
    const pages = Math.ceil(items.length / PAGE)
    const fresh = held === null || held.state !== state || pages > held.pages
    current = { state, pages, from: items, shown: fresh ? settle(items) : follow(held.shown.rows, items) }
    setHeld(current)
  }
  const showArrivals = useCallback(() => {
    setHeld((now) => (now === null ? now : { ...now, shown: settle(now.from) }))
  }, [])
  useIdle(showArrivals)
  return { shown: current === null || current.state !== state ? settle([]) : current.shown, showArrivals }
}

function useIdle(onIdle: () => void): void {
  useEffect(() => {
    let last = performance.now()
    const touched = () => {
      last = performance.now()
    }
    const watch = ['keydown', 'pointermove', 'pointerdown', 'wheel', 'focusin'] as const
    for (const name of watch) addEventListener(name, touched, { passive: true })
    const timer = setInterval(() => {
      if (performance.now() - last >= IDLE_MS) onIdle()
    }, 1_000)
    return () => {
      clearInterval(timer)
      for (const name of watch) removeEventListener(name, touched)
    }
  }, [onIdle])
}
