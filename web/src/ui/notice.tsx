// One short message about what was just done, with a way back to it. It never takes the focus.
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react'

import { useI18n } from '../i18n/I18nProvider'
import { Link } from '../router'
import styles from './notice.module.css'

export interface Notice {
  text: string
  href?: string
  linkText?: string
}

// The same words stay readable on the alarm's page and in the closed tab, so that nothing is lost with it.
const SHOWN_MS = 12_000

const NoticeContext = createContext<(notice: Notice) => void>(() => undefined)

export function NoticeProvider({ children }: { children: ReactNode }) {
  const { t } = useI18n()
  const [notice, setNotice] = useState<Notice | null>(null)
  useEffect(() => {
    if (notice === null) return undefined
    const timer = setTimeout(() => setNotice(null), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [notice])
  const show = useMemo(() => setNotice, [])
  return (
    <NoticeContext.Provider value={show}>
      {children}
      <div role="status" className={styles.place}>
        {notice !== null && (
          <p className={styles.notice}>
            {notice.text}
            {notice.href !== undefined && (
              <Link href={notice.href} onClick={() => setNotice(null)}>
                {notice.linkText}
              </Link>
            )}
            <button type="button" aria-label={t.common.close} onClick={() => setNotice(null)}>
              ×
            </button>
          </p>
        )}
      </div>
    </NoticeContext.Provider>
  )
}

export const useNotice = () => useContext(NoticeContext)
