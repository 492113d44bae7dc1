// Reminds everybody, on every page, that something is closed without a person. Its place is empty otherwise.
import { useGrants } from '../api/queries'
import { useI18n } from '../i18n/I18nProvider'
import { Link, paths } from '../router'
import { seesQuality } from '../session/roles'
import { useUser } from '../session/SessionContext'
import { useNow } from '../ui/useNow'
import styles from './Autonomy.module.css'
import { EXPIRY_EVERY_MS, holds } from './grants'

export function AutonomyStrip() {
  const { t } = useI18n()
  const user = useUser()
  const { data } = useGrants()
  const now = useNow(EXPIRY_EVERY_MS)
  const inForce = (data?.items ?? []).filter((grant) => holds(grant, now)).length
  if (inForce === 0) return null
  return (
    <Link href={seesQuality(user.role) ? paths.quality() : paths.autonomy()} className={styles.strip}>
      {t.autonomy.strip(inForce)}
    </Link>
  )
}
