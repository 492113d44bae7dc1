// One listener for the page; each view names the commands that it answers to.
import { createContext, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react'

import { readPreference, writePreference } from '../ui/preference'
import { bindings, type Command, type Scope } from './bindings'
import { Sequence } from './sequence'

export type Handlers = Partial<Record<Command, () => void>>
interface Layer {
  scope: Scope
  handlers: () => Handlers
}

interface Keys {
  add: (layer: Layer) => () => void
  characters: boolean
  setCharacters: (on: boolean) => void
}

const KeysContext = createContext<Keys | null>(null)

export function KeysProvider({ children }: { children: ReactNode }) {
  const layers = useRef<Layer[]>([])
  const [characters, setCharacters] = useState(() => readPreference('shortcuts') !== 'off')
  useEffect(() => {
    writePreference('shortcuts', characters ? null : 'off')
    const sequence = new Sequence(bindings)
    const onKeyDown = (event: KeyboardEvent) => {
      // A dialog on top keeps the keys to itself, and a held key must not dispose of the next alarm too.
      if (event.defaultPrevented || event.isComposing || document.querySelector('[role=dialog]') !== null) return
      const scopes = layers.current.map((layer) => layer.scope)
      const command = sequence.press(event, scopes, event.timeStamp, characters)
      if (command === null) return
      if (event.repeat && command !== 'down' && command !== 'up') return
      const handler = layers.current.toReversed().map((layer) => layer.handlers()[command]).find((found) => found !== undefined)
      if (handler === undefined) return
      event.preventDefault()
      handler()
    }
    addEventListener('keydown', onKeyDown)
    return () => removeEventListener('keydown', onKeyDown)
  }, [characters])
  const value = useMemo<Keys>(
    () => ({
      add: (layer) => {
        layers.current = [...layers.current, layer]
        return () => {
          layers.current = layers.current.filter((other) => other !== layer)
        }
      },
      characters,
      setCharacters,
    }),
    [characters],
  )
  return <KeysContext.Provider value={value}>{children}</KeysContext.Provider>
}

export function useShortcuts(): Pick<Keys, 'characters' | 'setCharacters'> {
  return useKeysContext()
}

/** Answers to the commands of `scope` while the calling component is shown. */
export function useKeys(scope: Scope, handlers: Handlers): void {
  const { add } = useKeysContext()
  const latest = useRef(handlers)
  useEffect(() => {
    latest.current = handlers
  })
  useEffect(() => add({ scope, handlers: () => latest.current }), [add, scope])
}

function useKeysContext(): Keys {
  const value = useContext(KeysContext)
  if (value === null) throw new Error('useKeys needs a KeysProvider above it')
  return value
}
