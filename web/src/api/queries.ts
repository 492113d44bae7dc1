// What is asked of the server, under which name it is kept, and how long it is believed.
import { MutationCache, QueryCache, QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'

import { api, ApiError } from './client'
import type { AlarmState, NewDisposition, NewGrant, Queue, User } from './types'

export const keys = {
  session: ['session'] as const,
  /** Set where a session ended by itself, so that the log-in can say so. */
  expired: ['expired'] as const,
  queues: ['queue'] as const,
  queue: (state: AlarmState, limit: number) => ['queue', state, limit] as const,
  alarm: (id: string) => ['alarm', id] as const,
  report: (id: string) => ['report', id] as const,
  quality: ['quality'] as const,
  grants: ['grants'] as const,
  policies: ['policies'] as const,
  policy: (digest: string, triedAt: string | null) => ['policy', digest, triedAt] as const,
  log: ['log'] as const,
}

export const PAGE = 200

// Grants, figures and policies change seldom, and the stream says nothing of them.
export const OVERSIGHT_EVERY_MS = 60_000

export function createQueryClient(): QueryClient {
  // A session may end under any request; whoever notices first brings the log-in back.
  const onError = (error: unknown) => {
    if (!(error instanceof ApiError && error.status === 401)) return
    client.setQueryData(keys.expired, true)
    client.setQueryData(keys.session, null)
  }
  const client = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        // Sites without internet look offline to the browser; only the server itself can tell.
        networkMode: 'always',
        staleTime: 15_000,
        retry: (failures, error) => failures < 2 && error instanceof ApiError && error.away,
        retryDelay: 600,
        refetchOnWindowFocus: true,
        // While the server is away, each query keeps trying; the stream brings changes otherwise.
        refetchInterval: (query) => (query.state.error instanceof ApiError && query.state.error.away ? 4_000 : false),
      },
      mutations: { networkMode: 'always', retry: false },
    },
  })
  return client
}

/** Who is logged in; null where nobody is. */
export function useSession() {
  return useQuery<User | null>({
    queryKey: keys.session,
    queryFn: async () => {
      try {
        return await api.session()
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return null
        throw error
      }
    },
    staleTime: 60_000,
  })
}

export function useQueue(state: AlarmState, limit: number) {
  return useQuery({
    queryKey: keys.queue(state, limit),
    queryFn: () => api.queue(state, limit),
    // A longer page is the same list with more rows: show the short one until it comes.
    placeholderData: (previous: Queue | undefined, query) => (query?.queryKey[1] === state ? previous : undefined),
  })
}

export function useAlarm(id: string) {
  return useQuery({
    queryKey: keys.alarm(id),
    queryFn: () => api.alarm(id),
    // The stream says when it is decided; this is the net under it.
    refetchInterval: (query) => (query.state.data?.state === 'waiting' || query.state.error ? 4_000 : false),
  })
}

export function useReport(id: string, enabled: boolean) {
  return useQuery({ queryKey: keys.report(id), queryFn: () => api.report(id), enabled })
}

export function useDispose(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (said: NewDisposition) => api.dispose(id, said),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.alarm(id) })
      void client.invalidateQueries({ queryKey: keys.queues })
      void client.invalidateQueries({ queryKey: keys.report(id) })
    },
  })
}

export function useQuality() {
  return useQuery({ queryKey: keys.quality, queryFn: api.quality, refetchInterval: OVERSIGHT_EVERY_MS })
}

export function useGrants() {
  return useQuery({ queryKey: keys.grants, queryFn: api.grants, refetchInterval: OVERSIGHT_EVERY_MS })
}

export function useGrant() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (asked: NewGrant) => api.grant(asked),
    // Also a refusal may mean that the figures on the screen are old; it is told once they are read again.
    onSettled: () => reviseOversight(client),
  })
}

export function useWithdraw(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (because: string) => api.withdraw(id, because),
    onSettled: () => {
      // Not waited for: the row that asked goes with the answer.
      void reviseOversight(client)
    },
  })
}

async function reviseOversight(client: QueryClient): Promise<void> {
  await Promise.all([keys.quality, keys.grants].map((queryKey) => client.invalidateQueries({ queryKey })))
}

export function useLogStatus() {
  return useQuery({ queryKey: [...keys.log, 'status'], queryFn: api.logStatus })
}

export function useLogEntries(from: number, limit: number, enabled: boolean) {
  return useQuery({
    queryKey: [...keys.log, 'entries', from, limit],
    queryFn: () => api.logEntries(from, limit),
    enabled,
    placeholderData: (previous) => previous,
  })
}
