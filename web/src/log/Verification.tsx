// Has the server recompute the whole log, and says what it found.
import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'

import { api } from '../api/client'
import { useI18n } from '../i18n/I18nProvider'
import { problemText } from '../ui/ProblemView'
import styles from './Log.module.css'

export function Verification() {
  const { t } = useI18n()
  const verification = useMutation({ mutationFn: api.verifyLog })
  const found = verification.data
  return (
    <div className={styles.verification}>
      <Button loading={verification.isPending} onClick={() => verification.mutate()}>
        {t.log.verify}
      </Button>
      <div role="status">
        {verification.isPending && <p className={styles.quiet}>{t.log.verifying}</p>}
        {verification.isError && <p className={styles.bad}>{problemText(t, verification.error)}</p>}
        {found !== undefined && !verification.isPending && (
          <>
            <p className={found.ok ? styles.good : styles.bad}>
              <span aria-hidden>{found.ok ? '✓' : '✕'}</span> {found.ok ? t.log.ok(found.size) : t.log.bad(found.findings.length)}
            </p>
            <ul>
              {found.findings.map((finding) => (
                <li key={`${finding.entry} ${finding.problem}`}>
                  {finding.entry != null && <b>{t.log.at(finding.entry)}: </b>}
                  {finding.problem}
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </div>
  )
}
