// From key presses to commands.
import { describe, expect, it } from 'vitest'

import { en } from '../src/i18n/en'
import { bindings, type Scope } from '../src/keys/bindings'
import { Sequence, type Press } from '../src/keys/sequence'
import { helpLines } from '../src/shell/HelpOverlay'

const press = (key: string, more: Partial<Press> = {}): Press => ({
  key, ctrlKey: false, metaKey: false, altKey: false, target: document.body, ...more,
})
const inQueue: Scope[] = ['everywhere', 'queue']
const onAlarm: Scope[] = ['everywhere', 'alarm']

describe('keys', () => {
  it.each([['j', 'down'], ['ArrowDown', 'down'], ['k', 'up'], ['ArrowUp', 'up'], ['/', 'filter'], ['?', 'help'], ['.', 'arrivals'], ['t', 'tab']])(
    '%s in the queue is %s',
    (key, command) => expect(new Sequence(bindings).press(press(key), inQueue, 0)).toBe(command),
  )

  it('g then l goes to the log, and a pause in between forgets the g', () => {
    const sequence = new Sequence(bindings)
    expect(sequence.press(press('g'), inQueue, 0)).toBeNull()
    expect(sequence.press(press('l'), inQueue, 500)).toBe('goLog')
    expect(sequence.press(press('g'), inQueue, 1_000)).toBeNull()
    expect(sequence.press(press('q'), inQueue, 9_000)).toBeNull()
  })

  it('does nothing while somebody writes, but Escape and Ctrl+Enter still work', () => {
    const target = document.createElement('input')
    const sequence = new Sequence(bindings)
    expect(sequence.press(press('7', { target }), onAlarm, 0)).toBeNull()
    expect(sequence.press(press('Enter', { target }), onAlarm, 0)).toBeNull()
    expect(sequence.press(press('Enter', { target, ctrlKey: true }), onAlarm, 0)).toBe('confirmAnywhere')
    expect(sequence.press(press('Escape', { target }), onAlarm, 0)).toBe('back')
  })

  it('leaves Enter to a link or button that has the focus, and to the page on a radio button', () => {
    const radio = document.createElement('input')
    radio.type = 'radio'
    const sequence = new Sequence(bindings)
    expect(sequence.press(press('Enter', { target: document.createElement('button') }), onAlarm, 0)).toBeNull()
    expect(sequence.press(press('Enter', { target: radio }), onAlarm, 0)).toBe('confirm')
  })

  it('leaves the browser’s own combinations alone', () => {
    const sequence = new Sequence(bindings)
    expect(sequence.press(press('r', { ctrlKey: true }), onAlarm, 0)).toBeNull()
    expect(sequence.press(press('1', { altKey: true }), onAlarm, 0)).toBeNull()
  })

  it('drops single characters where they are switched off, and keeps named keys', () => {
    const sequence = new Sequence(bindings)
    expect(sequence.press(press('3'), onAlarm, 0, false)).toBeNull()
    expect(sequence.press(press('Escape'), onAlarm, 0, false)).toBe('back')
    expect(sequence.press(press('Enter', { ctrlKey: true }), onAlarm, 0, false)).toBe('confirmAnywhere')
  })

  it('gives each key one meaning a page', () => {
    for (const scope of ['queue', 'alarm'] as const) {
      const keys = bindings.filter((one) => one.scope === scope || one.scope === 'everywhere').map((one) => one.keys.join(' '))
      expect(new Set(keys).size).toBe(keys.length)
    }
  })

  it('prints every binding in the help', () => {
    const labels = (['everywhere', 'queue', 'alarm'] as const).flatMap((scope) => helpLines(en, scope).map((line) => line.label))
    expect(new Set(labels)).toEqual(new Set(Object.values(en.help.keys)))
  })
})
