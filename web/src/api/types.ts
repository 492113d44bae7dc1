// The API's types by the names that the domain gives them. Nothing here is written by hand:
// schema.d.ts comes from openapi.json (`npm run types`).
import type { components, paths } from './schema'

type Schemas = components['schemas']
type Json<R> = R extends { content: { 'application/json': infer Body } } ? Body : never
// Answers are taken from the routes, whose addresses are stable, not from the names of wrapper schemas.
type Got<P extends keyof paths> = paths[P] extends { get: { responses: { 200: infer R } } } ? Json<R> : never
type Posted<P extends keyof paths> = paths[P] extends { post: { responses: { 200: infer R } } } ? Json<R> : never

export type AlarmDetail = Got<'/api/v1/alarms/{id}'>
export type Queue = Got<'/api/v1/alarms'>
export type QueueItem = Queue['items'][number]
export type Quality = Got<'/api/v1/quality'>
export type SiteQuality = Quality['sites'][number]
export type GrantList = Got<'/api/v1/autonomy'>
export type PolicyList = Got<'/api/v1/policies'>
export type User = Got<'/api/v1/session'>
export type LogStatus = Got<'/api/v1/log/status'>
export type LogEntry = Got<'/api/v1/log/entries'>['entries'][number]
export type LogVerification = Posted<'/api/v1/log/verification'>

export type ActionCode = Schemas['ActionCode']
export type Alarm = Schemas['Alarm']
export type AlarmRef = Schemas['AlarmRef']
export type AlarmState = Schemas['AlarmState']
export type Approver = Schemas['Approver']
export type Assessment = Schemas['Assessment']
export type Backtest = Schemas['Backtest']
export type BacktestChange = Schemas['BacktestChange']
export type CameraTally = Schemas['CameraTally']
export type Caption = Schemas['Caption']
export type Condition = Schemas['Condition']
export type Decision = Schemas['Decision']
export type Disposition = Schemas['Disposition']
export type DispositionCode = Schemas['DispositionCode']
export type DriftSign = Schemas['DriftSign']
export type Effect = Schemas['Effect']
export type Extrapolated = Schemas['Extrapolated']
export type Facts = Schemas['Facts']
export type FiredRule = Schemas['FiredRule']
export type Grant = Schemas['Grant']
export type GrantEnd = Schemas['GrantEnd']
export type Learning = Schemas['Learning']
export type NearMiss = Schemas['NearMiss']
export type NewDisposition = Schemas['NewDisposition']
export type NewGrant = Schemas['NewGrant']
export type NewPolicy = Schemas['NewPolicy']
export type Outcome = Schemas['Outcome']
export type Oversight = Schemas['Oversight']
export type PolicyDocument = Schemas['PolicyDocument']
export type PolicyFile = Schemas['PolicyFile']
export type PolicyRule = Schemas['PolicyRule']
export type PolicyState = Schemas['PolicyState']
export type PolicyVersion = Schemas['PolicyVersion']
export type Presence = Schemas['Presence']
export type Rate = Schemas['Rate']
export type RecommendedAction = Schemas['RecommendedAction']
export type ReplacedRule = Schemas['ReplacedRule']
export type Review = Schemas['Review']
export type Role = Schemas['Role']
export type RuledAlarm = Schemas['RuledAlarm']
export type Ruling = Schemas['Ruling']
export type Severity = Schemas['Severity']
export type Shift = Schemas['Shift']
export type SiteShift = Schemas['SiteShift']
export type SitePolicy = Schemas['SitePolicy']
export type Tally = Schemas['Tally']
export type Verdict = Schemas['Verdict']
export type VerdictShift = Schemas['VerdictShift']
