// Every colour that carries words keeps 4.5:1 on each ground it stands on, and marks keep 3:1 (WCAG 2.2, 1.4.3 and 1.4.11).
import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

const css = readFileSync('src/tokens.css', 'utf8')

function tokens(scheme: string): Record<string, string> {
  const block = css.split(`'${scheme}']`)[1]?.split('}')[0] ?? ''
  return Object.fromEntries([...block.matchAll(/--([a-z-]+): (#[0-9a-f]{6})/g)].map((match) => [match[1] ?? '', match[2] ?? '']))
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].toSorted((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

const grounds = ['ground', 'surface', 'raised', 'field']
const words = ['text', 'muted', 'accent', 'critical', 'high', 'medium', 'low', 'bad', 'good']
const special: [string, string, number][] = [
  ['distrust', 'distrust-soft', 4.5], ['text', 'distrust-soft', 4.5], ['text', 'accent-soft', 4.5], ['accent', 'accent-soft', 4.5],
  ['muted', 'accent-soft', 4.5], ['text', 'critical-soft', 4.5], ['critical', 'critical-soft', 4.5],
  ['text', 'good-soft', 4.5],
]

describe.each(['dark', 'light'])('the %s scheme', (scheme) => {
  const colours = tokens(scheme)
  const pairs: [string, string, number][] = [
    ...words.flatMap((word) => grounds.map((ground): [string, string, number] => [word, ground, 4.5])),
    ...grounds.map((ground): [string, string, number] => ['control', ground, 3]),
    ...special,
  ]
  it.each(pairs)('%s on %s has at least %d:1', (word, ground, least) => {
    expect(contrast(colours[word] ?? '', colours[ground] ?? '')).toBeGreaterThanOrEqual(least)
  })
})
