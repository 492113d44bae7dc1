// Both languages say everything, and every code of the API has its words.
import { describe, expect, it } from 'vitest'

import document from '../openapi.json'
import { en } from '../src/i18n/en'
import { es } from '../src/i18n/es'
import { age, clipTime, formats } from '../src/i18n/format'
import { wordsFor } from '../src/i18n/I18nProvider'

function shape(value: unknown, path = ''): string[] {
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, inner]) => shape(inner, `${path}.${key}`))
  }
  return [`${path}: ${typeof value}${typeof value === 'function' ? value.length : ''}`]
}

const schemas = document.components.schemas as Record<string, { enum?: unknown[] }>
const enums = Object.entries(schemas).filter(([, schema]) => Array.isArray(schema.enum))

describe('texts', () => {
  it('have the same keys in both languages', () => {
    expect(shape(es).toSorted()).toEqual(shape(en).toSorted())
  })

  it('are never empty', () => {
    for (const texts of [en, es]) expect(JSON.stringify(texts)).not.toContain('""')
  })

  it('differ, but for words that are the same in both languages', () => {
    const same = shapeOfEqual(en, es)
    expect(same.length).toBeLessThan(25)
  })

  it('know that the document has enums at all', () => {
    expect(enums.length).toBeGreaterThan(15)
  })

  it.each(enums)('cover every member of %s', (name, schema) => {
    for (const codes of [en.codes, es.codes]) {
      const words = (codes as Record<string, Record<string, string>>)[name]
      expect(words, `no words for the list ${name}`).toBeDefined()
      expect(Object.keys(words ?? {})).toEqual(expect.arrayContaining((schema.enum ?? []).filter((one) => one !== null) as string[]))
    }
  })

  it('show a code that nobody has words for instead of hiding it', () => {
    expect(wordsFor(en, 'AlarmKind', 'drone_over_roof')).toBe('drone over roof')
    expect(wordsFor(en, 'AlarmKind', 'constructor')).toBe('constructor')
    expect(wordsFor(en, 'Severity', null)).toBe('–')
  })
})

function shapeOfEqual(a: unknown, b: unknown, path = ''): string[] {
  if (typeof a === 'object' && a !== null && typeof b === 'object' && b !== null) {
    return Object.keys(a).flatMap((key) => shapeOfEqual((a as never)[key], (b as never)[key], `${path}.${key}`))
  }
  return typeof a === 'string' && a === b ? [path] : []
}

describe('times', () => {
  const at = Date.parse('2026-11-23T22:00:00Z')
  it.each([[0, '0:00'], [67_000, '1:07'], [3_599_000, '59:59'], [3_900_000, '1 h 05'], [93_600_000, '1 d 2 h'], [-5_000, '0:00']])(
    'an age of %d ms is %s',
    (ms, text) => expect(age('2026-11-23T22:00:00Z', at + ms)).toBe(text),
  )

  it('an unreadable time is a dash, not NaN', () => {
    expect(age('yesterday', at)).toBe('–')
    expect(formats('en').clock('yesterday')).toBe('yesterday')
  })

  it('clip times carry over when rounded', () => {
    expect(clipTime(5.96)).toBe('0:06')
    expect(clipTime(12.4)).toBe('0:12.4')
    expect(clipTime(75)).toBe('1:15')
  })

  it('shares are written as each language does', () => {
    expect(formats('en').share(0.87)).toBe('87%')
    expect(formats('es').share(0.87)).toMatch(/^87\s%$/)
  })
})
