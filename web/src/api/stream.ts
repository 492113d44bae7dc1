// Changes as they happen, over server-sent events, and whether they still reach us.
import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'

import { keys } from './queries'

export type Liveness = 'connecting' | 'live' | 'away'

const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 15_000

/** Keeps the stream open while `enabled`, and marks what changed as stale. */
export function useStream(enabled: boolean): Liveness {
  const client = useQueryClient()
  const [liveness, setLiveness] = useState<Liveness>('connecting')
  useEffect(() => {
    if (!enabled) return undefined
    return openStream('/api/v1/stream', (event) => refresh(client, event), setLiveness)
  }, [client, enabled])
  return liveness
}

export interface Change {
  id: string | null
}

/** A change without an id means that some were missed, so everything is asked for again. */
export function refresh(client: QueryClient, change: Change): void {
  void client.invalidateQueries({ queryKey: keys.queues })
  if (change.id === null) {
    void client.invalidateQueries({ queryKey: ['alarm'] })
    return
  }
  void client.invalidateQueries({ queryKey: keys.alarm(change.id) })
  void client.invalidateQueries({ queryKey: keys.report(change.id) })
}

/** Opens the stream and opens it again for ever; returns what closes it. */
export function openStream(url: string, onChange: (change: Change) => void, onLiveness: (liveness: Liveness) => void): () => void {
  let source: EventSource | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let wait = FIRST_RETRY_MS
  let opened = false
  const connect = () => {
    source = new EventSource(url)
    source.addEventListener('open', () => {
      wait = FIRST_RETRY_MS
      onLiveness('live')
      // What happened while the stream was away is not sent again.
      if (opened) onChange({ id: null })
      opened = true
    })
    source.addEventListener('alarm', (event) => onChange({ id: idOf((event as MessageEvent<string>).data) }))
    source.addEventListener('resync', () => onChange({ id: null }))
    source.addEventListener('error', () => {
      onLiveness('away')
      // The browser gives up by itself after an error status; then it is for us to try again.
      if (source?.readyState !== EventSource.CLOSED) return
      source.close()
      onChange({ id: null })
      timer = setTimeout(connect, wait)
      wait = Math.min(wait * 2, LAST_RETRY_MS)
    })
  }
  connect()
  return () => {
    clearTimeout(timer)
    source?.close()
  }
}

function idOf(data: string): string | null {
  try {
    const parsed = JSON.parse(data) as { id?: unknown }
    return typeof parsed.id === 'string' ? parsed.id : null
  } catch {
    return null
  }
}
