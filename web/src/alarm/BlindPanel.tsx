// Stands where the suggestion would, while a person is to judge without it.
import { useI18n } from '../i18n/I18nProvider'
import styles from './Alarm.module.css'

export function BlindPanel() {
  const { t } = useI18n()
  return (
    <section className={styles.aside} aria-label={t.blind.row}>
      <h2>{t.blind.row}</h2>
      <p>{t.blind.lead}</p>
      <p className={styles.quiet}>{t.blind.may}</p>
    </section>
  )
}
