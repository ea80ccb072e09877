// A provider that keeps books by operation id, for plugins under test: what it answered once it answers again, what
// was released or asked for in vain is buried, and its books tell what really happened.
import type { HttpRequest, HttpResponse, ProviderOperation } from '@cashdesk/kernel'

/** What a provider's own books say, read by the kit instead of the till's verdict. */
export interface ProviderBooks {
  /** Reservations, locks and holds that stand now. */
  readonly held: number
  /** What is active, redeemed or captured now; an operation that was applied twice counts twice. */
  readonly committed: number
  /** Requests that came under a known id with another payload. */
  readonly conflicts?: number
}

/** A provider as the kit needs it: one answer per request, and its books. */
export interface ModelProvider {
  respond(request: HttpRequest): HttpResponse | Promise<HttpResponse>
  books(): ProviderBooks | Promise<ProviderBooks>
}

/** A request as the reference provider understands it. */
export interface ReferenceRequest {
  readonly operation: ProviderOperation
  /** The idempotency key; without one every request counts anew. For a query: what is asked about. */
  readonly id?: string
  /** The operation that is renewed, released, committed or undone. */
  readonly about?: string
  /** Serial, code or account. */
  readonly item?: string
  readonly amountMinor?: number
}

export interface ReferenceAnswer {
  readonly outcome: 'done' | 'refused' | 'not-found'
  readonly reason?: string
  readonly expiresInMs?: number
  readonly approvedMinor?: number
  readonly adjustments?: readonly { readonly label: string; readonly amountMinor: number }[]
}

export interface ReferenceOptions {
  /** How requests look. Default: `POST …/<operation>` with `Idempotency-Key` and a JSON body, `GET …/operations/<id>`. */
  readonly read?: (request: HttpRequest) => ReferenceRequest | undefined
  /** How answers look. Default: JSON with `state`, under 200, 409 or 404. */
  readonly write?: (answer: ReferenceAnswer) => HttpResponse
  /** How long a reservation lasts; 600000. */
  readonly expiresInMs?: number
  /** The most that is held for a tender. */
  readonly limitMinor?: number
  /** What a quote or a basket reservation takes off. */
  readonly discountMinor?: number
}

interface Holding {
  readonly item: string
  state: 'held' | 'released' | 'committed'
}

const OPERATIONS: ReadonlySet<string> = new Set([
  'quote',
  'reserve',
  'renew',
  'release',
  'commit',
  'void',
  'refund',
])
const LASTS_MS = 600_000

/** The reference provider answers at once. */
export interface ReferenceProvider extends ModelProvider {
  respond(request: HttpRequest): HttpResponse
  books(): ProviderBooks
}

export function referenceProvider(options: ReferenceOptions = {}): ReferenceProvider {
  return new BooksById(options)
}

class BooksById implements ReferenceProvider {
  readonly #options: ReferenceOptions
  readonly #answers: Map<string, { readonly payload: string; readonly answer: ReferenceAnswer }> = new Map()
  readonly #buried: Set<string> = new Set()
  /** By the id of the reservation. */
  readonly #holdings: Map<string, Holding> = new Map()
  /** What stands, by the id of the commit. */
  readonly #commits: Set<string> = new Set()
  #conflicts = 0
  #nameless = 0

  constructor(options: ReferenceOptions) {
    this.#options = options
  }

  books(): ProviderBooks {
    const held = [...this.#holdings.values()].filter(holding => holding.state === 'held').length
    return { held, committed: this.#commits.size, conflicts: this.#conflicts }
  }

  respond(request: HttpRequest): HttpResponse {
    const write = this.#options.write ?? writeJson
    const asked = (this.#options.read ?? readJson)(request)
    if (!asked) return { status: 404, headers: { 'content-type': 'text/html' }, body: '<h1>Not here</h1>' }
    return write(asked.operation === 'query' ? this.#query(asked) : this.#once(asked, request.body ?? ''))
  }

  /** An id that nobody knows is buried by asking for it: a late original is refused. */
  #query({ id = '' }: ReferenceRequest): ReferenceAnswer {
    const known = this.#answers.get(id)
    if (known) return known.answer
    this.#buried.add(id)
    return { outcome: 'not-found' }
  }

  #once(asked: ReferenceRequest, body: string): ReferenceAnswer {
    if (asked.operation === 'quote') return this.#quoted()
    this.#nameless += 1
    const id = asked.id ?? `nameless ${this.#nameless}`
    if (this.#buried.has(id)) return { outcome: 'refused', reason: 'buried' }
    const payload = `${asked.operation} ${body}`
    const known = this.#answers.get(id)
    if (known) {
      if (known.payload === payload) return known.answer
      this.#conflicts += 1
      return { outcome: 'refused', reason: 'repeated-differently' }
    }
    const answer = this.#apply(id, asked)
    this.#answers.set(id, { payload, answer })
    return answer
  }

  #apply(id: string, asked: ReferenceRequest): ReferenceAnswer {
    switch (asked.operation) {
      case 'reserve':
        return this.#reserve(id, asked)
      case 'renew':
        return this.#holdings.get(asked.about ?? '')?.state === 'held'
          ? this.#granted(asked)
          : { outcome: 'refused', reason: 'not held' }
      case 'release':
        return this.#release(asked.about ?? '')
      case 'commit':
        return this.#commit(id, asked)
      default:
        return this.#undo(asked.about ?? '')
    }
  }

  #quoted(): ReferenceAnswer {
    const { discountMinor } = this.#options
    return discountMinor === undefined
      ? { outcome: 'done' }
      : { outcome: 'done', adjustments: [{ label: 'Discount', amountMinor: -discountMinor }] }
  }

  #granted({ amountMinor }: ReferenceRequest): ReferenceAnswer {
    const { limitMinor, expiresInMs = LASTS_MS } = this.#options
    const approved = amountMinor === undefined ? undefined : Math.min(amountMinor, limitMinor ?? amountMinor)
    return {
      ...this.#quoted(),
      expiresInMs,
      ...(approved === undefined ? {} : { approvedMinor: approved }),
    }
  }

  #reserve(id: string, asked: ReferenceRequest): ReferenceAnswer {
    const item = asked.item ?? ''
    const taken = [...this.#holdings.values()].some(
      holding => holding.item === item && holding.state !== 'released',
    )
    if (taken) return { outcome: 'refused', reason: 'taken' }
    this.#holdings.set(id, { item, state: 'held' })
    return this.#granted(asked)
  }

  /** The reservation's id is refused from now on, whether it ever came or not. */
  #release(about: string): ReferenceAnswer {
    const holding = this.#holdings.get(about)
    if (holding?.state === 'committed') return { outcome: 'refused', reason: 'committed' }
    this.#buried.add(about)
    if (holding) holding.state = 'released'
    return { outcome: 'done' }
  }

  #commit(id: string, { about, item = '' }: ReferenceRequest): ReferenceAnswer {
    const holding =
      (about === undefined ? undefined : this.#holdings.get(about)) ??
      [...this.#holdings.values()].find(each => each.item === item && each.state !== 'released')
    if (holding?.state === 'committed') return { outcome: 'refused', reason: 'already active' }
    if (about !== undefined && !holding) return { outcome: 'refused', reason: 'not reserved' }
    if (holding) holding.state = 'committed'
    this.#commits.add(id)
    return { outcome: 'done' }
  }

  #undo(about: string): ReferenceAnswer {
    return this.#commits.delete(about) ? { outcome: 'done' } : { outcome: 'not-found' }
  }
}

function readJson({ method, url, headers, body }: HttpRequest): ReferenceRequest | undefined {
  const [last = '', before] = new URL(url).pathname.split('/').reverse()
  if (method === 'GET' && before === 'operations') return { operation: 'query', id: last }
  if (method !== 'POST' || !OPERATIONS.has(last)) return undefined
  const { about, serial, code, item, amountMinor } = fieldsOf(body)
  const key = headers['idempotency-key']
  const named = [serial, code, item].find(each => typeof each === 'string')
  return {
    // Checked just above.
    operation: last as ProviderOperation,
    ...(key === undefined ? {} : { id: key }),
    ...(typeof about === 'string' ? { about } : {}),
    ...(typeof named === 'string' ? { item: named } : {}),
    ...(typeof amountMinor === 'number' ? { amountMinor } : {}),
  }
}

function fieldsOf(body: string | undefined): { readonly [field in string]?: unknown } {
  try {
    const value: unknown = JSON.parse(body ?? '{}')
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

const STATUS = { done: 200, refused: 409, 'not-found': 404 } as const

function writeJson({ outcome, ...rest }: ReferenceAnswer): HttpResponse {
  return {
    status: STATUS[outcome],
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ state: outcome, ...rest }),
  }
}
