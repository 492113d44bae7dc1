// What the alarm brought: captions with their ids, text seen in the scene, detections, the clip.
import type { Alarm, Caption } from '../api/types'
import { clipTime } from '../i18n/format'
import { useI18n } from '../i18n/I18nProvider'
import styles from './Alarm.module.css'
import { captionElementId, useEvidence } from './evidence'

export function CaptionsPanel({ alarm, cut }: { alarm: Alarm; cut: readonly string[] }) {
  const { t } = useI18n()
  const captions = alarm.captions ?? []
  const sceneText = alarm.visible_text ?? []
  return (
    <section className={styles.column} aria-label={t.alarm.captions}>
      <h2>{t.alarm.captions}</h2>
      {captions.length === 0 && <p className={styles.quiet}>{t.alarm.noCaptions}</p>}
      <ol className={styles.captions}>
        {captions.map((caption, i) => (
          // A caption's id is its place, and captions never change.
          // oxlint-disable-next-line react/no-array-index-key
          <CaptionItem key={i} id={`c${i + 1}`} caption={caption} cut={cut.includes(`c${i + 1}`)} />
        ))}
      </ol>
      {sceneText.length > 0 && (
        <div className={styles.sceneText}>
          <h3>{t.alarm.sceneText}</h3>
          <ul>
            {[...new Set(sceneText)].map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </div>
      )}
      <Detections alarm={alarm} />
      <ClipReference alarm={alarm} />
    </section>
  )
}

function CaptionItem({ id, caption, cut }: { id: string; caption: Caption; cut: boolean }) {
  const { t } = useI18n()
  const { active } = useEvidence()
  const times = [caption.start_s, caption.end_s].filter((time) => time != null).map(clipTime)
  return (
    <li id={captionElementId(id)} className={styles.caption} data-active={active === id || undefined} tabIndex={-1}>
      <div className={styles.captionHead}>
        <b>{id}</b>
        {times.length > 0 && <span>{times.join(' – ')}</span>}
        {caption.model != null && <span>{t.alarm.captionBy(caption.model)}</span>}
        {cut && <span className={styles.cut}>{t.alarm.cut}</span>}
      </div>
      <p>{caption.text}</p>
    </li>
  )
}

function Detections({ alarm }: { alarm: Alarm }) {
  const { t, format } = useI18n()
  const detections = alarm.detections ?? []
  if (detections.length === 0) return null
  return (
    <div>
      <h3>{t.alarm.detections}</h3>
      <ul className={styles.inline}>
        {detections.map((one) => (
          <li key={`${one.label} ${one.start_s} ${one.confidence}`}>
            {one.label}
            {one.confidence != null && <span className={styles.quiet}> {format.share(one.confidence)}</span>}
            {one.start_s != null && <span className={styles.quiet}> {clipTime(one.start_s)}</span>}
          </li>
        ))}
      </ul>
    </div>
  )
}

function ClipReference({ alarm }: { alarm: Alarm }) {
  const { t } = useI18n()
  const { clip } = alarm
  return (
    <div>
      <h3>{t.alarm.clip}</h3>
      {clip == null ? (
        <p className={styles.quiet}>{t.alarm.noClip}</p>
      ) : (
        <p className={styles.clip}>
          <code>{clip.uri}</code>
          {clip.duration_s != null && <span> {clipTime(clip.duration_s)}</span>}
          {clip.sha256 != null && (
            <span className={styles.quiet} title={clip.sha256}>
              {' '}
              {t.alarm.clipDigest} {clip.sha256.slice(0, 12)}…
            </span>
          )}
        </p>
      )}
      <p className={styles.quiet}>
        {t.alarm.source} {alarm.source}, {alarm.source_event_id}
      </p>
    </div>
  )
}
