// The policies' page for tests, opened on some versions by somebody of some role.
import { fireEvent, screen } from '@testing-library/react'

import type { PolicyVersion, Role } from '../src/api/types'
import { keepDraft } from '../src/policies/drafts'
import { PoliciesPage } from '../src/policies/PoliciesPage'
import { serve, show, type Call } from './fixtures'
import { before, live, routesOf } from './policies'

export const everybody = [live, before]

export async function open(items: PolicyVersion[] = everybody, { role = 'manager', digest = null, more = {} }: { role?: Role; digest?: string | null; more?: Record<string, unknown> } = {}): Promise<Call[]> {
  keepDraft('ana', null)
  const calls = serve(routesOf(items, more))
  show(<PoliciesPage digest={digest} />, role)
  await screen.findByRole('heading', { level: 1 })
  return calls
}
export const button = (name: string) => screen.getByRole<HTMLButtonElement>('button', { name })
export const region = (name: string) => screen.getByRole('region', { name })
export const tab = (name: string) => fireEvent.click(screen.getByRole('tab', { name }))
