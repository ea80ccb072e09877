// One attempt of one provider call: fill the secrets in, send it once, read the answer. What is not clearly an
// answer is `unknown`; what certainly never left says so.
import type {
  Adjustment,
  Answer,
  Clock,
  EpochMs,
  ErrorCode,
  Facts,
  Http,
  HttpCall,
  HttpResponse,
  OperationId,
  PinBlock,
  ProviderData,
  ProviderOperation,
  ReadSpec,
  Unknown,
} from '@cashdesk/kernel'
import { type Call, CashdeskError, refused, report, reportOf, unknown } from '@cashdesk/kernel'
import type { Plugin } from './plugin.ts'
import { fillIn, redactAll, redactor } from './secret.ts'

/** With which server of each list the next call starts. A hint; losing it costs one attempt. */
export type ServerHints = Map<string, string>

/** Consecutive failures of one provider, and when it may be tried again. */
interface Breaker {
  failures: number
  openUntil: EpochMs
}

/** These a sale waits for; everything after the pivot has time and is always tried. */
const BEFORE_PIVOT: ReadonlySet<ProviderOperation> = new Set(['identify', 'quote', 'reserve', 'renew'])

export class Providers {
  readonly #http: Http
  readonly #clock: Clock
  readonly #hints: ServerHints = new Map()
  readonly #breakers: Map<string, Breaker> = new Map()

  constructor(http: Http, clock: Clock) {
    this.#http = http
    this.#clock = clock
  }

  /** Why nothing of this kind is sent now; undefined where it is. */
  closedTo(plugin: Plugin, operation: ProviderOperation): Unknown | undefined {
    const { openUntil = 0 } = this.#breakers.get(plugin.name) ?? {}
    if (!BEFORE_PIVOT.has(operation) || openUntil <= this.#clock.monotonicMs()) return undefined
    return unknown(report('provider.breaker-open', { plugin: plugin.name }))
  }

  /**
   * Never throws.
   * @param pin what the customer entered for it; forgotten when this returns
   */
  async perform(
    plugin: Plugin,
    operation: ProviderOperation,
    op: OperationId,
    call: Call,
    pin?: PinBlock,
  ): Promise<Answer> {
    const closed = this.closedTo(plugin, operation)
    if (closed) return closed
    const breaker = this.#breakers.get(plugin.name) ?? { failures: 0, openUntil: 0 }
    this.#breakers.set(plugin.name, breaker)
    const clean = pin ? redactor([...plugin.secrets.values(), ...entered(pin)]) : cleanerOf(plugin)
    const answer = withoutSecrets(await this.#attempt(plugin, op, call, clean, pin), clean)
    if (answer.outcome === 'unknown') {
      breaker.failures += 1
      const { failures, coolMs } = plugin.participant.profile.breaker
      if (breaker.failures >= failures) breaker.openUntil = this.#clock.monotonicMs() + coolMs
    } else breaker.failures = 0
    return answer
  }

  async #attempt(
    plugin: Plugin,
    op: OperationId,
    call: Call,
    clean: Clean,
    pin: PinBlock | undefined,
  ): Promise<Answer> {
    switch (call.wire) {
      case 'none':
        return refused(call.error)
      case 'own':
        return this.#own(plugin, op, call, pin)
      case 'http':
        return this.#overHttp(plugin, call, pin ? withPin(plugin.secrets, pin) : plugin.secrets, clean)
    }
  }

  /** The plugin's own wire, held to its time limit whatever it does. */
  async #own(
    plugin: Plugin,
    id: OperationId,
    { payload, timeoutMs }: Extract<Call, { wire: 'own' }>,
    pin: PinBlock | undefined,
  ): Promise<Answer> {
    const { perform } = plugin
    if (!perform)
      return refused(
        report('plugin.invalid', { plugin: plugin.name, problem: 'it performs no calls of its own' }),
      )
    let stop = (): void => undefined
    const limit = new Promise<Answer>(resolve => {
      stop = this.#clock.after(timeoutMs, () =>
        resolve(unknown(report('provider.no-answer', { plugin: plugin.name }))),
      )
    })
    try {
      return await Promise.race([perform(payload, { id, timeoutMs, ...(pin ? { pin } : {}) }), limit])
    } catch (thrown) {
      const { code } = reportOf(thrown, 'provider.no-answer')
      return unknown(report('provider.no-answer', { plugin: plugin.name, reason: code }))
    } finally {
      stop()
    }
  }

  /** The servers in order, the last good one first; the next one only when nothing reached the one before. */
  async #overHttp(
    plugin: Plugin,
    call: HttpCall,
    secrets: ReadonlyMap<string, string>,
    clean: Clean,
  ): Promise<Answer> {
    const list = `${plugin.name} ${call.servers}`
    const configured = plugin.servers.get(call.servers) ?? []
    const good = this.#hints.get(list)
    const servers = good === undefined ? configured : [good, ...configured.filter(server => server !== good)]
    const path = fillIn(call.path, secrets, encodeURIComponent)
    const headers = Object.fromEntries(
      Object.entries(call.headers).map(([name, value]) => [name, fillIn(value, secrets, each => each)]),
    )
    for (const server of servers) {
      try {
        const response = await this.#http.send({
          method: call.method,
          url: `${server.replace(/\/$/, '')}${path}`,
          headers,
          timeoutMs: call.timeoutMs,
          ...(call.body === undefined
            ? {}
            : { body: fillIn(call.body, secrets, each => JSON.stringify(each).slice(1, -1)) }),
        })
        this.#hints.set(list, server)
        return readAnswer(plugin, call, response, clean)
      } catch (thrown) {
        this.#hints.delete(list)
        if (!(thrown instanceof CashdeskError && thrown.code === 'http.not-sent')) {
          // It may have arrived, so this attempt ends here. The next one starts elsewhere: this server may hang.
          const next = configured[(configured.indexOf(server) + 1) % configured.length]
          if (next !== undefined) this.#hints.set(list, next)
          const { detail } = reportOf(thrown, 'http.no-answer')
          return unknown(report('provider.no-answer', { plugin: plugin.name, server, ...detail }))
        }
      }
    }
    return unknown(report('provider.unreachable', { plugin: plugin.name, servers: [...servers] }))
  }
}

/** Reads an answer by the call's own rule. */
function readAnswer(plugin: Plugin, call: HttpCall, response: HttpResponse, clean: Clean): Answer {
  if ('reader' in call.read) {
    const reader = plugin.readers[call.read.reader]
    if (!reader)
      return unknown(
        report('provider.malformed', { plugin: plugin.name, problem: `no reader ${call.read.reader}` }),
      )
    try {
      return reader(response)
    } catch (thrown) {
      return unknown(
        report('provider.malformed', { plugin: plugin.name, reason: reportOf(thrown, 'plugin.threw').code }),
      )
    }
  }
  return readBySpec(plugin.name, call.read, response, clean)
}

/** Status and field must agree; what fits nothing is unknown, never refused. */
function readBySpec(plugin: string, spec: ReadSpec, response: HttpResponse, clean: Clean): Answer {
  const malformed = (problem: string): Answer =>
    unknown(report('provider.malformed', { plugin, status: response.status, problem }))
  const body = parseObject(response.body)
  // A page of a proxy or a portal comes under any status: what is not JSON is not from the provider.
  if (!body && (spec.field || response.body.trim() !== '')) return malformed('no JSON object')
  const value = spec.field ? String(body?.[spec.field.name]) : undefined
  const ours = Object.entries(spec.echo ?? {}).every(([field, expected]) => body?.[field] === expected)
  const fits = (statuses: readonly number[] | undefined, values: readonly string[] | undefined): boolean =>
    (statuses?.includes(response.status) ?? false) &&
    (value === undefined || (values?.includes(value) ?? false)) &&
    ours
  if (fits(spec.done, spec.field?.done)) {
    const data = dataOf(spec, body ?? {}, clean)
    return data ? { outcome: 'done', of: 'provider', data } : malformed('a field of the wrong type')
  }
  // Anybody answers 404, in JSON too: without the provider's own field it proves nothing about the operation.
  const its = spec.field && body?.[spec.field.name] !== undefined && value !== undefined ? [value] : []
  if (fits(spec.notFound, spec.field?.notFound ?? its)) {
    return refused(report('provider.not-found', { plugin }))
  }
  if (fits(spec.refused, spec.field?.refused)) {
    const reason = spec.reason ? String(body?.[spec.reason.name] ?? '') : ''
    return refused(
      report(codeOf(spec, reason), {
        plugin,
        ...(reason === '' ? {} : { reason: clean(reason).slice(0, 60) }),
      }),
    )
  }
  // It says that the request is wrong, not what became of the operation: an earlier attempt may have succeeded.
  if ([400, 401, 403, 422].includes(response.status) && body)
    return unknown(report('provider.rejected', { plugin, status: response.status }))
  return malformed('an answer of no known form')
}

function codeOf(spec: ReadSpec, reason: string): ErrorCode {
  const codes = spec.reason?.codes ?? {}
  return (Object.hasOwn(codes, reason) ? codes[reason] : undefined) ?? 'claim.refused'
}

/** Takes secrets out of a text: before it is cut, or half of one would be left. */
type Clean = (text: string) => string

/** Made once: a plugin's secrets are those with which it was registered. */
const cleaners: WeakMap<Plugin, (text: string) => string> = new WeakMap()

function cleanerOf(plugin: Plugin): (text: string) => string {
  const known = cleaners.get(plugin) ?? redactor(plugin.secrets.values())
  cleaners.set(plugin, known)
  return known
}

/** However a provider writes it. */
function entered({ blockHex, ksnHex = '' }: PinBlock): readonly string[] {
  return [blockHex, ksnHex].flatMap(hex => [hex.toUpperCase(), hex.toLowerCase()])
}

function withPin(
  secrets: ReadonlyMap<string, string>,
  { blockHex, ksnHex, format }: PinBlock,
): ReadonlyMap<string, string> {
  return new Map([...secrets, ['pin:block', blockHex], ['pin:ksn', ksnHex ?? ''], ['pin:format', format]])
}

/** A provider may repeat what it was sent; what is journaled and shown of its answer must not. */
function withoutSecrets(answer: Answer, clean: (text: string) => string): Answer {
  switch (answer.outcome) {
    case 'refused':
    case 'unknown': {
      const { detail } = answer.error
      return detail ? { ...answer, error: { ...answer.error, detail: redactAll(detail, clean) } } : answer
    }
    case 'ask':
      return { ...answer, prompt: redactAll(answer.prompt, clean) }
    case 'done': {
      if (answer.of !== 'provider') return answer
      const { facts, adjustments } = answer.data
      return {
        ...answer,
        data: {
          ...answer.data,
          ...(facts ? { facts: redactAll(facts, clean) } : {}),
          ...(adjustments ? { adjustments: redactAll(adjustments, clean) } : {}),
        },
      }
    }
  }
}

function parseObject(body: string): { readonly [field: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value))
      : undefined
  } catch {
    return undefined
  }
}

/** The typed data of an answer; undefined when a named field has the wrong type. */
function dataOf(
  spec: ReadSpec,
  body: { readonly [field: string]: unknown },
  clean: Clean,
): ProviderData | undefined {
  const amounts: { expiresInMs?: number; approvedMinor?: number } = {}
  for (const name of ['expiresInMs', 'approvedMinor'] as const) {
    const field = spec[name]
    const value = field === undefined ? undefined : body[field]
    if (value === undefined || value === null) continue
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) return undefined
    amounts[name] = value
  }
  const adjustments =
    spec.adjustments === undefined ? undefined : adjustmentsOf(body[spec.adjustments], clean)
  if (adjustments === null) return undefined
  const facts: Record<string, Facts[string]> = {}
  for (const [fact, field] of Object.entries(spec.facts ?? {})) {
    const value = body[field]
    if (typeof value === 'string') facts[fact] = clean(value).slice(0, 200)
    else if (typeof value === 'number' || typeof value === 'boolean') facts[fact] = value
  }
  return {
    ...amounts,
    ...(adjustments ? { adjustments } : {}),
    ...(Object.keys(facts).length > 0 ? { facts } : {}),
  }
}

/** Null when it is there and malformed. */
function adjustmentsOf(value: unknown, clean: Clean): readonly Adjustment[] | undefined | null {
  if (value === undefined) return undefined
  if (!Array.isArray(value) || value.length > 100) return null
  const list: Adjustment[] = []
  for (const each of value) {
    const { label, amountMinor } = Object(each)
    if (typeof label !== 'string' || !Number.isSafeInteger(amountMinor)) return null
    list.push({ label: clean(label).slice(0, 60), amountMinor })
  }
  return list
}
