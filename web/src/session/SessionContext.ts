// Who is logged in, for the pages behind the log-in.
import { createContext, useContext } from 'react'

import type { User } from '../api/types'

export const SessionContext = createContext<User | null>(null)

export function useUser(): User {
  const user = useContext(SessionContext)
  if (user === null) throw new Error('useUser is for pages behind the log-in')
  return user
}
