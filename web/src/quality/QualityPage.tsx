// Quality in operation, site by site, for those who answer for it.
import { useState } from 'react'

import { useQuality } from '../api/queries'
import type { SiteQuality } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { seesQuality } from '../session/roles'
import { useUser } from '../session/SessionContext'
import { EmptyView, LoadingView, ProblemView } from '../ui/ProblemView'
import { usePageFocus } from '../ui/usePageFocus'
import styles from './Quality.module.css'
import { SiteFigures } from './SiteFigures'

export function QualityPage() {
  const { t } = useI18n()
  const user = useUser()
  return seesQuality(user.role) ? <Quality /> : <ProblemView text={t.problem.forbidden} />
}

function Quality() {
  const quality = useQuality()
  if (quality.data === undefined) {
    return quality.isPending ? <LoadingView /> : <ProblemView error={quality.error} onRetry={() => void quality.refetch()} />
  }
  return <Sites sites={quality.data.sites} />
}

function Sites({ sites }: { sites: readonly SiteQuality[] }) {
  const { t } = useI18n()
  const title = usePageFocus()
  // Settled once, so that no other site slips under a hand when its first alarm comes.
  const [chosen, setChosen] = useState(() => sites.find((one) => one.all.decided > 0)?.site)
  const site = sites.find((one) => one.site === chosen) ?? sites[0]
  return (
    <div className={styles.page}>
      <div className={styles.head}>
        <h1 ref={title} tabIndex={-1}>
          {t.quality.title}
        </h1>
        {site !== undefined && (
          <label className={styles.chooser}>
            {t.quality.site}
            <select value={site.site} onChange={(event) => setChosen(event.currentTarget.value)}>
              {sites.map((one) => (
                <option key={one.site}>{one.site}</option>
              ))}
            </select>
          </label>
        )}
        <p className={styles.quiet}>{t.quality.lead}</p>
      </div>
      {site === undefined ? <EmptyView title={t.quality.noSites} lead={t.quality.noSitesLead} /> : <SiteFigures site={site} />}
    </div>
  )
}
