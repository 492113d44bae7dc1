// Every version, the newest first: how far each has come, what it is for, and who made it.
import type { PolicyList, PolicyVersion } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { Link, paths } from '../router'
import { Digest, StateBadge } from './marks'
import styles from './Policies.module.css'

interface Props {
  list: PolicyList
  shown: string | null
  onChoose: () => void
}

export function VersionsList({ list, shown, onChoose }: Props) {
  const { t } = useI18n()
  return (
    <nav className={styles.versions} aria-label={t.policies.versions}>
      <h2>{t.policies.versions}</h2>
      <ol>
        {list.items.map((version) => (
          <li key={version.digest}>
            <Link
              href={paths.policy(version.digest)}
              className={styles.version}
              aria-current={version.digest === shown ? 'page' : undefined}
              onClick={onChoose}
            >
              <Version version={version} />
            </Link>
          </li>
        ))}
      </ol>
    </nav>
  )
}

function Version({ version }: { version: PolicyVersion }) {
  const { t, format } = useI18n()
  const [passed = 0, all = 0] = version.cases
  return (
    <>
      <span className={styles.versionHead}>
        <StateBadge state={version.state} /> <Digest digest={version.digest} />
      </span>
      <span className={styles.versionNote}>{version.note === '' ? t.policies.noNote : version.note}</span>
      <span className={styles.versionFacts}>
        {t.policies.proposedOn(version.proposed_by, format.date(version.proposed_at))}
        {all > 0 && <span>{t.policies.casesPassed(passed, all)}</span>}
        {version.problems.length > 0 && <b className={styles.bad}>{t.policies.problemsCount(version.problems.length)}</b>}
      </span>
    </>
  )
}
