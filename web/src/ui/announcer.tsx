// Says things to screen readers without moving anything on the screen.
import { createContext, useCallback, useContext, useState, type ReactNode } from 'react'

const AnnouncerContext = createContext<(message: string) => void>(() => undefined)

export function AnnouncerProvider({ children }: { children: ReactNode }) {
  const [message, setMessage] = useState('')
  const announce = useCallback((text: string) => setMessage(text), [])
  return (
    <AnnouncerContext.Provider value={announce}>
      {children}
      <div role="status" aria-live="polite" className="visually-hidden announcer" data-testid="announcer">
        {message}
      </div>
    </AnnouncerContext.Provider>
  )
}

export function useAnnounce(): (message: string) => void {
  return useContext(AnnouncerContext)
}
