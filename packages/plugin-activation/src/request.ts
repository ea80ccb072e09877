// From a wire profile and a claim to one request, and the rule by which its answer is read. Pure: the till sends it.
import {
  type CallDescription,
  CashdeskError,
  type ClaimContext,
  type OperationContext,
  type ReadSpec,
} from '@cashdesk/sdk'
import type { Settings } from './settings.ts'
import type { Parameter, ParameterSource, WireOperations, WireProfile } from './wire-profile.ts'

/** The operations that change something at the provider. */
export type WireKind = keyof WireOperations

type Context = ClaimContext<Settings>

/**
 * The request of one operation. Its id travels as `Idempotency-Key`.
 * @throws CashdeskError `article.incomplete`, `claim.unknown-serial`: nothing is sent then
 */
export function operationCall(
  profile: WireProfile,
  kind: WireKind,
  context: Context,
  op: OperationContext,
): CallDescription {
  const operation = required(profile.operations[kind], kind)
  return {
    get: pathOf(profile, operation.action, operation.parameters ?? [], context, op),
    key: op.id,
    servers: operation.servers,
    read: readingOf(profile, kind, op),
  }
}

/** Asks what became of `op.id`. Changes nothing, so it has no id of its own. */
export function queryCall(profile: WireProfile, context: Context, op: OperationContext): CallDescription {
  const query = required(profile.query, 'query')
  const kind = kindAsked(op.of)
  const operation = required(profile.operations[kind], kind)
  return {
    get: pathOf(profile, query.action, query.parameters ?? [], context, op),
    servers: operation.servers,
    read: statusReadingOf(profile, kind, op),
  }
}

/** Status and result must agree, and the answer must be about this operation. */
function readingOf(profile: WireProfile, kind: WireKind, op: OperationContext): ReadSpec {
  const { done, refused, notFound, result, operation, reason, expiresInMs, facts } = profile.answer
  return {
    done,
    refused,
    ...(notFound ? { notFound } : {}),
    field: {
      name: result.name,
      done: profile.operations[kind]?.done ?? [],
      refused: result.refused,
      ...(result.notFound ? { notFound: result.notFound } : {}),
    },
    ...(operation === undefined ? {} : { echo: { [operation]: op.id } }),
    ...(reason ? { reason } : {}),
    ...(expiresInMs === undefined ? {} : { expiresInMs }),
    ...(facts ? { facts } : {}),
  }
}

/** What became of it may also be told as a result that it can only have come to when it no longer stands. */
function statusReadingOf(profile: WireProfile, kind: WireKind, op: OperationContext): ReadSpec {
  const reading = readingOf(profile, kind, op)
  const gone = profile.query?.gone?.[kind]
  if (!gone || !reading.field) return reading
  return {
    ...reading,
    refused: [...new Set([...reading.refused, ...reading.done])],
    field: { ...reading.field, refused: [...reading.field.refused, ...gone] },
  }
}

function kindAsked(of: OperationContext['of']): WireKind {
  switch (of) {
    case 'reserve':
    case 'renew':
    case 'release':
    case 'commit':
    case 'void':
      return of
    default:
      throw invalid(`a query about ${of ?? 'nothing'}`)
  }
}

function pathOf(
  profile: WireProfile,
  action: string,
  extra: readonly Parameter[],
  context: Context,
  op: OperationContext,
): string {
  // First of all: a card whose product is not known needs no serial either.
  const product = productOf(profile, context)
  const value = (parameter: Parameter): string => {
    if ('value' in parameter) return encodeURIComponent(parameter.value)
    if (parameter.from === 'prodid') return encodeURIComponent(product)
    return filled(profile, parameter.from, action, context, op)
  }
  const query = [...profile.parameters, ...extra].map(parameter => `${parameter.name}=${value(parameter)}`)
  return `${context.config.path ?? profile.path}?${query.join('&')}`
}

/** One value, encoded. Secrets are placeholders here: the till fills them in, encoded, when it sends. */
function filled(
  profile: WireProfile,
  from: Exclude<ParameterSource, 'prodid'>,
  action: string,
  context: Context,
  op: OperationContext,
): string {
  const { config } = context
  switch (from) {
    case 'user':
      return config.user
    case 'password':
      return config.password
    case 'cspid':
      // A plain word, or a placeholder: neither needs to be encoded.
      return config.cspid
    case 'serviceid':
      return config.serviceid ?? profile.serviceid
    case 'version':
      return config.version ?? profile.version
    case 'action':
      return action
    case 'operation':
      return op.id
    case 'about':
      return required(op.about, 'an earlier operation to name')
    case 'serial':
      return encodeURIComponent(serialOf(profile, context))
  }
}

/** What cannot be a serial of this provider was misread: the cashier scans again, and nothing is sent. */
function serialOf({ shapes }: WireProfile, { serial }: Context): string {
  if (new RegExp(shapes.serial).test(serial)) return serial
  throw new CashdeskError('claim.unknown-serial', { problem: 'not a serial of this provider’s cards' })
}

function productOf({ shapes }: WireProfile, { subject }: Context): string {
  const product = subject['prodid']
  if (typeof product === 'string' && new RegExp(shapes.prodid).test(product)) return product
  throw new CashdeskError('article.incomplete', { plugin: 'activation', fact: 'prodid' })
}

function required<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw invalid(`no ${what}`)
  return value
}

/** The checked profile and the till rule this out; if it happens all the same, nothing is sent. */
function invalid(problem: string): CashdeskError {
  return new CashdeskError('plugin.invalid', { plugin: 'activation', problem })
}
