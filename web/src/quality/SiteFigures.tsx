// One site: what was measured on the left, what follows for autonomy on the right.
import type { SiteQuality, Tally } from '../api/types'
import { GrantForm } from '../autonomy/GrantForm'
import { GrantsList } from '../autonomy/GrantsList'
import { useI18n } from '../i18n/I18nProvider'
import { grantsAutonomy } from '../session/roles'
import { useUser } from '../session/SessionContext'
import { CamerasTable } from './CamerasTable'
import { DriftTable } from './DriftTable'
import { ExtrapolatedFigure, RateFigure } from './Figure'
import { LearningPanel } from './LearningPanel'
import styles from './Quality.module.css'
import { VerdictMix } from './VerdictMix'

export function SiteFigures({ site }: { site: SiteQuality }) {
  const { t, format } = useI18n()
  const user = useUser()
  const { all } = site
  const mayGrant = grantsAutonomy(user.role)
  const period = [t.quality.since(format.date(site.since)), t.quality.decided(all.decided)]
  if (all.reviews_open > 0) period.push(t.quality.reviewsOpen(all.reviews_open))
  const known = all.decided > 0 || all.controls_seen.of > 0
  return (
    <div className={styles.site}>
      <div className={styles.measured}>
        <p className={styles.period}>{period.join(' · ')}</p>
        {!known && (
          <div>
            <p className={styles.missing}>{t.quality.nothing}</p>
            <p className={styles.quiet}>{t.quality.nothingLead}</p>
          </div>
        )}
        {known && <Figures tally={all} />}
        {all.decided > 0 && <VerdictMix tally={all} />}
        <DriftTable signs={site.drift} />
        {site.cameras.length > 0 && <CamerasTable cameras={site.cameras} />}
      </div>
      <div className={styles.granted}>
        <h2>{t.autonomy.title}</h2>
        <LearningPanel learning={site.learning} withNotice={!mayGrant} />
        {mayGrant && <GrantForm key={site.site} site={site} />}
        <GrantsList grants={site.grants} level={3} />
      </div>
    </div>
  )
}

function Figures({ tally }: { tally: Tally }) {
  const { t } = useI18n()
  return (
    <div className={styles.figures}>
      <RateFigure
        rate={tally.false_dismissals}
        title={t.quality.falseDismissals}
        lead={t.quality.falseDismissalsLead}
        missing={t.quality.falseDismissalsNone}
      />
      <ExtrapolatedFigure
        estimate={tally.missed_threats}
        title={t.quality.missed}
        lead={t.quality.missedLead}
        missing={t.quality.missedNone}
      />
      <RateFigure
        rate={tally.overridden}
        title={t.quality.overridden}
        lead={t.quality.overriddenLead}
        missing={t.quality.overriddenNone}
      />
      <RateFigure
        rate={tally.controls_seen}
        title={t.quality.controls}
        lead={t.quality.controlsLead}
        missing={t.quality.controlsNone}
      />
    </div>
  )
}
