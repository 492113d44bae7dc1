// The only place that calls the server.
import type {
  AlarmDetail, AlarmState, Backtest, Disposition, Grant, GrantList, LogEntry, LogStatus, LogVerification, NewDisposition, NewGrant, NewPolicy,
  PolicyDocument, PolicyList, PolicyVersion, Quality, Queue, User,
} from './types'

/** An answer that is not the wanted one; `status` 0 means that there was no answer. */
export class ApiError extends Error {
  readonly status: number
  readonly requestId: string | null
  /** The problem's stable name, such as `judge_first`; null where the answer has none. */
  readonly code: string | null
  /** What is wrong with this request, in the server's English; empty where the answer does not say. */
  readonly detail: string

  constructor(status: number, message: string, requestId: string | null, code: string | null = null, detail = '') {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.requestId = requestId
    this.code = code
    this.detail = detail
  }

  /** The server, or a proxy before it, cannot answer just now; trying again may help. */
  get away(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504
  }
}

const PROBLEM = 'urn:sereno:problem:'
const TIMEOUT_MS = 20_000
// The whole log is read again, which takes as long as it takes.
const VERIFY_TIMEOUT_MS = 600_000
// Proofs, and backtests over many alarms, may take minutes; the server itself ends them then.
const POLICY_TIMEOUT_MS = 600_000

async function call<T>(method: string, path: string, body?: unknown, timeoutMs = TIMEOUT_MS): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json, application/problem+json' }
  if (method !== 'GET') headers['x-sereno-csrf'] = '1'
  if (body !== undefined) headers['content-type'] = 'application/json'
  const request: RequestInit = { method, headers, credentials: 'same-origin', signal: AbortSignal.timeout(timeoutMs) }
  if (body !== undefined) request.body = JSON.stringify(body)
  let response: Response
  try {
    response = await fetch(path, request)
  } catch {
    throw new ApiError(0, '', null)
  }
  if (!response.ok) throw await problem(response)
  if (response.status === 204) return undefined as T
  try {
    return (await response.json()) as T
  } catch {
    // An answer cut off on its way counts as none.
    throw new ApiError(0, '', null)
  }
}

async function problem(response: Response): Promise<ApiError> {
  const fallbackId = response.headers.get('x-request-id')
  try {
    const body = (await response.json()) as Record<string, unknown>
    const words = [body['title'], body['detail']].filter((part) => typeof part === 'string' && part !== '')
    const id = typeof body['request_id'] === 'string' ? body['request_id'] : fallbackId
    const type = body['type']
    const code = typeof type === 'string' && type.startsWith(PROBLEM) ? type.slice(PROBLEM.length) : null
    const detail = typeof body['detail'] === 'string' ? body['detail'] : ''
    return new ApiError(response.status, words.join(': '), id, code, detail)
  } catch {
    return new ApiError(response.status, '', fallbackId)
  }
}

const alarmPath = (id: string) => `/api/v1/alarms/${encodeURIComponent(id)}`

const policyPath = (digest: string) => `/api/v1/policies/${encodeURIComponent(digest)}`

const MOST = 200

/** The first `limit` rows; the server gives them in pages, between which the list may have moved. */
async function queue(state: AlarmState, limit: number): Promise<Queue> {
  const page = (offset: number) => call<Queue>('GET', `/api/v1/alarms?state=${state}&limit=${MOST}&offset=${offset}`)
  let last = await page(0)
  const items = new Map(last.items.map((item) => [item.id, item]))
  for (let offset = MOST; offset < limit && last.items.length === MOST; offset += MOST) {
    last = await page(offset)
    for (const item of last.items) items.set(item.id, item)
  }
  return { counts: last.counts, items: [...items.values()] }
}

export const api = {
  session: () => call<User>('GET', '/api/v1/session'),
  logIn: (name: string, password: string) => call<User>('POST', '/api/v1/session', { name, password }),
  logOut: () => call<void>('DELETE', '/api/v1/session'),
  queue,
  alarm: (id: string) => call<AlarmDetail>('GET', alarmPath(id)),
  report: (id: string) => call<unknown>('GET', `${alarmPath(id)}/report`),
  reportPage: (id: string) => `${alarmPath(id)}/report.html`,
  dispose: (id: string, said: NewDisposition) => call<Disposition>('POST', `${alarmPath(id)}/dispositions`, said),
  quality: () => call<Quality>('GET', '/api/v1/quality'),
  grants: () => call<GrantList>('GET', '/api/v1/autonomy'),
  grant: (asked: NewGrant) => call<Grant>('POST', '/api/v1/autonomy', asked),
  withdraw: (id: string, because: string) => call<void>('POST', `/api/v1/autonomy/${encodeURIComponent(id)}/withdrawal`, { because }),
  policies: () => call<PolicyList>('GET', '/api/v1/policies'),
  policy: (digest: string) => call<PolicyDocument>('GET', policyPath(digest)),
  proposePolicy: (asked: NewPolicy) => call<PolicyVersion>('POST', '/api/v1/policies', asked, POLICY_TIMEOUT_MS),
  backtestPolicy: (digest: string, since: string | null) =>
    call<Backtest>('POST', `${policyPath(digest)}/backtest`, since === null ? {} : { since }, POLICY_TIMEOUT_MS),
  approvePolicy: (digest: string) => call<unknown>('POST', `${policyPath(digest)}/approval`, {}, POLICY_TIMEOUT_MS),
  withdrawPolicy: (digest: string, because: string) => call<unknown>('POST', `${policyPath(digest)}/withdrawal`, { because }),
  rollBackPolicy: (because: string) => call<unknown>('POST', '/api/v1/policies/rollback', { because }, POLICY_TIMEOUT_MS),
  logStatus: () => call<LogStatus>('GET', '/api/v1/log/status'),
  logEntries: (from: number, limit: number) => call<{ entries: LogEntry[] }>('GET', `/api/v1/log/entries?from=${from}&limit=${limit}`),
  verifyLog: () => call<LogVerification>('POST', '/api/v1/log/verification', undefined, VERIFY_TIMEOUT_MS),
}
