// What holds where: the packs of each site, and which of their rules were taken out or replaced there, and why.
import type { ReplacedRule, SitePolicy } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import styles from './Policies.module.css'

export function SitesList({ sites }: { sites: readonly SitePolicy[] }) {
  const { t } = useI18n()
  if (sites.length === 0) return <p className={styles.quiet}>{t.policies.sitesUnread}</p>
  return (
    <section aria-label={t.policies.tabs.sites}>
      <p className={styles.quiet}>{t.policies.sitesLead}</p>
      <ul className={styles.sites}>
        {sites.map((site) => (
          <li key={site.site ?? ''}>
            <h3>
              {site.site ?? t.policies.otherSites} <span className={styles.quiet}>{t.policies.rulesCount(site.rules)}</span>
            </h3>
            <p>{site.packs.length === 0 ? t.policies.noPacks : t.policies.packs(site.packs.join(', '))}</p>
            {site.replaced.length > 0 && (
              <ul className={styles.replaced}>
                {site.replaced.map((one) => (
                  <li key={`${one.at} ${one.by ?? ''}`}>
                    <Replaced one={one} />
                  </li>
                ))}
              </ul>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

function Replaced({ one }: { one: ReplacedRule }) {
  const { t } = useI18n()
  return (
    <>
      <p>
        <b>{one.by == null ? t.policies.takenOut : t.policies.replacedHere}</b> <code>{one.rule}</code>{' '}
        <span className={styles.quiet}>{one.by == null ? one.at : t.policies.replacedBy(one.at, one.by)}</span>
      </p>
      <p>
        {t.policies.because}: <q>{one.because}</q>
      </p>
    </>
  )
}
