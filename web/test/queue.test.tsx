// The queue's page: what stays still, what is announced, and the ways through it by keyboard.
import { fireEvent, screen, waitFor } from '@testing-library/react'
import { describe, expect, it } from 'vitest'

import { keys } from '../src/api/queries'
import type { QueueItem } from '../src/api/types'
import { en } from '../src/i18n/en'
import { QueuePage } from '../src/queue/QueuePage'
import { item, serve, show } from './fixtures'

const counts = { waiting: 3, decided: 2, closed: 9, closed_without_person: 0 }
const rows = () => [...document.querySelectorAll<HTMLElement>('[data-id]')]
const rowIds = () => rows().map((row) => row.dataset['id'])
const press = (key: string) => fireEvent.keyDown(document.activeElement ?? document.body, { key })

async function open(items: QueueItem[]) {
  const routes: Record<string, unknown> = { 'GET /api/v1/alarms': { items, counts } }
  serve(routes)
  const page = show(<QueuePage state="decided" />)
  const change = async (now: QueueItem[]) => {
    routes['GET /api/v1/alarms'] = { items: now, counts }
    await page.client.invalidateQueries({ queryKey: keys.queues })
  }
  if (items.length > 0) await waitFor(() => expect(rows()).toHaveLength(items.length))
  return change
}

describe('the queue', () => {
  it('shows each alarm’s severity as a word, its outcome, level and camera', async () => {
    await open([item('a', { severity: 'critical', outcome: 'verified', avs_level: 4 })])
    for (const text of ['Critical', 'Verified', 'AVS 4', 'camera-a', 'Somebody stands at the gate.']) {
      expect(screen.getByText(text)).toBeTruthy()
    }
  })

  it('moves with j and k and opens with Enter', async () => {
    await open([item('a'), item('b'), item('c')])
    await waitFor(() => expect(document.activeElement).toBe(rows()[0]))
    press('j')
    press('j')
    press('k')
    expect(document.activeElement).toBe(rows()[1])
    fireEvent.click(document.activeElement as HTMLElement)
    expect(location.pathname).toBe('/alarms/b')
  })

  it('holds the row under the cursor still, announces what is new, and brings it in when asked', async () => {
    const change = await open([item('a'), item('b')])
    press('j')
    const under = document.activeElement
    await change([item('new', { severity: 'critical', camera: 'dock-1' }), item('a'), item('b')])
    await screen.findByText(en.queue.mostUrgent, { exact: false })
    expect(rowIds()).toEqual(['a', 'b'])
    expect(document.activeElement).toBe(under)
    expect(screen.getByTestId('announcer').textContent).toBe('1 new')
    press('.')
    await waitFor(() => expect(rowIds()).toEqual(['new', 'a', 'b']))
    expect((document.activeElement as HTMLElement).dataset['id']).toBe('b')
  })

  it('greys a row that somebody else closed instead of pulling the list up', async () => {
    const change = await open([item('a'), item('b')])
    await change([item('b')])
    await screen.findByText(en.queue.gone)
    expect(rowIds()).toEqual(['a', 'b'])
  })

  it('filters with / and gives everything back with Escape', async () => {
    await open([item('a', { camera: 'gate-north' }), item('b', { camera: 'lobby' })])
    press('/')
    const field = screen.getByLabelText(en.queue.filter)
    expect(document.activeElement).toBe(field)
    fireEvent.change(field, { target: { value: 'lobby' } })
    expect(rowIds()).toEqual(['b'])
    fireEvent.change(field, { target: { value: 'nothing like it' } })
    expect(screen.getByText(en.queue.emptyFilter)).toBeTruthy()
    press('Escape')
    await waitFor(() => expect(rows()).toHaveLength(2))
  })

  it('says that it is empty', async () => {
    await open([])
    expect(await screen.findByText(en.queue.emptyOpen)).toBeTruthy()
  })

  it('counts each tab', async () => {
    await open([item('a')])
    expect(screen.getByRole('link', { name: 'Waiting 3' })).toBeTruthy()
    expect(screen.getByRole('link', { name: 'Closed 9' })).toBeTruthy()
  })

  it('says who may not see it', async () => {
    serve({ 'GET /api/v1/alarms': new Response('{"title":"Forbidden","request_id":"r7"}', { status: 403 }) })
    show(<QueuePage state="decided" />)
    expect(await screen.findByText(en.problem.forbidden)).toBeTruthy()
    expect(screen.getByText('Request r7')).toBeTruthy()
  })
})
