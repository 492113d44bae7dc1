// Severity, outcome, level, presence: each by word and by shape, so that none depends on seeing colour.
import type { Outcome, Presence, Severity } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import styles from './marks.module.css'

const severityShapes: Record<Severity, string> = {
  critical: 'M7.2 1h7.6L21 7.2v7.6L14.8 21H7.2L1 14.8V7.2z',
  high: 'M11 1.5 21.5 20H.5z',
  medium: 'M11 .8 21.2 11 11 21.2.8 11z',
  low: 'M11 2a9 9 0 1 1 0 18 9 9 0 0 1 0-18z',
  none: 'M3 9h16v4H3z',
}

/** Octagon, triangle, diamond, ring, bar: from far away the outline alone tells them apart. */
export function SeverityShape({ severity, size = 22 }: { severity: Severity; size?: number }) {
  return (
    <svg viewBox="0 0 22 22" width={size} height={size} aria-hidden className={styles.shape} data-severity={severity}>
      <path d={severityShapes[severity]} />
      {severity === 'critical' && <path className={styles.cut} d="M9.6 4.8h2.8v8H9.6zM9.6 14.6h2.8v2.8H9.6z" />}
      {severity === 'high' && <path className={styles.cut} d="M9.8 8h2.4v6H9.8zM9.8 15.4h2.4v2.4H9.8z" />}
    </svg>
  )
}

export function SeverityMark({ severity, size }: { severity: Severity; size?: number }) {
  const { code } = useI18n()
  return (
    <span className={styles.severity} data-severity={severity}>
      <SeverityShape severity={severity} {...(size === undefined ? {} : { size })} />
      {code('Severity', severity)}
    </span>
  )
}

/** All outcomes look alike but for word and sign: none invites agreement. */
export function OutcomeMark({ outcome }: { outcome: Outcome }) {
  const { code } = useI18n()
  const sign = { verified: '!', uncertain: '?', dismissed: '–' }[outcome]
  return (
    <span className={styles.outcome}>
      <span aria-hidden className={styles.sign}>
        {sign}
      </span>
      {code('Outcome', outcome)}
    </span>
  )
}

/** Four bars that fill with the level, and its number. */
export function LevelMark({ level }: { level: number }) {
  const { code } = useI18n()
  return (
    <span className={styles.level} title={code('AvsLevel', level)}>
      <span aria-hidden className={styles.bars}>
        {[1, 2, 3, 4].map((step) => (
          <i key={step} data-on={step <= level || undefined} />
        ))}
      </span>
      <span>AVS {level}</span>
    </span>
  )
}

export function PresenceMark({ presence }: { presence: Presence }) {
  const { code } = useI18n()
  return (
    <span className={styles.presence} data-presence={presence}>
      <svg viewBox="0 0 12 12" width="11" height="11" aria-hidden>
        <circle cx="6" cy="6" r="4.6" />
        {presence === 'unclear' && <path d="M6 1.4a4.6 4.6 0 0 1 0 9.2z" />}
        {presence === 'absent' && <path className={styles.strike} d="M2.5 9.5l7-7" />}
      </svg>
      {code('Presence', presence)}
    </span>
  )
}
