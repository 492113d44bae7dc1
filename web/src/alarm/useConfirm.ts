// Sends a person's word once, then goes to the most urgent alarm that is left.
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'

import { api } from '../api/client'
import { keys, PAGE, useDispose } from '../api/queries'
import type { AlarmDetail } from '../api/types'
import { useI18n } from '../i18n/I18nProvider'
import { next } from '../queue/cursor'
import { paths, useRouter } from '../router'
import { useNotice } from '../ui/notice'
import { toDisposition, type Draft } from './draft'

export function useConfirm(detail: AlarmDetail, draft: Draft, onDone: () => void) {
  const { t, code } = useI18n()
  const { navigate } = useRouter()
  const client = useQueryClient()
  const notify = useNotice()
  const dispose = useDispose(detail.id)
  const [judged, setJudged] = useState(false)
  const shownAt = useRef<number | null>(null)
  // Known at once, while the mutation's own state is known only after the next rendering.
  const sending = useRef(false)
  useEffect(() => {
    // Counted from the alarm being on the screen, not from its being asked for.
    shownAt.current ??= performance.now()
  }, [])

  const goOn = async () => {
    const queue = await client
      .fetchQuery({ queryKey: keys.queue('decided', PAGE), queryFn: () => api.queue('decided', PAGE), staleTime: 0 })
      .catch(() => undefined)
    const following = next(queue?.items ?? [], detail.id)
    navigate(following === null ? paths.queue() : paths.alarm(following.id))
    return queue !== undefined && following === null
  }
  const confirm = () => {
    const said = toDisposition(draft, performance.now() - (shownAt.current ?? performance.now()))
    if (said === null || sending.current) return
    sending.current = true
    const { state, blind, alarm } = detail
    dispose.mutate(said, {
      onSettled: () => {
        sending.current = false
      },
      onSuccess: () => {
        onDone()
        const text = t.disposition.closed(code('DispositionCode', said.code), alarm.camera)
        const back = { href: paths.alarm(detail.id), linkText: t.disposition.correct }
        if (blind) setJudged(true)
        // Whoever looks again, or is about to be told the suggestion, stays.
        if (blind || state !== 'decided') notify({ text })
        else void goOn().then((empty) => notify({ text: empty ? `${text} ${t.disposition.queueEmpty}` : text, ...back }))
      },
    })
  }
  return { confirm, dispose, goOn, judged }
}
