// The queue's order, and that no row moves under a hand.
import { describe, expect, it } from 'vitest'

import { fits, follow, move, next, reconcile, settle } from '../src/queue/cursor'
import { item } from './fixtures'

const ids = (rows: { item: { id: string } }[]) => rows.map((row) => row.item.id)

describe('the queue while the server changes it', () => {
  it('keeps the server’s order when it settles', () => {
    expect(ids(settle([item('c'), item('a'), item('b')]).rows)).toEqual(['c', 'a', 'b'])
  })

  it('leaves every row in its place when a more urgent alarm arrives, and names it', () => {
    const before = settle([item('a'), item('b'), item('c')]).rows
    const after = reconcile(before, [item('urgent', { severity: 'critical' }), item('a'), item('b'), item('c')])
    expect(ids(after.rows)).toEqual(['a', 'b', 'c'])
    expect(after.arrivals.map((one) => one.id)).toEqual(['urgent'])
  })

  it('lists arrivals most urgent first, as the server does', () => {
    const after = reconcile(settle([item('a')]).rows, [item('x'), item('a'), item('y')])
    expect(after.arrivals.map((one) => one.id)).toEqual(['x', 'y'])
  })

  it('keeps a row that somebody else closed where it was, marked as gone', () => {
    const after = reconcile(settle([item('a'), item('b')]).rows, [item('b')])
    expect(after.rows.map((row) => [row.item.id, row.gone])).toEqual([['a', true], ['b', false]])
  })

  it('shows new contents in the old place when the server sorts anew', () => {
    const after = reconcile(settle([item('a'), item('b')]).rows, [item('b', { severity: 'critical' }), item('a')])
    expect(ids(after.rows)).toEqual(['a', 'b'])
    expect(after.rows[1]?.item.severity).toBe('critical')
  })

  it('brings the arrivals in, sorted, when asked to', () => {
    const items = [item('urgent'), item('a')]
    expect(ids(settle(items).rows)).toEqual(['urgent', 'a'])
    expect(settle(items).arrivals).toEqual([])
  })

  it('holds nothing back where none of the shown rows is left', () => {
    const after = follow(settle([item('a')]).rows, [item('b')])
    expect(ids(after.rows)).toEqual(['b'])
    expect(follow([], [item('b')]).arrivals).toEqual([])
  })
})

describe('the cursor', () => {
  const rows = settle([item('a'), item('b'), item('c')]).rows

  it('moves by one and stops at both ends', () => {
    expect(move(rows, 'a', 1)).toBe('b')
    expect(move(rows, 'c', 1)).toBe('c')
    expect(move(rows, 'a', -1)).toBe('a')
  })

  it('begins with the most urgent alarm, and is nowhere in an empty queue', () => {
    expect(move(rows, null, 1)).toBe('a')
    expect(move(rows, 'filtered-away', 1)).toBe('a')
    expect(move([], 'a', 1)).toBeNull()
  })
})

describe('after an alarm is closed', () => {
  it('goes to the most urgent open one, never to the same', () => {
    expect(next([item('a'), item('b')], 'a')?.id).toBe('b')
    expect(next([item('w', { state: 'waiting' }), item('b')], 'a')?.id).toBe('b')
    expect(next([item('a')], 'a')).toBeNull()
  })
})

describe('the filter', () => {
  it('wants every word, in any order, without regard to case and accents', () => {
    expect(fits('NORTE camion', ['Camión', 'puerta-norte'])).toBe(true)
    expect(fits('norte gato', ['Camión', 'puerta-norte'])).toBe(false)
    expect(fits('  ', ['anything'])).toBe(true)
  })
})
