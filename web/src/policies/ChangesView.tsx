// What a version changes, beside the one in force: rules that are new, gone or different, and the other files.
import type { PolicyDocument, PolicyList } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { LoadingView, ProblemView } from '../ui/ProblemView'
import { changes, type Kind, type RuleChange } from './changes'
import { DiffLines } from './DiffLines'
import { Digest, KindMark } from './marks'
import styles from './Policies.module.css'
import { usePolicy } from './queries'
import { placeOf } from './rules'
import { useWords } from './useWords'

export function ChangesView({ list, document }: { list: PolicyList; document: PolicyDocument }) {
  const { t } = useI18n()
  const live = document.version.digest === list.live
  const base = live ? (list.previous ?? null) : list.live
  const other = usePolicy(base)
  if (base === null) return <p className={styles.quiet}>{t.policies.nothingBefore}</p>
  if (other.data === undefined) {
    return other.isError ? <ProblemView error={other.error} onRetry={() => void other.refetch()} /> : <LoadingView />
  }
  return (
    <section aria-label={t.policies.tabs.changes}>
      <p>
        {live ? t.policies.sincePrevious : t.policies.againstLive} <Digest digest={base} />
      </p>
      <Differences before={other.data} after={document} />
    </section>
  )
}

function Differences({ before, after }: { before: PolicyDocument; after: PolicyDocument }) {
  const { t } = useI18n()
  const { rules, files, commentsOnly } = changes(before, after)
  if (rules.length + files.length + commentsOnly.length === 0) return <p className={styles.quiet}>{t.policies.noChanges}</p>
  const count = (kind: Kind) => rules.filter((change) => change.kind === kind).length
  return (
    <>
      {rules.length > 0 && <p className={styles.summary}>{t.policies.changesSummary(count('added'), count('removed'), count('changed'))}</p>}
      <ul className={styles.changes}>
        {rules.map((change) => (
          <li key={`${change.rule.place} ${change.rule.id}`}>
            <ChangedRule change={change} />
          </li>
        ))}
        {files.map((file) => (
          <li key={file.name}>
            <h3>
              <KindMark kind={file.kind} /> <code>{file.name}</code>
            </h3>
            <DiffLines label={file.name} before={file.before} after={file.after} />
          </li>
        ))}
      </ul>
      {commentsOnly.length > 0 && (
        <p className={styles.quiet}>
          {t.policies.commentsOnly} {commentsOnly.join(', ')}
        </p>
      )}
    </>
  )
}

function ChangedRule({ change: { kind, rule, before, after } }: { change: RuleChange }) {
  const { t } = useI18n()
  const words = useWords()
  const place = placeOf(rule.place)
  return (
    <>
      <h3>
        <KindMark kind={kind} /> <code>{rule.id}</code> <span className={styles.quiet}>{t.policies.places[place.kind](place.name)}</span>
      </h3>
      <p lang={words.languageOf(rule)}>{words.because(rule)}</p>
      <p className={styles.facts}>
        <b>{words.does(rule.effect, rule.actions)}</b>
        <span className={styles.quiet}>
          {rule.file}:{rule.line}
        </span>
      </p>
      <DiffLines label={rule.id} before={before} after={after} />
    </>
  )
}
