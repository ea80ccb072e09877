// The simulated providers with their own books: who activates cards (by the reference host's pure rules), who issues
// coupons, who keeps the purses. Whatever the till believes, this is what really happened there.
import {
  type ActivationRequest,
  DEFAULT_POLICY,
  decide,
  inProcessHost,
  keysOf,
  MemoryStore,
} from '@cashdesk/host'
import type { HttpRequest, HttpResponse } from '@cashdesk/kernel'
import type { PinOffice } from './pad.ts'
import type { Provider } from './wire.ts'

/** What the world may do to a provider's decision. */
export type Whim = (provider: string, operation: string) => boolean

export interface Product {
  readonly prodid: string
  readonly name: string
  readonly gtin: string
}

const OPERATIONS: { readonly [action: string]: string } = {
  '1': 'reserve',
  '2': 'commit',
  '3': 'release',
  '4': 'query',
  '5': 'renew',
  '6': 'void',
}

/** Who the till is at the provider. */
export const MERCHANT = { user: 'lane-1', pass: 'only-simulated', cspid: '1' } as const

/** A card became active, or dead. */
export interface CardEvent {
  readonly event: 'activated' | 'voided'
  readonly serial: string
  readonly operation: string
  readonly by: string
}

/** The service that activates cards: the reference host, with its own books. */
export class ActivationHost implements Provider {
  readonly name = 'activation'
  /** Called when the till is refused a card because it holds it already. */
  heldByItself: (serial: string) => void = () => undefined
  readonly store: MemoryStore = new MemoryStore()
  readonly #now: () => number
  readonly #whim: Whim
  readonly #heard: (event: CardEvent) => void
  readonly #serve: (request: HttpRequest) => Promise<HttpResponse>
  #refuses = false
  #told = 0

  constructor(now: () => number, whim: Whim, heard: (event: CardEvent) => void) {
    this.#now = now
    this.#whim = whim
    this.#heard = heard
    const users = [MERCHANT]
    const refuses = (): boolean => this.#refuses
    this.#serve = inProcessHost({ store: this.store, policy: DEFAULT_POLICY, users, now, refuses }).serve
  }

  operationOf({ url }: HttpRequest): string {
    return OPERATIONS[new URL(url).searchParams.get('action') ?? ''] ?? 'nothing'
  }

  idOf({ url, headers }: HttpRequest): string {
    const query = new URL(url).searchParams
    return (query.get('action') === '4' ? query.get('operation') : headers['idempotency-key']) ?? ''
  }

  async respond(request: HttpRequest): Promise<HttpResponse> {
    this.#refuses = this.#whim(this.name, this.operationOf(request))
    const answer = this.#serve(request)
    this.#refuses = false
    const response = await answer
    this.#tell()
    this.#whoHolds(response)
    return response
  }

  /** Another shop's till asks for a card that nobody holds any more, and sells it. */
  async sellsElsewhere(serial: string, prodid: string, id: string): Promise<boolean> {
    const request: ActivationRequest = {
      action: 'activate',
      id,
      owner: ELSEWHERE,
      serial,
      prodid,
      payload: id,
    }
    const answer = await this.store.transact(keysOf(request), books =>
      decide(books, request, this.#now(), DEFAULT_POLICY),
    )
    this.#tell()
    return answer !== 'repeated-differently' && answer.result === 'activated'
  }

  /** A card that is refused as taken, and that the till itself holds: it overtook its own release, or sells it twice. */
  #whoHolds({ body }: HttpResponse): void {
    const { result, reason, serial } = Object(JSON.parse(body))
    if (result !== 'refused' || reason !== 'taken' || typeof serial !== 'string') return
    const { cards, operations } = this.store.books
    const holder = operations.get(cards.get(serial)?.holder ?? '')
    if (holder?.state === 'reserved' && holder.owner !== ELSEWHERE) this.heldByItself(serial)
  }

  #tell(): void {
    const { history } = this.store.books
    for (; this.#told < history.length; this.#told += 1) {
      const entry = history[this.#told]
      if (entry?.event === 'activated' || entry?.event === 'voided')
        this.#heard({ event: entry.event, serial: entry.serial, operation: entry.operation, by: entry.by })
    }
  }
}

export const ELSEWHERE = 'elsewhere/1'

function json(value: object, status = 200): HttpResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}

interface Asked {
  readonly operation: string
  readonly id: string
  readonly about: string
  readonly code: string
  readonly sale: string
  readonly amountMinor: number
}

/** A provider that decides each operation once, by its id, and buries the ids that it is asked about too early. */
abstract class Ledger implements Provider {
  abstract readonly name: string
  readonly #answers: Map<string, object> = new Map()
  readonly #buried: Set<string> = new Set()
  readonly #whim: Whim

  constructor(whim: Whim) {
    this.#whim = whim
  }

  operationOf(request: HttpRequest): string {
    const path = new URL(request.url).pathname.slice(1)
    return path.startsWith('operations') ? 'query' : path
  }

  idOf(request: HttpRequest): string {
    return request.headers['idempotency-key'] ?? new URL(request.url).pathname.split('/').at(-1) ?? ''
  }

  respond(request: HttpRequest): HttpResponse | Promise<HttpResponse> {
    const operation = this.operationOf(request)
    const id = this.idOf(request)
    if (operation === 'query') return this.#query(id)
    const { code = '', sale = '', amountMinor = 0, about = '' } = Object(JSON.parse(request.body ?? '{}'))
    const asked: Asked = { operation, id, about, code, sale, amountMinor }
    if (operation === 'quote') return json(this.offer(asked))
    if (id === '') throw new TypeError('an operation without an id')
    const before = this.#answers.get(id)
    if (before) return json(before)
    const answer =
      this.#buried.has(id) || this.#whim(this.name, operation) ? { state: 'refused' } : this.decide(asked)
    this.#answers.set(id, answer)
    return json(answer)
  }

  /** Never seen is buried: a late original will be refused. */
  #query(id: string): HttpResponse {
    const before = this.#answers.get(id)
    if (before) return json(before)
    this.#buried.add(id)
    return json({ state: 'not-found' }, 404)
  }

  bury(id: string): void {
    this.#buried.add(id)
  }

  abstract offer(asked: Asked): object
  abstract decide(asked: Asked): object
}

/** How long coupons and holds last, ms. */
const LASTS_MS = 900_000

interface Redemption {
  readonly code: string
  readonly sale: string
  readonly discountMinor: number
}

/** Who issues coupons: ten percent of the basket, each once. */
export class CouponHouse extends Ledger {
  readonly name = 'coupon'
  /** By reservation. */
  readonly held: Map<string, Redemption> = new Map()
  readonly redeemed: Map<string, Redemption> = new Map()

  offer({ code, amountMinor }: Asked): object {
    const used = [...this.redeemed.values()].some(each => each.code === code)
    return used ? { state: 'refused' } : { state: 'done', ...this.#discount(code, amountMinor) }
  }

  #discount(code: string, basketMinor: number): object {
    const amountMinor = -Math.floor(basketMinor / 10)
    return { adjustments: [{ label: `Coupon ${code}`, amountMinor }], expiresInMs: LASTS_MS }
  }

  decide(asked: Asked): object {
    const { operation, id, about, code, sale, amountMinor } = asked
    switch (operation) {
      case 'reserve': {
        const taken = [...this.held.values(), ...this.redeemed.values()].some(each => each.code === code)
        if (taken) return { state: 'refused' }
        this.held.set(id, { code, sale, discountMinor: Math.floor(amountMinor / 10) })
        return this.offer(asked)
      }
      case 'renew':
        return this.held.has(about) ? { state: 'done', expiresInMs: LASTS_MS } : { state: 'refused' }
      case 'release':
        this.bury(about)
        this.held.delete(about)
        return { state: 'done' }
      case 'commit': {
        const held = this.held.get(about)
        if (!held) return { state: 'refused' }
        this.held.delete(about)
        this.redeemed.set(about, held)
        return { state: 'done' }
      }
      default:
        return { state: 'refused' }
    }
  }
}

interface Hold {
  readonly card: string
  readonly amountMinor: number
}

/** Who keeps the purses: holds what is there, captures what was held. */
export class PurseBank extends Ledger {
  readonly name = 'purse'
  readonly #office: PinOffice | undefined
  readonly balances: Map<string, number> = new Map()
  /** By the operation that made them. */
  readonly holds: Map<string, Hold> = new Map()
  readonly captures: Hold[] = []

  /** @param office checks the PINs that reservations carry; absent, they carry none */
  constructor(whim: Whim, office?: PinOffice) {
    super(whim)
    this.#office = office
  }

  override async respond(request: HttpRequest): Promise<HttpResponse> {
    if (this.#office && this.operationOf(request) === 'reserve') {
      const { code = '', pin = '', ksn = '' } = Object(JSON.parse(request.body ?? '{}'))
      if (!(await this.#office.check(this.idOf(request), code, pin, ksn))) return json({ state: 'refused' })
    }
    return super.respond(request)
  }

  offer(): object {
    return { state: 'refused' }
  }

  decide({ operation, id, about, code, amountMinor }: Asked): object {
    const hold = this.holds.get(about)
    switch (operation) {
      case 'reserve': {
        const balance = this.balances.get(code)
        if (balance === undefined || balance === 0) return { state: 'refused' }
        const held = Math.min(balance, amountMinor)
        this.balances.set(code, balance - held)
        this.holds.set(id, { card: code, amountMinor: held })
        return { state: 'done', approvedMinor: held, expiresInMs: LASTS_MS }
      }
      case 'renew':
        return hold ? { state: 'done', expiresInMs: LASTS_MS } : { state: 'refused' }
      case 'release':
        this.bury(about)
        this.holds.delete(about)
        if (hold) this.balances.set(hold.card, (this.balances.get(hold.card) ?? 0) + hold.amountMinor)
        return { state: 'done' }
      case 'commit':
        if (hold?.amountMinor !== amountMinor) return { state: 'refused' }
        this.holds.delete(about)
        this.captures.push(hold)
        return { state: 'done' }
      default:
        return { state: 'refused' }
    }
  }
}
