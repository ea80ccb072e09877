// The exchange as it is on the wire: the published query with its parameters, the answers and the errors as JSON.
// docs/host-activation.md is its description for people.
import { CashdeskError, type ErrorCode, type ErrorReport, report } from '@cashdesk/kernel'
import { z } from 'zod'
import type { Answer } from './books.ts'
import type { ActivationRequest, Verdict } from './rules.ts'
import { answerShape, nameShape, operationIdShape, serialShape } from './shapes.ts'

/** In the order of the published exchange; `operation` is ours and comes last. */
const queryObject = z.strictObject({
  user: z.string().min(1).max(128).describe('The merchant.'),
  pass: z.string().min(1).max(128).describe('The merchant’s password. Never logged.'),
  cspid: nameShape.describe('The merchant’s shop.'),
  action: z
    .enum(['1', '2', '3', '4', '5', '6'])
    .describe('1 reserve, 2 activate, 3 release, 4 status, 5 renew, 6 void.'),
  serial: serialShape.describe('The card.'),
  prodid: nameShape.describe('The article that was scanned.'),
  serviceid: nameShape.describe('Kept, not interpreted.'),
  version: z.literal('1').describe('This profile.'),
  operation: operationIdShape
    .exactOptional()
    .describe('Actions 2 to 6 only: the operation that the call is about.'),
})
const headersObject = z.object({
  'idempotency-key': operationIdShape
    .exactOptional()
    .describe('The id of this operation, a UUID. Required but for action 4.'),
})

type Query = z.output<typeof queryObject>

const ACTIONS = {
  '1': 'reserve',
  '2': 'activate',
  '3': 'release',
  '4': 'status',
  '5': 'renew',
  '6': 'void',
} as const

/** One parsed call. `request` carries no password. */
export interface Call {
  readonly user: string
  readonly pass: string
  readonly cspid: string
  readonly request: ActivationRequest
}

/** Owner of an operation: nobody else may name it. */
function ownerOf(user: string, cspid: string): string {
  return `${user}/${cspid}`
}

/** @throws CashdeskError `host.bad-request`, with the name of what is wrong and never its value */
export function parseCall(rawQuery: unknown, rawHeaders: unknown): Call {
  const query = parse(queryObject, rawQuery)
  const id = parse(headersObject, rawHeaders)['idempotency-key']
  const { user, pass, cspid } = query
  return { user, pass, cspid, request: toRequest(query, id) }
}

function toRequest(query: Query, id: string | undefined): ActivationRequest {
  const { user, cspid, serial, prodid, serviceid, version, operation: named } = query
  const action = ACTIONS[query.action]
  const owner = ownerOf(user, cspid)
  const payload = JSON.stringify([user, cspid, action, serial, prodid, serviceid, version, named ?? null])
  const common = { owner, serial, prodid, payload }
  if (action === 'reserve') {
    if (named !== undefined) throw badRequest('operation', 'not for action 1')
    return { action, id: required(id, 'idempotency-key'), ...common }
  }
  const about = required(named, 'operation')
  if (action === 'status') return { action, named: about, ...common }
  const own = required(id, 'idempotency-key')
  if (own === about) throw badRequest('operation', 'names the call itself')
  return { action, id: own, named: about, ...common }
}

function required(value: string | undefined, field: string): string {
  if (value === undefined) throw badRequest(field, 'missing')
  return value
}

function badRequest(field: string, reason: string): CashdeskError {
  return new CashdeskError('host.bad-request', { field, reason })
}

/** Parses what came from outside. @throws CashdeskError `host.bad-request` naming the first wrong field */
export function parse<T>(shape: z.ZodType<T>, value: unknown): T {
  const parsed = shape.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = issue?.code === 'unrecognized_keys' ? 'unknown parameter' : issue?.path.join('.')
  throw badRequest(field || 'body', issue?.code ?? 'invalid')
}

const STATUS: { readonly [result in Answer['result']]: number } = {
  reserved: 200,
  activated: 200,
  released: 200,
  renewed: 200,
  voided: 200,
  pending: 200,
  refused: 409,
  'not-found': 404,
}

/** @throws CashdeskError `host.repeated-differently` */
export function toReply(verdict: Verdict): { readonly status: number; readonly body: Answer } {
  if (verdict === 'repeated-differently') throw new CashdeskError('host.repeated-differently')
  return { status: STATUS[verdict.result], body: verdict }
}

const ERROR_STATUS: { readonly [code in ErrorCode]?: number } = {
  'host.bad-request': 400,
  'host.unauthorised': 401,
  'host.not-found': 404,
  'host.repeated-differently': 422,
  'host.database': 503,
}

export interface WireError {
  readonly code: ErrorCode
  readonly message: string
  readonly next: string
  readonly detail?: ErrorReport['detail']
}

/** The coded JSON of an error. What the database said stays in the host's log. */
export function toWireError(error: CashdeskError): { readonly status: number; readonly body: WireError } {
  const { code, message, next } = report(error.code)
  const detail = error.code === 'host.database' ? undefined : error.detail
  return {
    status: ERROR_STATUS[code] ?? 500,
    body: detail === undefined ? { code, message, next } : { code, message, next, detail },
  }
}

const inputOf = (shape: z.ZodType): object => {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { io: 'input' })
  return schema
}
const errorObject = z.object({
  code: z.string(),
  message: z.string(),
  next: z.string(),
  detail: z.record(z.string(), z.unknown()).exactOptional(),
})

/** The same shapes as JSON schema, for the OpenAPI page. */
export const SCHEMAS: { readonly [name in 'query' | 'headers' | 'answer' | 'error']: object } = {
  query: inputOf(queryObject),
  headers: inputOf(headersObject),
  answer: inputOf(answerShape),
  error: inputOf(errorObject),
}
