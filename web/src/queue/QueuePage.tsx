// The queue: most urgent first, live, and moved through by keyboard.
import { Button, TextInput } from '@mantine/core'
import { useEffect, useMemo, useRef, useState } from 'react'

import { PAGE, useQueue } from '../api/queries'
import type { AlarmState, QueueItem } from '../api/types'
import type { Texts } from '../i18n/en'
import { useI18n } from '../i18n/I18nProvider'
import { useKeys } from '../keys/KeysProvider'
import { Link, paths, useRouter } from '../router'
import { useAnnounce } from '../ui/announcer'
import { EmptyView, LoadingView, ProblemView } from '../ui/ProblemView'
import { useNow } from '../ui/useNow'
import { Arrivals } from './Arrivals'
import { fits, move } from './cursor'
import styles from './Queue.module.css'
import { QueueHead, QueueRow } from './QueueRow'
import { useShown } from './useShown'

const tabs: AlarmState[] = ['decided', 'waiting', 'closed', 'closed_without_person']
// Coming back from an alarm, the cursor is where it was.
let lastOpened: string | null = null

export function QueuePage({ state }: { state: AlarmState }) {
  const { t, code } = useI18n()
  const { navigate } = useRouter()
  const announce = useAnnounce()
  const [limit, setLimit] = useState(PAGE)
  const [filter, setFilter] = useState('')
  const [cursor, setCursor] = useState<string | null>(null)
  const list = useRef<HTMLOListElement>(null)
  const field = useRef<HTMLInputElement>(null)
  const query = useQueue(state, limit)
  const { shown, showArrivals } = useShown(state, query.data?.items)
  const now = useNow()

  const rows = useMemo(
    () => (filter.trim() === '' ? shown.rows : shown.rows.filter((row) => fits(filter, wordsOf(row.item, t, code)))),
    [shown.rows, filter, t, code],
  )

  // One row can always be reached with Tab, also when the filter has hidden the one under the cursor.
  const current = rows.some((row) => row.item.id === cursor) ? cursor : (rows[0]?.item.id ?? null)

  const focusRow = (id: string | null) => {
    if (id === null) return
    list.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)?.focus()
  }

  const loaded = query.data !== undefined
  useEffect(() => {
    // Enter must open the most urgent alarm without a first key press to find the list.
    if (!loaded || document.activeElement !== document.body) return
    const links = [...(list.current?.querySelectorAll<HTMLElement>('[data-id]') ?? [])]
    const target = links.find((link) => link.dataset['id'] === lastOpened) ?? links[0]
    target?.focus({ preventScroll: target === links[0] })
  }, [loaded])

  const arrivals = shown.arrivals.length
  useEffect(() => {
    if (arrivals > 0) announce(t.queue.arrivals(arrivals))
  }, [arrivals, announce, t])

  useKeys('queue', {
    down: () => focusRow(move(rows, cursor, 1)),
    up: () => focusRow(move(rows, cursor, -1)),
    first: () => focusRow(rows[0]?.item.id ?? null),
    filter: () => field.current?.focus(),
    tab: () => navigate(paths.queue(tabs[(tabs.indexOf(state) + 1) % tabs.length])),
    arrivals: showArrivals,
    back: () => {
      setFilter('')
      focusRow(current)
    },
  })

  const counts = query.data?.counts
  const total = counts?.[state] ?? 0
  const more = total > shown.rows.length + arrivals
  const tabNames: Record<AlarmState, string> = {
    decided: t.queue.open,
    waiting: t.queue.waiting,
    closed: t.queue.closed,
    closed_without_person: t.queue.withoutPerson,
  }
  return (
    <section className={styles.page} aria-label={t.queue.title}>
      <div className={styles.bar}>
        <nav className={styles.tabs} aria-label={t.queue.title}>
          {tabs.map((tab) => (
            <Link key={tab} href={paths.queue(tab)} aria-current={tab === state ? 'page' : undefined}>
              {tabNames[tab]} <b>{counts?.[tab] ?? '–'}</b>
            </Link>
          ))}
        </nav>
        <Arrivals items={shown.arrivals} onShow={showArrivals} />
        <TextInput
          ref={field}
          size="sm"
          className={styles.filter}
          aria-label={t.queue.filter}
          placeholder={`${t.queue.filter}: ${t.queue.filterHint}`}
          rightSection={<kbd aria-hidden>/</kbd>}
          value={filter}
          onChange={(event) => setFilter(event.currentTarget.value)}
        />
      </div>
      {query.data === undefined && query.isPending && <LoadingView />}
      {query.data === undefined && query.isError && <ProblemView error={query.error} onRetry={() => void query.refetch()} />}
      {query.data !== undefined && rows.length === 0 && <Empty state={state} filtered={shown.rows.length > 0} />}
      {rows.length > 0 && (
        <div className={styles.table} data-state={state}>
          <QueueHead state={state} />
          <ol ref={list} className={styles.rows}>
            {rows.map((row) => (
              <QueueRow
                key={row.item.id}
                row={row}
                now={now}
                current={row.item.id === current}
                onFocus={setCursor}
                onOpen={(id) => {
                  lastOpened = id
                }}
              />
            ))}
          </ol>
          {more && (
            <div className={styles.more}>
              {t.queue.shown(shown.rows.length, total)}
              <Button variant="default" size="xs" onClick={() => setLimit(limit + PAGE)} loading={query.isFetching}>
                {t.queue.more}
              </Button>
            </div>
          )}
        </div>
      )}
    </section>
  )
}

function Empty({ state, filtered }: { state: AlarmState; filtered: boolean }) {
  const { t } = useI18n()
  if (filtered) return <EmptyView title={t.queue.emptyFilter} lead={t.queue.emptyFilterLead} />
  const [title, lead] = {
    decided: [t.queue.emptyOpen, t.queue.emptyOpenLead] as const,
    waiting: [t.queue.emptyWaiting, t.queue.emptyWaitingLead] as const,
    closed: [t.queue.emptyClosed, t.queue.emptyClosedLead] as const,
    closed_without_person: [t.queue.emptyWithoutPerson, t.queue.emptyWithoutPersonLead] as const,
  }[state]
  return <EmptyView title={title} lead={lead} />
}

/** All that the filter can find a row by: the codes as people read them, and the source's own words. */
function wordsOf(item: QueueItem, t: Texts, code: ReturnType<typeof useI18n>['code']): string[] {
  return [
    item.site,
    item.camera,
    item.kind,
    code('AlarmKind', item.kind),
    item.source_event_id,
    item.headline ?? '',
    item.blind ? t.blind.row : '',
    item.severity == null ? '' : code('Severity', item.severity),
    item.outcome == null ? '' : code('Outcome', item.outcome),
    item.disposition == null ? '' : code('DispositionCode', item.disposition),
  ]
}
