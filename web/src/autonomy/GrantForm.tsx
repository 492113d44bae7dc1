// Lets the system close one kind of alarm at one site, for a time. It stands beside the figures that speak for it,
// and names them.
import { Button, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useId, useState } from 'react'

import { ApiError } from '../api/client'
import { keys, useGrant } from '../api/queries'
import type { NewGrant, Queue, SiteQuality } from '../api/types'
import type { Texts } from '../i18n/en'
import { useI18n } from '../i18n/I18nProvider'
import { useNotice } from '../ui/notice'
import { problemText } from '../ui/ProblemView'
import styles from './Autonomy.module.css'
import { durations, expiry, isKind, refusal, type Days } from './grants'

export function GrantForm({ site }: { site: SiteQuality }) {
  const { t, code } = useI18n()
  const notify = useNotice()
  const grant = useGrant()
  const kinds = useKindsAtHand(site)
  const ids = useId()
  const [kind, setKind] = useState('')
  const [days, setDays] = useState<Days>(durations[0])
  const asked = kind.trim()
  const refused = useRefusal(site)

  const send = () => {
    if (!isKind(asked) || grant.isPending) return
    const granted = t.autonomy.granted(code('AlarmKind', asked), site.site)
    grant.mutate(toGrant(site, asked, days), {
      onSuccess: () => {
        setKind('')
        notify({ text: granted })
      },
    })
  }
  return (
    <form
      className={styles.form}
      aria-label={t.autonomy.form}
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <h3>{t.autonomy.form}</h3>
      {refused === null ? <p className={styles.quiet}>{t.autonomy.formLead}</p> : <p className={styles.refused}>{refused}</p>}
      <fieldset disabled={refused !== null || grant.isPending} className={styles.fields}>
        <TextInput
          size="sm"
          label={t.autonomy.kind}
          description={t.autonomy.kindHint}
          list={`${ids}-kinds`}
          autoComplete="off"
          spellCheck={false}
          disabled={refused !== null || grant.isPending}
          error={asked !== '' && !isKind(asked) ? t.autonomy.kindWrong : undefined}
          value={kind}
          onChange={(event) => setKind(event.currentTarget.value)}
        />
        <datalist id={`${ids}-kinds`}>
          {kinds.map((one) => (
            <option key={one} value={one}>
              {code('AlarmKind', one)}
            </option>
          ))}
        </datalist>
        <fieldset className={styles.durations}>
          <legend>{t.autonomy.howLong}</legend>
          {durations.map((one) => (
            <label key={one}>
              <input type="radio" name={`${ids}-days`} value={one} checked={days === one} onChange={() => setDays(one)} /> {t.autonomy.days(one)}
            </label>
          ))}
        </fieldset>
        <Button type="submit" size="sm" disabled={refused !== null || !isKind(asked)} loading={grant.isPending}>
          {t.autonomy.grant}
        </Button>
      </fieldset>
      {grant.isError && (
        <p role="alert" className={styles.error}>
          {grantProblem(t, grant.error)}
        </p>
      )}
    </form>
  )
}

function toGrant(site: SiteQuality, kind: string, days: Days): NewGrant {
  return { site: site.site, kind, verdict: 'dismissed', expires_at: expiry(days, Date.now()), figures: site.digest }
}

/** Why nothing can be granted here now, in words. */
function useRefusal(site: SiteQuality): string | null {
  const { t, code } = useI18n()
  const found = refusal(site)
  if (found === null) return null
  if (found.because === 'labels') return t.quality.moreNeeded(found.moreNeeded)
  return t.autonomy.refusedDrift(found.signs.map((sign) => code('DriftSignCode', sign.code)).join('; '))
}

function grantProblem(t: Texts, error: unknown): string {
  const problems: Record<string, string> = t.autonomy.problems
  const words = error instanceof ApiError && error.code !== null ? problems[error.code] : undefined
  return words ?? problemText(t, error)
}

/** Kinds that the site is known to have: from its grants, and from the queues that were looked at. */
function useKindsAtHand({ site, grants }: SiteQuality): string[] {
  const client = useQueryClient()
  const queues = client.getQueriesData<Queue>({ queryKey: keys.queues })
  const seen = queues.flatMap(([, queue]) => queue?.items ?? []).filter((item) => item.site === site)
  return [...new Set([...grants, ...seen].map((one) => one.kind))].toSorted()
}
