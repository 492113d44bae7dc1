// Small things that the policies' pages have in common: a version's name and state, what a change is, and a link that
// looks like a button.
import { Button } from '@mantine/core'
import type { ReactNode } from 'react'

import type { PolicyState } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { useRouter } from '../router'
import type { Kind } from './changes'
import { short } from './life'
import styles from './Policies.module.css'

export function Digest({ digest }: { digest: string }) {
  return (
    <code className={styles.digest} title={digest}>
      {short(digest)}
    </code>
  )
}

export function StateBadge({ state }: { state: PolicyState }) {
  const { code } = useI18n()
  return (
    <span className={styles.badge} data-state={state}>
      {code('PolicyState', state)}
    </span>
  )
}

export function KindMark({ kind }: { kind: Kind }) {
  const { t } = useI18n()
  return (
    <span className={styles.kind} data-kind={kind}>
      <span aria-hidden>{{ added: '+', removed: '−', changed: '±' }[kind]}</span> {t.policies.kinds[kind]}
    </span>
  )
}

export function LinkButton({ href, children }: { href: string; children: ReactNode }) {
  const { navigate } = useRouter()
  return (
    <Button
      component="a"
      size="sm"
      href={href}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
        event.preventDefault()
        navigate(href)
      }}
    >
      {children}
    </Button>
  )
}
