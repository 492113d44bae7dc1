// Policies for the mock server: the folder of this repository as the version in force, and others made from it.
// Nothing is proven here: whatever says BROKEN has problems, and a backtest invents its figures.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const folder = new URL('../../policies/', import.meta.url).pathname
const DAY_MS = 86_400_000
const inDays = (days) => new Date(Date.now() + days * DAY_MS).toISOString()

function read(dir, prefix = '') {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name)
    if (statSync(path).isDirectory()) return read(path, `${prefix}${name}/`)
    return /\.(cedar|cases\.toml)$|^sites\.toml$/.test(name) ? [{ name: prefix + name, text: readFileSync(path, 'utf8') }] : []
  })
}

const digestOf = (files) => createHash('sha256').update(JSON.stringify(files)).digest('hex')
const placeOf = (name) => (name.startsWith('packs/') ? `pack:${name.split('/')[1]}` : name.startsWith('sites/') ? `site:${name.split('/')[1]}` : 'shared')

function rulesOf(files) {
  const rules = files.filter((file) => file.name.endsWith('.cedar')).flatMap(({ name, text }) =>
    [...text.matchAll(/^@id\([\s\S]*?^};|^@id\([^;]*?resource\);/gm)].map((match) => {
      const annotation = (key) => new RegExp(`@${key}\\("((?:[^"\\\\]|\\\\.)*)"\\)`).exec(match[0])?.[1]
      const head = /(permit|forbid) \(([\s\S]*?)resource\)/.exec(match[0])
      return {
        id: annotation('id'), place: placeOf(name), file: name, line: text.slice(0, match.index).split('\n').length, effect: head?.[1] ?? 'permit',
        actions: [...(head?.[2] ?? '').matchAll(/Sereno::Action::"(\w+)"/g)].map((one) => one[1]), severity: annotation('severity') ?? 'none',
        oversight: annotation('oversight') ?? 'operator', because: annotation('because') ?? '', because_es: annotation('because_es'), cites: annotation('cites') ?? '', text: match[0],
      }
    }))
  return rules.toSorted((one, other) => one.id.localeCompare(other.id))
}

const documents = new Map()
const order = []
let live
let previous = null

function keep(files, note, by, at, more = {}) {
  const digest = digestOf(files)
  const broken = files.filter((file) => file.text.search(/BROKEN|e2e_unfinished/) >= 0)
  const lineOf = (file) => file.text.slice(0, file.text.search(/BROKEN|e2e_unfinished/)).split('\n').length
  const problems = broken.map((file) => `${file.name}:${lineOf(file)}: unexpected token \`BROKEN\`\n  BROKEN\n  ^^^^^^ (write a rule, or take the word out)`)
  const rules = broken.length > 0 ? [] : rulesOf(files)
  const cases = files.filter((file) => file.name.endsWith('.cases.toml')).flatMap((file) => file.text.match(/^\[\[case\]\]/gm) ?? []).length
  const packs = [...new Set(rules.filter((rule) => rule.place.startsWith('pack:')).map((rule) => rule.place.slice(5)))]
  const loiters = rules.find((rule) => rule.id === 'leaves_object') ?? rules[0]
  const version = { digest, state: problems.length > 0 ? 'draft' : 'checked', note, proposed_by: by, proposed_at: at, rules: rules.length, problems, cases: [problems.length > 0 ? 0 : cases, cases], confirmed: problems.length === 0, ...more }
  const held = (names) => rules.filter((rule) => rule.place === 'shared' || names.some((pack) => rule.place === `pack:${pack}`)).length
  const sites = rules.length === 0 ? [] : [
    { site: 'sample', packs: packs.filter((pack) => pack !== 'campus'), rules: held(packs) - 1, replaced: [{ rule: loiters.id, at: `${loiters.file}:${loiters.line}`, because: 'The lobby has lockers, where people leave things by design.' }] },
    { packs, rules: held(packs), replaced: [] },
  ]
  const remarks = rules.length === 0 ? [] : [`${rules[3].file}:${rules[3].line}: rule \`${rules[3].id}\` never counts: wherever it fires, another rule forbids the same`]
  documents.set(digest, { version, files, rules, sites, remarks })
  if (!order.includes(digest)) order.unshift(digest)
  return version
}

const files = read(folder)
const edited = (name, from, to) => files.map((file) => (file.name === name ? { name, text: file.text.replace(from, to) } : file))

keep(edited('intrusion.cedar', 'every', 'each').filter((file) => !file.name.startsWith('packs/campus')), 'As shipped with 0.1', 'sereno', inDays(-80), { state: 'retired', live_since: inDays(-80), approved_by: null })
previous = order[0]
live = keep(files, 'Packs by kind of place', 'marta', inDays(-20), { state: 'live', approved_by: 'jon', live_since: inDays(-12), backtest: undefined }).digest
const tried = keep(edited('windows.cedar', 'resource.people == CountBand::"many"', '[CountBand::"few", CountBand::"many"].contains(resource.people)'), 'Two to four people are more than a window announces', 'marta', inDays(-2))
keep(edited('vandalism.cedar', '@id', 'BROKEN @id'), 'Spray cans at the entrance', 'jon', inDays(-1))

const alarm = (i) => ({ id: `0197c2a4-0000-7000-8000-00000000${String(1000 + i)}`, source: 'sample', source_event_id: `e${i}`, site: i % 3 === 0 ? 'madrid-2' : 'sample', camera: ['office-2f', 'lobby', 'dock-1'][i % 3], kind: ['motion', 'loitering', 'person_detected'][i % 3], occurred_at: inDays(-i / 3) })
const ruled = (outcome, severity, oversight, actions, rules) => ({ outcome, severity, oversight, actions, rules })

function tryOut(digest, since) {
  const changes = Array.from({ length: 64 }, (_, i) => i < 60
    ? { alarm: alarm(i), before: ruled('dismissed', 'none', 'operator', ['log_only'], ['cleaning_in_window']), after: ruled('uncertain', 'low', 'operator', ['notify_supervisor'], ['crowd_in_window']), ...(i % 5 === 0 ? { disposition: 'real_no_threat' } : {}) }
    : { alarm: alarm(i), before: ruled('uncertain', 'medium', 'supervisor', [], ['loitering_possible']), after: ruled('dismissed', 'low', 'operator', [], ['footpath_use']), disposition: 'real_threat' })
  return {
    digest, against: live, at: inDays(0), ...(since ? { since } : {}), alarms: 1204, changed: 64, to_be_read: 12, skipped: 3,
    verdicts: [{ from: 'dismissed', to: 'uncertain', alarms: 60 }, { from: 'uncertain', to: 'dismissed', alarms: 4 }], severity_up: 60, severity_down: 4, oversight_up: 0, oversight_down: 4,
    actions: [{ name: 'log_only', begins: 0, ends: 60 }, { name: 'notify_supervisor', begins: 60, ends: 0 }], sites: [{ site: 'madrid-2', changed: 22, alarms: 310 }, { site: 'sample', changed: 42, alarms: 894 }],
    rules: [{ name: 'cleaning_in_window', begins: 0, ends: 8 }, { name: 'crowd_in_window', begins: 60, ends: 0 }, { name: 'supervisor_crowd_in_window', begins: 60, ends: 0 }], dismissed_threats: changes.slice(60).map((one) => one.alarm), changes,
  }
}
Object.assign(documents.get(tried.digest).version, { state: 'backtested', backtest: tryOut(tried.digest, inDays(-30)) })

function goLive(digest) {
  Object.assign(documents.get(live).version, { state: 'retired' })
  previous = live
  live = digest
  Object.assign(documents.get(digest).version, { state: 'live', live_since: inDays(0) })
}

const listed = (version) => (version.backtest ? { ...version, backtest: { ...version.backtest, changes: [] } } : version)

/** The answer as `[status, body]`, or `[status, code]` of a problem. */
export function policies(method, path, body, name, may) {
  const [, digest, act] = /^\/api\/v1\/policies(?:\/([^/]+))?(?:\/(\w+))?$/.exec(path) ?? []
  if (method === 'GET' && digest === undefined) return [200, { live, previous, folder: { path: folder, problem: null }, items: order.map((one) => listed(documents.get(one).version)) }]
  if (method === 'GET') return documents.has(digest) ? [200, documents.get(digest)] : [404, 'not_found']
  if (!may) return [403, 'role_not_allowed']
  if (digest === undefined) return documents.has(digestOf(body.files)) ? [409, 'known_version'] : [201, keep(body.files, body.note, name, inDays(0))]
  if (digest === 'rollback') {
    if (previous === null) return [409, 'nothing_before']
    goLive(previous)
    return [204]
  }
  const version = documents.get(digest)?.version
  if (version === undefined) return [404, 'not_found']
  if (act === 'backtest') return [200, Object.assign(version, { state: version.state === 'live' ? 'live' : 'backtested', backtest: tryOut(digest, body.since) }).backtest]
  if (act === 'withdrawal') Object.assign(version, { state: 'withdrawn', because: body.because })
  if (act !== 'approval') return [204]
  if (version.proposed_by === name) return [409, 'second_person_needed']
  if (version.state !== 'backtested') return [409, 'not_backtested']
  version.approved_by = name
  goLive(digest)
  return [204]
}
