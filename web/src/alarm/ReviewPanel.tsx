// Tells, after a blind review, what the system had suggested beside what the person said, and why it was hidden.
// It blames nobody: where the two differ, either may be right.
import { Button } from '@mantine/core'

import type { Decision, Disposition, Review } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { useUser } from '../session/SessionContext'
import { OutcomeMark } from '../ui/marks'
import { usePageFocus } from '../ui/usePageFocus'
import styles from './Alarm.module.css'
import { Pair } from './FactsPanel'

interface Props {
  review: Review
  decision: Decision
  /** The word that was said blind. */
  said: Disposition
  /** Whether it was said on this page just now. */
  fresh: boolean
  actionsDue: boolean
  onNext: () => void
}

export function ReviewPanel({ review, decision, said, fresh, actionsDue, onNext }: Props) {
  const { t, code } = useI18n()
  const user = useUser()
  const title = usePageFocus()
  const recognised = said.code === 'real_threat' ? t.blind.recognised : t.blind.notRecognised
  return (
    <section className={styles.aside} aria-label={t.blind.judged}>
      <div className={styles.asideHead}>
        <h2 ref={fresh ? title : undefined} tabIndex={-1}>
          {t.blind.judged}
        </h2>
        {fresh && (
          <Button variant="default" size="compact-sm" onClick={onNext}>
            {t.blind.next}
            {!actionsDue && (
              <kbd aria-hidden className={styles.enter}>
                ⏎
              </kbd>
            )}
          </Button>
        )}
      </div>
      <dl className={styles.sides}>
        <Pair term={t.blind.suggested}>
          <OutcomeMark outcome={decision.verdict.outcome} />
        </Pair>
        <Pair term={said.by === user.name ? t.blind.youSaid : t.blind.said(said.by)}>
          <b>{code('DispositionCode', said.code)}</b>
        </Pair>
      </dl>
      <p>
        {t.blind.reasons[review.reason]} {review.reason === 'control' && recognised}
      </p>
      {review.reason === 'control' && <p className={styles.quiet}>{t.blind.noScore}</p>}
      {actionsDue && (
        <p className={styles.due}>
          {t.blind.actionsDue} <kbd aria-hidden>a</kbd>
        </p>
      )}
    </section>
  )
}
