// Ties what was understood to the captions that say so: pointing at a chip lights its caption up.
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from 'react'

import { useI18n } from '../i18n/I18nProvider'
import styles from './Alarm.module.css'

interface Evidence {
  active: string | null
  point: (id: string | null) => void
}

const EvidenceContext = createContext<Evidence>({ active: null, point: () => undefined })

export function EvidenceProvider({ children }: { children: ReactNode }) {
  const [active, setActive] = useState<string | null>(null)
  const point = useCallback((id: string | null) => {
    setActive(id)
    // Long clips have more captions than fit, so the one meant is brought into its column.
    if (id !== null) document.getElementById(captionElementId(id))?.scrollIntoView?.({ block: 'nearest' })
  }, [])
  const value = useMemo(() => ({ active, point }), [active, point])
  return <EvidenceContext.Provider value={value}>{children}</EvidenceContext.Provider>
}

export const useEvidence = () => useContext(EvidenceContext)

export const captionElementId = (id: string) => `caption-${id}`

export function EvidenceChips({ ids }: { ids: readonly string[] }) {
  const { t } = useI18n()
  const { active, point } = useEvidence()
  if (ids.length === 0) return null
  return (
    <span className={styles.chips}>
      {ids.map((id) => (
        <button
          key={id}
          type="button"
          className={styles.chip}
          data-active={active === id || undefined}
          aria-label={t.alarm.showCaption(id)}
          onMouseEnter={() => point(id)}
          onMouseLeave={() => point(null)}
          onFocus={() => point(id)}
          onBlur={() => point(null)}
          onClick={() => document.getElementById(captionElementId(id))?.focus()}
        >
          {id}
        </button>
      ))}
    </span>
  )
}
