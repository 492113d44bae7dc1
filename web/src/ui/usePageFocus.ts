// Moves the focus to a page's title when the page appears, so that a screen reader says where it is.
import { useCallback } from 'react'

export function usePageFocus(): (title: HTMLElement | null) => void {
  // A ref callback, because the title may come only when the data has.
  return useCallback((title) => title?.focus({ preventScroll: true }), [])
}
