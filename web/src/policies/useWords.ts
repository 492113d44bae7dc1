// Plain words for rules and conditions, in the language in use.
import { useMemo } from 'react'

import { useI18n } from '../i18n/I18nProvider'
import { wordsIn, type Words } from './words'

export function useWords(): Words {
  const { t, language } = useI18n()
  return useMemo(() => wordsIn(t, language), [t, language])
}
