// A stand-in for the server while working on the console. Development only: it checks nothing and keeps nothing.
// `npm run mock`, then `npm run dev`; or open it directly after `npm run build`. Any name and password will do;
// the name `auditor`, `manager`, `supervisor` or `admin` gives that role.
import { createHash, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'

import { templates } from './alarms.mjs'
import { give, grants, quality, takeBack } from './oversight.mjs'
import { policies } from './policies.mjs'

const port = Number(process.env.PORT ?? 8793)
const everyMs = Number(process.env.MOCK_EVERY_MS ?? 15_000)
const dist = new URL('../dist/', import.meta.url).pathname
const hash = (text) => createHash('sha256').update(text).digest('hex')
const severities = ['none', 'low', 'medium', 'high', 'critical']
const alarms = new Map()
const streams = new Set()
const entries = []
const roleOf = (name) => (['auditor', 'manager', 'supervisor', 'admin'].includes(name) ? name : 'operator')
const disposes = (name) => ['operator', 'supervisor', 'manager'].includes(roleOf(name))
const nameIn = (request) => /(?:^|; )mock=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? null

function record(type, alarmId, data) {
  const leaf = JSON.stringify({ actor: { kind: type.startsWith('oversight') ? 'person' : 'system' }, alarm_id: alarmId, data, event_id: randomUUID(), type, v: 1 })
  entries.push({ seq: entries.length, leaf, leaf_hash: hash(leaf), recorded_at: new Date().toISOString() })
  return { entry: entries.length - 1, hash: entries.at(-1).leaf_hash }
}

const observed = (list) => (list ?? []).map(([code, presence, first, reader = 'model', ...more]) => ({ code, presence, evidence: [first, ...more], reader }))
const counted = (one) => ({ count: one?.[0] ?? 'none', evidence: one?.slice(1) ?? [] })

function add(template, ageMs, state = 'decided', review = undefined) {
  const id = randomUUID()
  const at = new Date(Date.now() - ageMs)
  const alarm = {
    source: 'sample', source_event_id: id.slice(0, 8), occurred_at: new Date(at - 4000).toISOString(), camera: template.camera, kind: template.kind, phase: 'instant',
    clip: { uri: `file:///clips/${id.slice(0, 8)}.mp4`, sha256: hash(id), duration_s: template.captions.at(-1)?.[2] ?? 10 },
    captions: template.captions.map(([text, start_s, end_s]) => ({ text, start_s, end_s, model: 'captioner-7b' })),
    visible_text: template.visible ?? [], detections: (template.detections ?? []).map(([label, confidence, start_s]) => ({ label, confidence, start_s })),
  }
  const detail = { id, site: 'sample', received_at: at.toISOString(), state: 'waiting', alarm, decision: null, blind: review !== undefined, dispositions: [], template, review: review && { reason: review, drawn_at: at.toISOString() } }
  alarms.set(id, detail)
  record('alarm.received', id, { kind: alarm.kind })
  if (state !== 'waiting') decide(detail)
  detail.state = state
  if (state === 'closed_without_person') detail.closed_under = grants[0].id
  return detail
}

function decide(detail) {
  const { template: one, alarm, id } = detail
  const { facts } = one
  const actions = one.actions.map(([code, urgency, approver, rule, because]) => ({ code, urgency, approver, rule, because }))
  const [model_threat, verdict_margin, classifier_threat, agree] = one.confidence
  detail.state = 'decided'
  detail.decision = {
    alarm: { id, site: 'sample', source: alarm.source, source_event_id: alarm.source_event_id, camera: alarm.camera, kind: alarm.kind, occurred_at: alarm.occurred_at },
    facts: {
      sufficiency: facts.sufficiency ?? 'enough', danger: facts.danger, cause: facts.cause, place: facts.place, people: counted(facts.people), vehicles: counted(facts.vehicles), animals: counted(facts.animals),
      acts: observed(facts.acts), objects: observed(facts.objects), hazards: observed(facts.hazards), scene_text: facts.scene ?? 'none', read_by_model: facts.byModel ?? true,
    },
    ruling: {
      policy_digest: hash('policy'), permitted: one.outcome === 'dismissed' ? ['dismissed', 'uncertain'] : ['uncertain', 'verified'], severity_floor: one.severity, oversight: one.severity === 'critical' ? 'supervisor' : 'operator',
      rules: one.rules.map(([rule, effect, action, severity, because, cites]) => ({ id: rule, effect, action, severity, because, cites })), due: actions, near: one.near ?? [],
    },
    assessment: {
      proposed: one.outcome, criteria: observed(facts.acts).map(({ code, presence, evidence }) => ({ name: code, met: presence, evidence })),
      confidence: { model_threat, verdict_margin, classifier_threat, agree }, rationale: one.rationale, failures: (one.failures ?? []).map(([stage, code]) => ({ stage, code })),
    },
    verdict: { outcome: one.outcome, threat_probability: one.threat, calibrated: false, severity: one.severity, avs_level: one.avs, rules: one.rules.map(([rule]) => rule), actions, reason: { code: one.reason, text: one.reasonText } },
    record: record('alarm.verdict', id, { outcome: one.outcome }),
  }
}

function queueItem({ id, site, received_at, state, alarm, decision, dispositions, blind }) {
  const verdict = blind ? undefined : decision?.verdict
  return {
    id, source: alarm.source, source_event_id: alarm.source_event_id, site, camera: alarm.camera, kind: alarm.kind, occurred_at: alarm.occurred_at, received_at, state,
    outcome: verdict?.outcome, severity: verdict?.severity, avs_level: verdict?.avs_level, threat_probability: verdict?.threat_probability, reason_code: verdict?.reason.code,
    headline: alarm.captions[0]?.text.slice(0, 160), disposition: dispositions.at(-1)?.code, blind: blind && state === 'decided',
  }
}

const changed = ({ id, state }) => streams.forEach((stream) => stream.write(`event: alarm\ndata: ${JSON.stringify({ id, state })}\n\n`))

function report(detail) {
  const { captions } = detail.alarm
  const { verdict, ruling } = detail.decision
  const said = (text, evidence, origin = 'template') => ({ text, evidence, origin })
  return {
    title: `Incident at ${detail.alarm.camera}`, ai_generated: true,
    sections: [
      { heading: 'Summary', sentences: [said(`An alarm of the kind ${detail.alarm.kind} was raised by the camera ${detail.alarm.camera}.`, ['alarm'])] },
      { heading: 'What was seen', sentences: captions.map((caption, i) => said(`“${caption.text}”`, [`c${i + 1}`], 'caption')) },
      { heading: 'Rules that applied', sentences: ruling.rules.map((rule) => said(rule.because, [`rule:${rule.id}`])) },
      { heading: 'Suggested verdict', sentences: [said(verdict.reason.text, captions.map((_, i) => `c${i + 1}`))] },
    ],
  }
}

const problem = (status, title, code = 'mock') => ({ status, type: 'application/problem+json', body: { type: `urn:sereno:problem:${code}`, title, detail: '', status, request_id: randomUUID().slice(0, 8) } })
const json = (body, status = 200, cookie) => ({ status, type: 'application/json', body, cookie })

function handle(method, url, body, name) {
  const path = url.pathname
  if (path === '/api/v1/session') {
    if (method === 'POST') {
      if (body.password === 'wrong') return problem(401, 'Wrong name or password')
      return json({ name: body.name, role: roleOf(body.name) }, 200, `mock=${encodeURIComponent(body.name)}`)
    }
    if (method === 'DELETE') return json(undefined, 204, 'mock=; Max-Age=0')
    return name === null ? problem(401, 'Not logged in') : json({ name, role: roleOf(name) })
  }
  if (name === null) return problem(401, 'Not logged in')
  if (path === '/api/v1/alarms') return queue(url.searchParams)
  if (path === '/api/v1/log/status') return json({ size: entries.length, root: hash(String(entries.length)), origin: 'sereno.example/log', verifier_key: 'sereno.example/log+033de0ae+AXJ0bW9jaw==', signed_size: entries.length, checkpoint: `sereno.example/log\n${entries.length}\n${Buffer.from(hash(String(entries.length)), 'hex').toString('base64')}\n\n— sereno.example/log Az3grlgt\n` })
  if (path === '/api/v1/log/entries') {
    const from = Number(url.searchParams.get('from') ?? 0)
    return json({ entries: entries.slice(from, from + Number(url.searchParams.get('limit') ?? 100)) })
  }
  if (path === '/api/v1/log/verification') return json({ ok: true, size: entries.length, findings: [] })
  if (path === '/api/v1/quality') return roleOf(name) === 'operator' ? problem(403, 'Forbidden', 'role_not_allowed') : json(quality())
  if (path === '/api/v1/autonomy') {
    if (method === 'GET') return json({ items: grants })
    if (roleOf(name) !== 'manager') return problem(403, 'Forbidden', 'role_not_allowed')
    const given = give(body, name)
    return typeof given === 'string' ? problem(409, 'Conflict', given) : json(given, 201)
  }
  if (path.startsWith('/api/v1/policies')) {
    const [status, answer] = policies(method, path, body, name, ['manager', 'admin'].includes(roleOf(name)))
    return status < 400 ? json(answer, status) : problem(status, 'Refused', answer)
  }
  const withdrawal = /^\/api\/v1\/autonomy\/([^/]+)\/withdrawal$/.exec(path)
  if (withdrawal) return takeBack(withdrawal[1], body.because, name) ? json(undefined, 204) : problem(404, 'Not found', 'grant_not_in_force')
  const match = /^\/api\/v1\/alarms\/([^/]+)(\/.*)?$/.exec(path)
  const detail = match && alarms.get(match[1])
  if (!detail) return problem(404, 'Not found')
  const hidden = detail.blind && disposes(name)
  if (match[2] === '/report' && hidden) return problem(409, 'Conflict', 'judge_first')
  if (match[2] === '/report') return detail.decision ? json(report(detail)) : problem(404, 'No report yet')
  if (match[2] === '/dispositions' && method === 'POST') return dispose(detail, body, name)
  const { template: _, ...shown } = detail
  return json(hidden ? { ...shown, decision: null, review: undefined } : shown)
}

function queue(search) {
  const all = [...alarms.values()]
  // Where a hidden suggestion stands in the list tells nothing of it.
  const rank = (item) => item.blind ? 21 : severities.indexOf(item.severity) * 10 + (item.threat_probability ?? 0)
  const items = all.filter((one) => one.state === search.get('state')).map(queueItem).toSorted((a, b) => rank(b) - rank(a))
  const counts = Object.fromEntries(['waiting', 'decided', 'closed', 'closed_without_person'].map((state) => [state, all.filter((one) => one.state === state).length]))
  return json({ items: items.slice(Number(search.get('offset') ?? 0)).slice(0, Number(search.get('limit') ?? 100)), counts })
}

function dispose(detail, body, name) {
  if (detail.state === 'waiting') return problem(409, 'Still being decided')
  const said = { ...body, by: name, at: new Date().toISOString(), suggested: detail.blind ? undefined : detail.decision.verdict.outcome }
  detail.dispositions.push(said)
  detail.state = 'closed'
  detail.blind = false
  if (detail.review) detail.review.answered_at ??= said.at
  record('oversight.disposition', detail.id, { code: body.code })
  changed(detail)
  return json(said, 201)
}

const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }
const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'"

async function file(path, response) {
  const wanted = join(dist, normalize(path))
  const content = extname(path) === '' ? null : await readFile(wanted).catch(() => null)
  const page = content ?? (await readFile(join(dist, 'index.html')))
  response.writeHead(200, { 'content-type': types[content ? extname(path) : '.html'], 'content-security-policy': policy }).end(page)
}

createServer(async (request, response) => {
  const url = new URL(request.url, 'http://mock')
  if (url.pathname === '/api/v1/stream') {
    if (nameIn(request) === null) return response.writeHead(401).end()
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n')
    streams.add(response)
    return request.on('close', () => streams.delete(response))
  }
  if (!url.pathname.startsWith('/api/')) return file(url.pathname, response)
  let text = ''
  for await (const part of request) text += part
  if (request.method !== 'GET' && request.headers['x-sereno-csrf'] !== '1') return response.writeHead(403).end()
  const answer = handle(request.method, url, text === '' ? null : JSON.parse(text), nameIn(request))
  const cookie = answer.cookie === undefined ? {} : { 'set-cookie': `${answer.cookie}; Path=/; HttpOnly; SameSite=Strict` }
  return response.writeHead(answer.status, { 'content-type': answer.type, ...cookie }).end(answer.body === undefined ? '' : JSON.stringify(answer.body))
}).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}`))

templates.forEach((template, i) => add(template, (i * 97 + 21) * 1000))
templates.slice(4).forEach((template, i) => add(template, (i * 911 + 1500) * 1000))
add(templates[3], 8_000, 'waiting')
add(templates[8], 95_000, 'decided', 'dismissal')
add(templates[4], 240_000, 'decided', 'decoy')
add(templates[3], 310_000, 'decided', 'control')
for (const ageMs of [700_000, 1_900_000, 5_400_000]) add(templates[8], ageMs, 'closed_without_person')
let turn = 0
if (everyMs > 0) {
  setInterval(() => {
    const detail = add(templates[(turn += 3) % templates.length], 0, 'waiting')
    changed(detail)
    setTimeout(() => {
      decide(detail)
      changed(detail)
    }, 4_000)
  }, everyMs)
}
