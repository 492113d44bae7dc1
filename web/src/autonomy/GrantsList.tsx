// What is granted now, and what was and why it ended.
import { useRef } from 'react'

import type { Grant, GrantEnd } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { disposes } from '../session/roles'
import { useUser } from '../session/SessionContext'
import { useNow } from '../ui/useNow'
import styles from './Autonomy.module.css'
import { EXPIRY_EVERY_MS, holds } from './grants'
import { Withdrawal } from './Withdrawal'

interface Props {
  grants: readonly Grant[]
  /** Of the headings, below the page's own. */
  level: 2 | 3
  withSite?: boolean
}

export function GrantsList({ grants, level, withSite = false }: Props) {
  const { t } = useI18n()
  const user = useUser()
  const title = useRef<HTMLHeadingElement>(null)
  const Heading = `h${level}` as const
  const now = useNow(EXPIRY_EVERY_MS)
  const inForce = grants.filter((grant) => holds(grant, now))
  const ended = grants.filter((grant) => !holds(grant, now))
  return (
    <>
      <section aria-label={t.autonomy.inForce}>
        {/* The row goes with what was taken back, so the focus goes to its list. */}
        <Heading ref={title} tabIndex={-1}>
          {t.autonomy.inForce}
        </Heading>
        {inForce.length === 0 && <p className={styles.quiet}>{t.autonomy.none}</p>}
        <ul className={styles.grants}>
          {inForce.map((grant) => (
            <li key={grant.id}>
              <Granted grant={grant} withSite={withSite} />
              {disposes(user.role) && <Withdrawal grant={grant} onDone={() => title.current?.focus()} />}
            </li>
          ))}
        </ul>
      </section>
      {ended.length > 0 && (
        <section aria-label={t.autonomy.ended}>
          <Heading>{t.autonomy.ended}</Heading>
          <ul className={styles.grants}>
            {ended.map((grant) => (
              <li key={grant.id}>
                <Granted grant={grant} withSite={withSite} />
                {grant.ended != null && <Ended end={grant.ended} />}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  )
}

function Granted({ grant, withSite }: { grant: Grant; withSite: boolean }) {
  const { t, code, format } = useI18n()
  const parts = [t.autonomy.grantedBy(grant.granted_by, format.date(grant.granted_at)), t.autonomy.below(format.rate(grant.below))]
  if (grant.ended == null) parts.push(t.autonomy.until(format.date(grant.expires_at)))
  return (
    <p>
      <b>{code('AlarmKind', grant.kind)}</b>
      {withSite && ` · ${grant.site}`}
      <span className={styles.line}>{parts.join(' · ')}</span>
    </p>
  )
}

function Ended({ end }: { end: GrantEnd }) {
  const { t, code, format } = useI18n()
  return (
    <p>
      {code('GrantEndCode', end.code)}
      {end.because !== '' && (
        <>
          : <q>{end.because}</q>
        </>
      )}
      <span className={styles.line}>
        {t.autonomy.endedOn(format.date(end.at))} {end.by != null && t.autonomy.endedBy(end.by)}
      </span>
    </p>
  )
}
