// Addresses of the console, kept in the browser's history; the server answers each with the same page.
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type AnchorHTMLAttributes, type ReactNode } from 'react'

import type { AlarmState } from './api/types'

export type Route =
  | { page: 'queue'; state: AlarmState }
  | { page: 'alarm'; id: string; report: boolean }
  | { page: 'quality' }
  | { page: 'autonomy' }
  | { page: 'policies'; digest: string | null }
  | { page: 'proposal' }
  | { page: 'log' }
  | { page: 'missing' }

interface Router {
  route: Route
  path: string
  navigate: (path: string) => void
}

const queues: Record<AlarmState, string> = {
  decided: '/',
  waiting: '/waiting',
  closed: '/closed',
  closed_without_person: '/closed-without-person',
}
const routes = new Map<string, Route>([
  ...Object.entries(queues).map(([state, path]): [string, Route] => [path, { page: 'queue', state: state as AlarmState }]),
  ['/quality', { page: 'quality' }],
  ['/autonomy', { page: 'autonomy' }],
  ['/policies', { page: 'policies', digest: null }],
  ['/policies/proposal', { page: 'proposal' }],
  ['/audit', { page: 'log' }],
])

export const paths = {
  queue: (state: AlarmState = 'decided') => queues[state],
  alarm: (id: string) => `/alarms/${encodeURIComponent(id)}`,
  report: (id: string) => `/alarms/${encodeURIComponent(id)}/report`,
  quality: () => '/quality',
  autonomy: () => '/autonomy',
  policies: () => '/policies',
  policy: (digest: string) => `/policies/${encodeURIComponent(digest)}`,
  proposal: () => '/policies/proposal',
  // `/log/…` belongs to the public files of the transparency log.
  log: () => '/audit',
}

export function parse(path: string): Route {
  const known = routes.get(path)
  if (known !== undefined) return known
  // A version is named by its digest, so that no name of one is another page.
  const version = /^\/policies\/([0-9a-f]+)\/?$/.exec(path)
  if (version?.[1] !== undefined) return { page: 'policies', digest: version[1] }
  const match = /^\/alarms\/([^/]+)(\/report)?\/?$/.exec(path)
  if (match?.[1] === undefined) return { page: 'missing' }
  try {
    return { page: 'alarm', id: decodeURIComponent(match[1]), report: match[2] !== undefined }
  } catch {
    return { page: 'missing' }
  }
}

const RouterContext = createContext<Router | null>(null)

export function RouterProvider({ children }: { children: ReactNode }) {
  const [path, setPath] = useState(() => location.pathname)
  useEffect(() => {
    const follow = () => setPath(location.pathname)
    addEventListener('popstate', follow)
    return () => removeEventListener('popstate', follow)
  }, [])
  const navigate = useCallback((to: string) => {
    if (to !== location.pathname) history.pushState(null, '', to)
    setPath(to)
  }, [])
  const value = useMemo(() => ({ route: parse(path), path, navigate }), [path, navigate])
  return <RouterContext.Provider value={value}>{children}</RouterContext.Provider>
}

export function useRouter(): Router {
  const value = useContext(RouterContext)
  if (value === null) throw new Error('useRouter needs a RouterProvider above it')
  return value
}

/** A link that stays in the page, and still opens in a new tab when asked to. */
export function Link({ href, children, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  const { navigate } = useRouter()
  return (
    <a
      {...rest}
      href={href}
      onClick={(event) => {
        rest.onClick?.(event)
        if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
        event.preventDefault()
        navigate(href)
      }}
    >
      {children}
    </a>
  )
}
