// From a draft to being in force, as steps with who took them and when.
import type { PolicyVersion } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { stages } from './life'
import styles from './Policies.module.css'

const signs = { done: '✓', now: '●', later: '○', skipped: '–' } as const

export function LifeCycle({ version }: { version: PolicyVersion }) {
  const { t, code, format } = useI18n()
  const over = version.state === 'retired' || version.state === 'withdrawn'
  return (
    <div className={styles.life}>
      <ol className={styles.steps} aria-label={t.policies.lifeCycle}>
        {stages(version).map(({ step, state, by, at }) => (
          <li key={step} data-stage={state} aria-current={state === 'now' && !over ? 'step' : undefined}>
            <span className={styles.stepName}>
              <span aria-hidden className={styles.stepSign}>
                {state === 'now' && over ? signs.done : signs[state]}
              </span>
              {t.policies.steps[step]}
              <span className="visually-hidden">{t.policies.stepState[state === 'now' && over ? 'done' : state]}</span>
            </span>
            {by !== null && <span>{by}</span>}
            {at !== null && <span className={styles.quiet}>{format.dateTime(at)}</span>}
          </li>
        ))}
      </ol>
      {over && (
        <p className={styles.over}>
          <b>{code('PolicyState', version.state)}.</b>
          {version.because != null && (
            <>
              {' '}
              {t.policies.because}: <q>{version.because}</q>
            </>
          )}
        </p>
      )}
      {!over && version.because != null && (
        <p className={styles.quiet}>
          {t.policies.because}: <q>{version.because}</q>
        </p>
      )}
    </div>
  )
}
