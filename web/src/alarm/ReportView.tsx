// The incident report, read from its document; every sentence with the evidence that it rests on.
import { api, ApiError } from '../api/client'
import { useReport } from '../api/queries'
import { readReport, type Sentence } from '../api/report'
import { useI18n } from '../i18n/I18nProvider'
import { EmptyView, LoadingView, ProblemView } from '../ui/ProblemView'
import styles from './Alarm.module.css'
import { EvidenceChips } from './evidence'

export function ReportView({ id, ready }: { id: string; ready: boolean }) {
  const { t } = useI18n()
  const query = useReport(id, ready)
  const missing = query.error instanceof ApiError && query.error.status === 404
  if (!ready || missing) return <EmptyView title={t.report.title} lead={t.report.none} />
  if (query.isError && query.data === undefined) return <ProblemView error={query.error} onRetry={() => void query.refetch()} />
  if (query.data === undefined) return <LoadingView />
  const report = readReport(query.data)
  return (
    <article className={styles.report}>
      <div className={styles.reportHead}>
        <h2>{report.title || t.report.title}</h2>
        <a href={api.reportPage(id)} target="_blank" rel="noreferrer">
          {t.report.printable}
        </a>
      </div>
      <p className={styles.quiet}>{t.report.generated}</p>
      {report.sections.map((section) => (
        <section key={section.heading}>
          <h3>{section.heading}</h3>
          {section.sentences.map((sentence) => (
            <SentenceLine key={`${sentence.text} ${sentence.evidence.join()}`} sentence={sentence} evidence={report.evidence} />
          ))}
        </section>
      ))}
      {report.sceneText.length > 0 && (
        <div className={styles.sceneText}>
          <h3>{t.alarm.sceneText}</h3>
          <ul>
            {[...new Set(report.sceneText)].map((words) => (
              <li key={words}>{words}</li>
            ))}
          </ul>
        </div>
      )}
    </article>
  )
}

function SentenceLine({ sentence, evidence }: { sentence: Sentence; evidence: Map<string, string> }) {
  const { t } = useI18n()
  const captions = sentence.evidence.filter((id) => /^c[1-9][0-9]*$/.test(id))
  const others = sentence.evidence.filter((id) => !captions.includes(id))
  const origins: Record<string, string> = t.report.origin
  const origin = sentence.origin === null ? undefined : origins[sentence.origin]
  return (
    <p className={styles.sentence}>
      <span>
        {sentence.text}
        {origin !== undefined && sentence.origin !== 'template' && <span className={styles.quiet}> ({origin})</span>}
      </span>
      <span className={styles.factEvidence}>
        <EvidenceChips ids={captions} />
        {others.map((id) => (
          <code key={id} title={evidence.get(id)}>
            {id}
          </code>
        ))}
      </span>
    </p>
  )
}
