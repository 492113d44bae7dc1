// What surrounds every page: navigation, whether the picture is live, keys, and who is logged in.
import { useQueryClient } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'

import { api } from '../api/client'
import { keys } from '../api/queries'
import type { Liveness } from '../api/stream'
import { AutonomyStrip } from '../autonomy/AutonomyStrip'
import { useI18n } from '../i18n/I18nProvider'
import { useKeys } from '../keys/KeysProvider'
import { Link, paths, useRouter } from '../router'
import { audits, seesQuality } from '../session/roles'
import { useUser } from '../session/SessionContext'
import { DisplayMenu } from './DisplayMenu'
import { HelpOverlay } from './HelpOverlay'
import { Logo } from './Logo'
import styles from './Shell.module.css'

export function Shell({ liveness, children }: { liveness: Liveness; children: ReactNode }) {
  const { t, code } = useI18n()
  const { route, navigate } = useRouter()
  const user = useUser()
  const client = useQueryClient()
  const [help, setHelp] = useState(false)
  const mayAudit = audits(user.role)
  const mayWatch = seesQuality(user.role)

  useKeys('everywhere', {
    help: () => setHelp(true),
    goQueue: () => navigate(paths.queue()),
    goPolicies: () => navigate(paths.policies()),
    ...(mayWatch ? { goQuality: () => navigate(paths.quality()) } : {}),
    ...(mayAudit ? { goLog: () => navigate(paths.log()) } : {}),
  })

  const logOut = () => {
    const forget = () => {
      client.clear()
      client.setQueryData(keys.session, null)
    }
    // Also without an answer nobody stays logged in on this screen.
    void api.logOut().then(forget, forget)
  }

  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#content">
        {t.common.skip}
      </a>
      <header className={styles.header}>
        <Link href={paths.queue()} className={styles.brand}>
          <Logo size={24} /> Sereno
        </Link>
        <nav aria-label={t.nav.main} className={styles.nav}>
          <Link href={paths.queue()} aria-current={route.page === 'queue' || route.page === 'alarm' ? 'page' : undefined}>
            {t.nav.queue}
          </Link>
          {mayWatch && (
            <Link href={paths.quality()} aria-current={route.page === 'quality' ? 'page' : undefined}>
              {t.nav.quality}
            </Link>
          )}
          <Link href={paths.policies()} aria-current={route.page === 'policies' || route.page === 'proposal' ? 'page' : undefined}>
            {t.nav.policies}
          </Link>
          {mayAudit && (
            <Link href={paths.log()} aria-current={route.page === 'log' ? 'page' : undefined}>
              {t.nav.log}
            </Link>
          )}
        </nav>
        {/* Inside the header, so that nothing below moves when the server goes away. */}
        <div role="alert">{liveness === 'away' && <p className={styles.banner}>{t.banner.away}</p>}</div>
        <LiveMark liveness={liveness} />
        <button type="button" className={styles.plain} onClick={() => setHelp(true)}>
          {t.nav.help} <kbd>?</kbd>
        </button>
        <DisplayMenu />
        <span className={styles.user}>{t.nav.signedInAs(user.name, code('Role', user.role))}</span>
        <button type="button" className={styles.plain} onClick={logOut}>
          {t.nav.logOut}
        </button>
      </header>
      <div>
        <AutonomyStrip />
      </div>
      <main id="content" tabIndex={-1} className={styles.content}>
        {children}
      </main>
      <HelpOverlay opened={help} onClose={() => setHelp(false)} />
    </div>
  )
}

function LiveMark({ liveness }: { liveness: Liveness }) {
  const { t } = useI18n()
  return (
    <span className={styles.live} data-live={liveness === 'live' || undefined}>
      <svg viewBox="0 0 10 10" width="10" height="10" aria-hidden>
        {liveness === 'live' ? <circle cx="5" cy="5" r="4.5" /> : <circle cx="5" cy="5" r="3.7" className={styles.ring} />}
      </svg>
      {liveness === 'live' ? t.banner.live : t.banner.stale}
    </span>
  )
}
