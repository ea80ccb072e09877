// The shape of a wire profile: everything that one provider of activations does its own way, as data. Another
// provider is another profile; no code changes.
import { CashdeskError, type ErrorCode, type ProviderProfile } from '@cashdesk/sdk'
import { z } from 'zod'

/** What a parameter of the query is filled with. `operation` is the call's own id, `about` the one that it names. */
export type ParameterSource =
  | 'user'
  | 'password'
  | 'cspid'
  | 'action'
  | 'serial'
  | 'prodid'
  | 'serviceid'
  | 'version'
  | 'operation'
  | 'about'

/** A parameter by its name on the wire, filled in or fixed. */
export type Parameter =
  | { readonly name: string; readonly from: ParameterSource }
  | { readonly name: string; readonly value: string }

/** Which of the two lists of servers takes an operation. */
export type ServerRole = 'reservation' | 'activation'

export interface WireOperation {
  /** What the parameter `action` says. */
  readonly action: string
  readonly servers: ServerRole
  /** Sent after the profile's common parameters. */
  readonly parameters?: readonly Parameter[]
  /** The answer's results that mean: it is done. */
  readonly done: readonly string[]
}

/** Asks what became of an operation, at the servers that took it. */
export interface WireQuery {
  readonly action: string
  readonly parameters?: readonly Parameter[]
  /** Results that mean: the operation asked about does not stand, and never will. */
  readonly gone?: { readonly [kind in keyof WireOperations]?: readonly string[] }
}

/** The till's codes that a provider's reason may stand for. */
export type RefusalCode = Extract<
  ErrorCode,
  | 'claim.refused'
  | 'claim.already-active'
  | 'claim.wrong-article'
  | 'claim.unknown-serial'
  | 'claim.taken'
  | 'claim.expired'
>

/** How a JSON answer is read. Status and result must agree; anything else is `unknown`. */
export interface WireAnswer {
  /** HTTP statuses. */
  readonly done: readonly number[]
  readonly refused: readonly number[]
  /** Only where the provider thereby refuses that id from now on. */
  readonly notFound?: readonly number[]
  /** The field that says what came of it, and its values beside each operation's `done`. */
  readonly result: {
    readonly name: string
    readonly refused: readonly string[]
    readonly notFound?: readonly string[]
  }
  /** The field that names the operation: an answer that names another one is not ours. */
  readonly operation?: string
  /** The field that says why it was refused. A reason that is not listed is `claim.refused`. */
  readonly reason?: { readonly name: string; readonly codes: { readonly [reason: string]: RefusalCode } }
  /** The field that says for how many milliseconds a reservation lasts, from the receipt of the answer. */
  readonly expiresInMs?: string
  /** Fields to keep with the claim, by the name they get there. */
  readonly facts?: { readonly [fact: string]: string }
}

/** The operations that a profile may describe. */
export interface WireOperations {
  readonly reserve?: WireOperation
  readonly renew?: WireOperation
  readonly release?: WireOperation
  readonly commit: WireOperation
  readonly void?: WireOperation
}

export interface WireProfile {
  readonly name: string
  /** Behind every server's address. */
  readonly path: string
  /** What the parameters `serviceid` and `version` say where the register configures nothing. */
  readonly serviceid: string
  readonly version: string
  /** In the order in which they are sent. */
  readonly parameters: readonly Parameter[]
  /** Regular expressions: what does not match was misread, and is not sent. */
  readonly shapes: { readonly serial: string; readonly prodid: string }
  readonly operations: WireOperations
  /**
   * The provider permits that a card is sold while it cannot be asked, and is reserved and activated afterwards. Whether
   * a shop does so, and how much, is its `deferral` option.
   */
  readonly deferrable?: boolean
  readonly query?: WireQuery
  readonly answer: WireAnswer
  readonly patience: ProviderProfile
}

const REFUSAL_CODES: readonly RefusalCode[] = [
  'claim.refused',
  'claim.already-active',
  'claim.wrong-article',
  'claim.unknown-serial',
  'claim.taken',
  'claim.expired',
]

const SOURCES: readonly ParameterSource[] = [
  'user',
  'password',
  'cspid',
  'action',
  'serial',
  'prodid',
  'serviceid',
  'version',
  'operation',
  'about',
]

/** A short name on the wire: it needs no encoding. */
export const wordShape: z.ZodString = z.string().regex(/^[A-Za-z0-9._-]{1,32}$/)
const fieldName = z.string().min(1).max(64)
const results = z.array(z.string().min(1).max(64)).min(1).max(20)
const statuses = z.array(z.int().min(200).max(599)).max(20)
/** More parameters than any request has; a bound for what is journaled with every call. */
const MAX_PARAMETERS = 32

const parameterShape: z.ZodType<Parameter> = z.union([
  z.strictObject({ name: wordShape, from: z.enum(SOURCES) }),
  z.strictObject({ name: wordShape, value: z.string().max(200) }),
])
const parameters = z.array(parameterShape).max(MAX_PARAMETERS)

const operationShape: z.ZodType<WireOperation> = z.strictObject({
  action: wordShape,
  servers: z.enum(['reservation', 'activation']),
  parameters: parameters.exactOptional(),
  done: results,
})

const answerShape: z.ZodType<WireAnswer> = z.strictObject({
  done: statuses.min(1),
  refused: statuses.min(1),
  notFound: statuses.exactOptional(),
  result: z.strictObject({ name: fieldName, refused: results, notFound: results.exactOptional() }),
  operation: fieldName.exactOptional(),
  reason: z
    .strictObject({ name: fieldName, codes: z.record(fieldName, z.enum(REFUSAL_CODES)) })
    .exactOptional(),
  expiresInMs: fieldName.exactOptional(),
  facts: z.record(fieldName, fieldName).exactOptional(),
})

const expression = z.string().max(200).refine(isExpression, 'no regular expression')

/** The path of an address: the query is the profile's `parameters`. */
export const pathShape: z.ZodType<string> = z.string().regex(/^\/[A-Za-z0-9._~/-]{0,200}$/)

const queryShape: z.ZodType<WireQuery> = z.strictObject({
  action: wordShape,
  parameters: parameters.exactOptional(),
  gone: z
    .strictObject({
      reserve: results.exactOptional(),
      renew: results.exactOptional(),
      release: results.exactOptional(),
      commit: results.exactOptional(),
      void: results.exactOptional(),
    })
    .exactOptional(),
})

const upTo = (longest: number): z.ZodInt => z.int().min(1).max(longest)
const HOUR_MS = 3_600_000
const patienceShape: z.ZodType<ProviderProfile> = z.strictObject({
  timeoutMs: upTo(60_000),
  reserveLimitMs: upTo(120_000),
  retry: z.strictObject({
    firstMs: upTo(60_000),
    factor: z.number().min(1).max(10),
    maxMs: upTo(HOUR_MS),
    jitter: z.number().min(0).max(1),
  }),
  onUnknown: z.enum(['repeat', 'query']),
  taskAfterMs: upTo(7 * 24 * HOUR_MS),
  breaker: z.strictObject({ failures: upTo(1_000), coolMs: upTo(HOUR_MS) }),
})

/** Checks the data of a profile; what does not belong together is told by the field that is missing. */
export const wireProfileShape: z.ZodType<WireProfile> = z
  .strictObject({
    name: wordShape,
    path: pathShape,
    serviceid: wordShape,
    version: wordShape,
    parameters,
    shapes: z.strictObject({ serial: expression, prodid: expression }),
    operations: z.strictObject({
      reserve: operationShape.exactOptional(),
      renew: operationShape.exactOptional(),
      release: operationShape.exactOptional(),
      commit: operationShape,
      void: operationShape.exactOptional(),
    }),
    deferrable: z.boolean().exactOptional(),
    query: queryShape.exactOptional(),
    answer: answerShape,
    patience: patienceShape,
  })
  .check(context => {
    for (const [path, message] of contradictions(context.value))
      context.issues.push({ code: 'custom', input: context.value, path: [...path], message })
  })

/** @throws CashdeskError `config.invalid`, naming the fields */
export function checkedProfile(profile: WireProfile): WireProfile {
  const result = wireProfileShape.safeParse(profile)
  if (result.success) return result.data
  const problems = result.error.issues.map(
    ({ path, message }) => `activation.profile.${path.map(String).join('.')}: ${message}`,
  )
  throw new CashdeskError('config.invalid', { problems })
}

type Contradiction = readonly [path: readonly string[], message: string]

function contradictions({
  parameters: common,
  operations,
  query,
  answer,
  patience,
}: WireProfile): readonly Contradiction[] {
  const found: Contradiction[] = []
  const { reserve, renew, release } = operations
  if (reserve && !release)
    found.push([['operations', 'release'], 'missing: what can be reserved must be released'])
  if (release && !reserve) found.push([['operations', 'reserve'], 'missing: nothing to release'])
  if (renew && !reserve) found.push([['operations', 'reserve'], 'missing: nothing to renew'])
  if (patience.onUnknown === 'query' && !query) found.push([['query'], 'missing: `patience.onUnknown` asks'])
  for (const [name, operation] of Object.entries({ ...operations, ...(query ? { query } : {}) })) {
    const sent = [...common, ...(operation?.parameters ?? [])]
    const names = sent.map(parameter => parameter.name)
    if (new Set(names).size !== names.length)
      found.push([['operations', name, 'parameters'], 'a parameter is named twice'])
    const naming = sent.some(parameter => 'from' in parameter && parameter.from === 'about')
    if (naming && (name === 'reserve' || (name === 'commit' && !reserve)))
      found.push([['operations', name, 'parameters'], '`about`: there is no earlier operation to name'])
  }
  const denials = [...answer.result.refused, ...(answer.result.notFound ?? [])]
  for (const [name, operation] of Object.entries(operations)) {
    if (operation?.done.some((result: string) => denials.includes(result)))
      found.push([['operations', name, 'done'], 'a result that also means refused'])
  }
  return found
}

function isExpression(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp
  } catch {
    return false
  }
}
