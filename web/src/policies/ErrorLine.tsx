// Why an act on the policies did not work, in the person's words, with the request's name for whoever looks further.
import { ApiError } from '../api/client'
import { useI18n } from '../i18n/I18nProvider'
import type { Texts } from '../i18n/en'
import { Link, paths } from '../router'
import { problemText } from '../ui/ProblemView'
import { short } from './life'
import styles from './Policies.module.css'

export function policyProblem(t: Texts, error: unknown): string {
  const problems: Record<string, string> = t.policies.problems
  if (error instanceof ApiError) {
    if (error.code !== null && Object.hasOwn(problems, error.code)) return problems[error.code] ?? ''
    if (error.status === 404) return t.policies.missing
    if (error.status === 409) return t.policies.problems.conflict
    if (error.status === 413) return t.policies.problems.too_large
  }
  return problemText(t, error)
}

export function ErrorLine({ error }: { error: unknown }) {
  const { t } = useI18n()
  if (error == null) return null
  const { requestId = null, code = null, detail = '' } = error instanceof ApiError ? error : {}
  const known = code === 'known_version' ? /[0-9a-f]{64}/.exec(detail)?.[0] : undefined
  return (
    <div role="alert" className={styles.error}>
      <p>
        {policyProblem(t, error)} {known !== undefined && <Link href={paths.policy(known)}>{t.policies.toVersion(short(known))}</Link>}{' '}
        {requestId !== null && <span className={styles.request}>{t.common.requestId(requestId)}</span>}
      </p>
      {code === 'not_sound' && <pre lang="en">{detail}</pre>}
    </div>
  )
}
