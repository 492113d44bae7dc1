// What is read from versions without a page: findings, rules by place and filter, differences, files, and what comes next.
import { describe, expect, it } from 'vitest'

import type { Role } from '../src/api/types'
import { changes, unified } from '../src/policies/changes'
import { begin, differs, touched } from '../src/policies/drafts'
import { counts, merged, nameOf, read } from '../src/policies/files'
import { place, readFinding, readFindings } from '../src/policies/findings'
import { first, next, since, stages } from '../src/policies/life'
import { byPlace, chosen, everything } from '../src/policies/rules'
import { before, checked, document, draft, list, live, report, rule, tried, version } from './policies'

describe('findings', () => {
  it('are taken apart into file, line and message, with line breaks kept', () => {
    expect(readFinding('packs/office/a.cedar:7: unexpected token\n  x\n  ^')).toEqual({ file: 'packs/office/a.cedar', line: 7, message: 'unexpected token\n  x\n  ^' })
    expect(readFinding('sites.toml: there is no pack `x` (there are: y)')).toEqual({ file: 'sites.toml', line: null, message: 'there is no pack `x` (there are: y)' })
    expect(readFinding('.: there are 900 files')).toEqual({ file: null, line: null, message: 'there are 900 files' })
    expect(readFinding('Invariant 4: a forbid is missing')).toEqual({ file: null, line: null, message: 'Invariant 4: a forbid is missing' })
  })

  it('are told apart where several come in one text', () => {
    const found = readFindings('a.cedar:1: one\n  more of it\nb.cases.toml:2: two')
    expect(found.map(place)).toEqual(['a.cedar:1', 'b.cases.toml:2'])
    expect(found[0]?.message).toBe('one\n  more of it')
    expect(readFindings('')).toEqual([])
    const refused = readFindings('these are no policy files: README.md: this is no policy file (a file is NAME.cedar; or lies in packs); a.cedar: twice; .: 900 files; and 3 more')
    expect(refused.map((one) => [one.file, one.message])).toEqual([
      ['README.md', 'this is no policy file (a file is NAME.cedar; or lies in packs)'], ['a.cedar', 'twice'], [null, '900 files; and 3 more'],
    ])
  })
})

describe('rules', () => {
  const { rules, sites } = document(live)
  const ids = (filter: Partial<typeof everything>) => chosen(rules, sites, { ...everything, ...filter }).map((one) => one.id)

  it('are found by words in either language, without accents, and by what they do', () => {
    expect(ids({})).toHaveLength(3)
    expect(ids({ words: 'pór TAILGATES' })).toEqual([])
    expect(ids({ words: 'por cLimbs' })).toEqual(['climbs_barrier'])
    expect(ids({ words: 'entrance tailgates' })).toEqual(['tailgates'])
    expect(ids({ action: 'dismiss' })).toEqual(['no_text'])
    expect(ids({ effect: 'permit', severity: 'medium' })).toEqual(['tailgates'])
  })

  it('hold at a site by its packs, and not where they were taken out', () => {
    expect(ids({ site: 0 })).toEqual(['climbs_barrier', 'no_text'])
    expect(ids({ site: 1 })).toEqual(['no_text', 'tailgates'])
    expect(ids({ site: 2 })).toHaveLength(3)
  })

  it('stand by place: shared ones, packs, sites', () => {
    const some = [rule('s', { place: 'site:a:1' }), rule('p', { place: 'pack:z' }), rule('q', { place: 'pack:b' }), rule('r')]
    expect(byPlace(some).map(([{ kind, name }]) => [kind, name])).toEqual([['shared', ''], ['pack', 'b'], ['pack', 'z'], ['site', 'a:1']])
  })
})

describe('differences', () => {
  it('are rules that are gone, different or new, then the other files, then files that differ in comments alone', () => {
    const now = document(live, {
      rules: [rule('climbs_barrier', { text: 'other' }), rule('no_text', { place: 'pack:office' }), rule('tailgates', { place: 'pack:office', text: document(live).rules[2]?.text ?? '' })],
      files: [{ name: 'comments.cedar', text: '// new' }, { name: 'sites.toml', text: 'default = []\n' }],
    })
    const found = changes(document(live), now)
    expect(found.rules.map(({ kind, rule: { id, place: where } }) => [kind, id, where])).toEqual([
      ['removed', 'no_text', 'shared'],
      ['changed', 'climbs_barrier', 'shared'],
      ['added', 'no_text', 'pack:office'],
    ])
    expect(found.files.map((file) => [file.kind, file.name])).toEqual([['changed', 'sites.toml']])
    expect(found.commentsOnly).toEqual(['comments.cedar', 'packs/office/entrance.cedar'])
  })

  it('are those of the files where the rules cannot be read', () => {
    const found = changes(document(live), document(draft, { rules: [], files: [{ name: 'intrusion.cedar', text: 'permitt' }] }))
    expect(found.rules).toEqual([])
    expect(found.files.map((file) => [file.kind, file.name])).toEqual([['changed', 'intrusion.cedar'], ['removed', 'packs/office/entrance.cedar'], ['removed', 'sites.toml']])
  })

  it('are none between equals', () => {
    expect(changes(document(live), document(live))).toEqual({ rules: [], files: [], commentsOnly: [] })
  })

  it('are told line by line, with what is alike folded', () => {
    const lines = Array.from({ length: 12 }, (_, i) => `line ${i}`)
    const other = lines.with(9, 'changed')
    const diff = unified(`${lines.join('\n')}\n`, `${other.join('\n')}\n`, 2)
    expect(diff.map((line) => (line.sign === '…' ? `…${line.count}` : `${line.sign}${line.text}`))).toEqual([
      '…7', ' line 7', ' line 8', '-line 9', '+changed', ' line 10', ' line 11',
    ])
    expect(unified('', 'a\n')).toEqual([{ sign: '+', text: 'a' }])
  })
})

describe('files', () => {
  it('lose the folder that was chosen, and keep packs and sites', () => {
    expect(['policies/a.cedar', 'policies/packs/office/a.cedar', 'packs/office/a.cedar', '/sites/x/a.cedar', 'a.cedar'].map(nameOf)).toEqual([
      'a.cedar', 'packs/office/a.cedar', 'packs/office/a.cedar', 'sites/x/a.cedar', 'a.cedar',
    ])
  })

  it('have a say as rules, cases or sites.toml', () => {
    expect(['a.cedar', 'packs/b/a.cases.toml', 'sites.toml'].every(counts)).toBe(true)
    expect(['README.md', 'schema.cedarschema', 'packs/sites.toml', '.cedar', '.hidden.cedar', 'a.toml'].some(counts)).toBe(false)
  })

  it('are read as text, and what is none is told', async () => {
    const file = (content: string | Uint8Array<ArrayBuffer>) => new File([content], 'x')
    const found = await read([
      { path: 'p/b.cedar', file: file('// ñ') },
      { path: 'p/a.cedar', file: file('// a') },
      { path: 'p/README.md', file: file('x') },
      { path: 'p/bad.cedar', file: file(new Uint8Array([0xff, 0xfe])) },
    ])
    expect(found).toEqual({ files: [{ name: 'a.cedar', text: '// a' }, { name: 'b.cedar', text: '// ñ' }], leftOut: ['README.md'], notText: ['bad.cedar'], folder: true })
  })

  it('that come singly go to their place where it is clear', () => {
    const held = [{ name: 'a.cedar', text: '1' }, { name: 'packs/x/a.cedar', text: '2' }, { name: 'packs/x/b.cedar', text: '3' }]
    expect(merged(held, [{ name: 'b.cedar', text: 'new' }, { name: 'a.cedar', text: 'A' }, { name: 'c.cedar', text: 'c' }])).toEqual([
      { name: 'a.cedar', text: 'A' }, { name: 'c.cedar', text: 'c' }, { name: 'packs/x/a.cedar', text: '2' }, { name: 'packs/x/b.cedar', text: 'new' },
    ])
  })

  it('make a draft that is touched once anything would be lost with it', () => {
    const begun = begin('aa', [{ name: 'a.cedar', text: '1' }])
    expect([touched(begun), touched({ ...begun, note: ' ' }), touched({ ...begun, note: 'x' }), touched({ ...begun, files: [] })]).toEqual([false, false, true, true])
    expect(differs([{ name: 'a', text: '1' }], [{ name: 'a', text: '2' }])).toBe(true)
  })
})

describe('the life of a version', () => {
  const states = (of: typeof live) => stages(of).map((stage) => stage.state).join(' ')

  it('goes step by step, with who and when', () => {
    expect([draft, checked, tried, live, before].map(states)).toEqual([
      'now later later later later', 'done now later later later', 'done done now later later', 'done done skipped done now', 'done done skipped skipped now',
    ])
    expect(states({ ...live, backtest: report })).toBe('done done done done now')
    const [drafted, , backtested, approved, inForce] = stages({ ...live, backtest: report })
    expect([drafted?.by, backtested?.at, approved?.by, inForce?.at]).toEqual(['marta', report.at, 'jon', live.live_since])
  })

  it('of one that was withdrawn ends where it had come', () => {
    expect([version({ state: 'withdrawn', backtest: report }), version({ state: 'withdrawn' }), { ...draft, state: 'withdrawn' as const }].map(states)).toEqual([
      'done done now later later', 'done now later later later', 'now later later later later',
    ])
  })

  it('shows first what waits for somebody', () => {
    expect(first(list([before, tried, live]))?.digest).toBe(tried.digest)
    expect(first(list([before, live]))).toBe(live)
    expect(first(list([]))).toBeUndefined()
  })

  it('is moved on by managers and administrators, and approved by nobody who proposed it', () => {
    const may = (role: Role, name: string, of = tried) => next(of, { name, role })
    for (const role of ['operator', 'supervisor', 'auditor'] as const) expect(Object.values(may(role, 'ana')).some(Boolean)).toBe(false)
    for (const role of ['manager', 'admin'] as const) expect(may(role, 'ana')).toEqual({ mend: true, backtest: true, approve: true, needsSecond: false, withdraw: true })
    expect(may('manager', 'marta')).toMatchObject({ approve: false, needsSecond: true })
    expect(may('manager', 'ana', checked)).toMatchObject({ backtest: true, approve: false, needsSecond: false })
    expect(may('manager', 'ana', draft)).toMatchObject({ backtest: false, withdraw: true })
    expect(may('manager', 'ana', live)).toMatchObject({ backtest: false, withdraw: false, mend: true })
  })

  it('is tried over days back, or everything', () => {
    expect([since(7, Date.parse('2026-11-08T00:00:00Z')), since(null, 0)]).toEqual(['2026-11-01T00:00:00.000Z', null])
  })
})
