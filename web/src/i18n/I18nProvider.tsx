// The language in use: the person's choice, else the browser's, else English.
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react'

import { readPreference, writePreference } from '../ui/preference'
import { en, type Texts } from './en'
import { es } from './es'
import { formats, type Formats } from './format'

export type Language = 'en' | 'es'
type CodeList = keyof Texts['codes']

interface I18n {
  language: Language
  setLanguage: (language: Language) => void
  t: Texts
  /** A code's words. A code that this build does not know is shown as it is, never dropped. */
  code: (list: CodeList, value: string | number | null | undefined) => string
  format: Formats
}

export const dictionaries: Record<Language, Texts> = { en, es }

const I18nContext = createContext<I18n | null>(null)

export function wordsFor(texts: Texts, list: CodeList, value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '–'
  const words = texts.codes[list] as Record<string, string>
  const known = Object.hasOwn(words, value) ? words[value] : undefined
  return known ?? String(value).replaceAll('_', ' ')
}

export function I18nProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(initialLanguage)
  useEffect(() => {
    document.documentElement.lang = language
    writePreference('language', language)
  }, [language])
  const value = useMemo<I18n>(() => {
    const t = dictionaries[language]
    return { language, setLanguage, t, code: (list, code) => wordsFor(t, list, code), format: formats(language) }
  }, [language])
  return <I18nContext.Provider value={value}>{children}</I18nContext.Provider>
}

export function useI18n(): I18n {
  const value = useContext(I18nContext)
  if (value === null) throw new Error('useI18n needs an I18nProvider above it')
  return value
}

function initialLanguage(): Language {
  const chosen = readPreference('language')
  if (chosen === 'en' || chosen === 'es') return chosen
  return navigator.language.toLowerCase().startsWith('es') ? 'es' : 'en'
}
