// One measured share: how many of how many, how sure that is, and what is missing where nothing was measured.
import type { Extrapolated, Rate } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { IntervalPlot } from './IntervalPlot'
import styles from './Quality.module.css'

interface Words {
  title: string
  lead: string
  /** What has to happen before there is a figure. */
  missing: string
}

/** An upper bound so near to all that it tells nothing. */
const SAYS_NOTHING = 0.995

export function RateFigure({ rate, ...words }: Words & { rate: Rate }) {
  const { t, format } = useI18n()
  const { hits, of, share, low, high } = rate
  if (share == null || low == null || high == null) return <NotMeasured {...words} />
  const [shareText, lowText, highText] = [share, low, high].map(format.rate) as [string, string, string]
  return (
    <section className={styles.figure} aria-label={words.title}>
      <h2>{words.title}</h2>
      <p className={styles.number}>
        {/* That none was found among a few is no share of nought: then the bound is what is known. */}
        {t.quality.of(hits, of)} <span>{hits === 0 ? t.quality.boundOnly(highText) : shareText}</span>
      </p>
      <IntervalPlot share={share} low={low} high={high} label={t.quality.plot(hits, of, shareText, lowText, highText)} />
      <p>{t.quality.interval(lowText, highText)}</p>
      <p className={styles.quiet}>{words.lead}</p>
    </section>
  )
}

export function ExtrapolatedFigure({ estimate, ...words }: Words & { estimate: Extrapolated | null | undefined }) {
  const { t, format } = useI18n()
  if (estimate == null) return <NotMeasured {...words} />
  if (estimate.high >= SAYS_NOTHING) return <NotMeasured {...words} missing={t.quality.missedWide} />
  const [share, high] = [format.rate(estimate.share), format.rate(estimate.high)]
  return (
    <section className={styles.figure} aria-label={words.title}>
      <h2>{words.title}</h2>
      <p className={styles.number}>{estimate.share === 0 ? t.quality.boundOnly(high) : t.quality.estimate(share)}</p>
      <IntervalPlot share={estimate.share} high={estimate.high} label={t.quality.missedPlot(share, high)} />
      <p>{t.quality.atMost(high)}</p>
      <p className={styles.quiet}>{words.lead}</p>
    </section>
  )
}

function NotMeasured({ title, missing }: Words) {
  const { t } = useI18n()
  return (
    <section className={styles.figure} aria-label={title}>
      <h2>{title}</h2>
      <p className={styles.missing}>{t.quality.notMeasured}</p>
      <p className={styles.quiet}>{missing}</p>
    </section>
  )
}
