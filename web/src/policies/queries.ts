// What the policies' pages ask of the server, and what is stale after each act.
import { useMutation, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query'

import { api } from '../api/client'
import { keys, OVERSIGHT_EVERY_MS } from '../api/queries'
import type { NewPolicy, PolicyDocument } from '../api/types'

export function usePolicies() {
  return useQuery({ queryKey: keys.policies, queryFn: api.policies, refetchInterval: OVERSIGHT_EVERY_MS })
}

/**
 * A version whole. Its files and rules never change; how far it has come is told by the list, and so is when it was
 * tried: a later backtest is asked for, while the one before is still shown.
 */
export function usePolicy(digest: string | null, triedAt: string | null = null) {
  return useQuery({
    queryKey: keys.policy(digest ?? '', triedAt),
    queryFn: () => api.policy(digest ?? ''),
    enabled: digest !== null,
    staleTime: OVERSIGHT_EVERY_MS,
    placeholderData: (previous: PolicyDocument | undefined, query) => (query?.queryKey[1] === digest ? previous : undefined),
  })
}

/** Also a refusal may mean that the screen is old; it is told once everything was read again. */
function useAct<T, R>(act: (asked: T) => Promise<R>) {
  const client = useQueryClient()
  return useMutation({ mutationFn: act, onSettled: () => revise(client) })
}

export const usePropose = () => useAct((asked: NewPolicy) => api.proposePolicy(asked))

export const useBacktest = (digest: string) => useAct((since: string | null) => api.backtestPolicy(digest, since))

export const useApprove = (digest: string) => useAct<void, unknown>(() => api.approvePolicy(digest))

export const useWithdrawPolicy = (digest: string) => useAct((because: string) => api.withdrawPolicy(digest, because))

export const useRollBack = () => useAct((because: string) => api.rollBackPolicy(because))

async function revise(client: QueryClient): Promise<void> {
  await Promise.all([keys.policies, ['policy']].map((queryKey) => client.invalidateQueries({ queryKey })))
}
