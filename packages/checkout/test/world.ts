// A tiny model of the world around a till: a provider's books with tombstones, the terminal's book, accounts behind
// stored-value cards. It never looks at what the till believes; what the till believes is compared with it.
import type {
  Answer,
  EpochMs,
  Facts,
  Intent,
  OperationId,
  PaymentFacts,
  ProviderEffect,
  TerminalEffect,
} from '@cashdesk/kernel'
import { report } from '@cashdesk/kernel'
import { booked, granted, printed, refusal } from './till.ts'

/** How long a reservation lasts. */
export const LASTS_MS = 900_000
/** What is on every stored-value card at first. */
const BALANCE = 3_000

interface Card {
  readonly state: 'free' | 'reserved' | 'active'
  /** The reservation or the activation that holds it. */
  readonly by?: OperationId
  readonly until?: EpochMs
}

interface Booking {
  readonly op: OperationId
  readonly sale: string
  readonly tender: string
  /** With the tip. */
  readonly amountMinor: number
  readonly tipMinor: number
  readonly reversed: boolean
}

/** What goes over the wire: the effect, and the facts a plugin would have put into its call. */
export interface Request {
  readonly op: OperationId
  readonly effect: Intent['effect']
  readonly subject: Facts
  /** The basket as it was when the call was described. */
  readonly linesMinor: number
}

export class World {
  now: EpochMs = 0
  readonly cards: Map<string, Card> = new Map()
  readonly holds: Map<
    OperationId,
    { readonly card: string; readonly amountMinor: number; readonly taken: boolean }
  > = new Map()
  readonly bookings: Booking[] = []
  /** Operations that this world refused, with the code. */
  readonly refused: Map<OperationId, string> = new Map()
  /** What must never happen, seen from outside. */
  readonly wrongs: string[] = []
  readonly #answers: Map<OperationId, Answer> = new Map()
  readonly #buried: Set<OperationId> = new Set()
  readonly #credited: Map<string, number> = new Map()
  readonly #reversals: Map<OperationId, number> = new Map()
  #settledAt = 0

  // ── the provider ──────────────────────────────────────────────────────────────────────────────────────

  /** The provider decides, once per id. `refuses`: whatever it is asked for is not granted. */
  provider(request: Request, effect: ProviderEffect, how: 'well' | 'no' | 'late' = 'well'): Answer {
    const { op } = request
    const before = this.#answers.get(op)
    if (before) return before
    if (effect.operation === 'quote') return this.#quoted(request)
    // Tombstones are for late originals. Nobody sends anew what was buried.
    if (this.#buried.has(op) && how === 'late') return refusal()
    const answer = this.#buried.has(op)
      ? this.#no(op, 'claim.refused', 'its id is buried')
      : how === 'no' && effect.operation !== 'release'
        ? this.#no(op, 'claim.refused')
        : this.#decide(request, effect)
    this.#answers.set(op, answer)
    return answer
  }

  /** Asks for more before it decides; a repetition is answered the same way. */
  asks(op: OperationId): Answer {
    const answer = this.#answers.get(op) ?? { outcome: 'ask', prompt: { kind: 'serial', text: 'Again?' } }
    this.#answers.set(op, answer)
    return answer
  }

  /** What became of it; never seen is buried from now on. */
  query(op: OperationId): Answer {
    const before = this.#answers.get(op)
    if (before) return before
    this.#buried.add(op)
    return refusal('provider.not-found')
  }

  #decide(request: Request, effect: ProviderEffect): Answer {
    switch (effect.operation) {
      case 'reserve':
        return effect.amountMinor === undefined ? this.#reserve(request, effect) : this.#hold(request, effect)
      case 'renew':
        return this.#renew(request, effect)
      case 'release':
        return this.#release(request, effect)
      case 'commit':
        return this.#commit(request, effect)
      case 'void':
        return this.#void(request, effect)
      default:
        throw new TypeError(`nobody asks for ${effect.operation}`)
    }
  }

  #quoted({ linesMinor }: Request): Answer {
    return granted({
      adjustments: [{ label: '10 %', amountMinor: 0 - Math.max(0, Math.floor(linesMinor / 10)) }],
    })
  }

  #reserve(request: Request, { plugin }: ProviderEffect): Answer {
    const key = keyOf(plugin, request.subject)
    const card = this.cards.get(key)
    if (card?.state === 'active') return this.#no(request.op, 'claim.already-active')
    if (card?.state === 'reserved' && (card.until ?? 0) > this.now) return this.#no(request.op, 'claim.taken')
    this.cards.set(key, { state: 'reserved', by: request.op, until: this.now + LASTS_MS })
    const quoted = plugin === 'coupon' ? this.#quoted(request) : granted()
    const data = quoted.outcome === 'done' && quoted.of === 'provider' ? quoted.data : {}
    return granted({ ...data, expiresInMs: LASTS_MS })
  }

  #hold({ op, subject }: Request, { plugin, amountMinor = 0 }: ProviderEffect): Answer {
    const card = keyOf(plugin, subject)
    const used = [...this.holds.values()].filter(hold => hold.card === card)
    const left = BALANCE - used.reduce((sum, hold) => sum + hold.amountMinor, 0)
    if (left <= 0) return this.#no(op, 'tender.declined')
    const approvedMinor = Math.min(left, amountMinor)
    this.holds.set(op, { card, amountMinor: approvedMinor, taken: false })
    return granted({ approvedMinor, expiresInMs: LASTS_MS })
  }

  #renew({ op, subject }: Request, { plugin, about }: ProviderEffect): Answer {
    const key = keyOf(plugin, subject)
    const card = this.cards.get(key)
    if (about !== undefined && this.holds.has(about)) return granted({ expiresInMs: LASTS_MS })
    if (about === undefined || card?.by !== about || card.state !== 'reserved')
      return this.#no(op, 'claim.expired')
    this.cards.set(key, { ...card, until: this.now + LASTS_MS })
    return granted({ expiresInMs: LASTS_MS })
  }

  #release({ op, subject }: Request, { plugin, about }: ProviderEffect): Answer {
    if (about === undefined) return this.#no(op, 'provider.rejected', 'a release of nothing')
    const key = keyOf(plugin, subject)
    this.#buried.add(about)
    if (this.holds.get(about)?.taken)
      return this.#no(op, 'claim.already-active', 'released what was captured')
    this.holds.delete(about)
    if (this.cards.get(key)?.by === about) this.cards.set(key, { state: 'free' })
    return granted()
  }

  #commit({ op, subject }: Request, { plugin, about, claim, amountMinor }: ProviderEffect): Answer {
    if (about === undefined) return this.#credit(claim)
    if (this.#buried.has(about)) return this.#no(op, 'claim.refused', 'committed what was released')
    const hold = this.holds.get(about)
    if (hold) {
      if (hold.amountMinor !== amountMinor) this.wrongs.push(`captured ${amountMinor} of ${hold.amountMinor}`)
      this.holds.set(about, { ...hold, taken: true })
      return granted()
    }
    const key = keyOf(plugin, subject)
    const card = this.cards.get(key)
    if (card?.state === 'active') return this.#no(op, 'claim.already-active')
    if (card?.by !== about && card?.state === 'reserved') return this.#no(op, 'claim.expired')
    this.cards.set(key, { state: 'active', by: op })
    return granted({ facts: { active: true } })
  }

  #credit(claim: string): Answer {
    const count = (this.#credited.get(claim) ?? 0) + 1
    this.#credited.set(claim, count)
    if (count > 1) this.wrongs.push('credited twice')
    return granted()
  }

  #void({ subject }: Request, { plugin, about }: ProviderEffect): Answer {
    const key = keyOf(plugin, subject)
    if (about !== undefined && !this.#answers.has(about)) this.#buried.add(about)
    if (this.cards.get(key)?.by === about) this.cards.set(key, { state: 'free' })
    return granted()
  }

  #no(op: OperationId, code: Parameters<typeof refusal>[0] & string, wrong?: string): Answer {
    this.refused.set(op, code)
    if (wrong !== undefined) this.wrongs.push(wrong)
    return refusal(code)
  }

  // ── the terminal ──────────────────────────────────────────────────────────────────────────────────────

  /** Books it: every time it is told to, for a terminal knows no operation ids. */
  terminal(op: OperationId, effect: TerminalEffect, part = false, tipMinor = 0): Answer {
    if (effect.operation === 'reverse' && effect.original) return this.#reverse(op, effect.original)
    if (this.bookings.some(booking => booking.op === op)) this.wrongs.push('charged twice')
    const size = (part ? Math.ceil(effect.amountMinor / 2) : effect.amountMinor) + tipMinor
    const { sale, tender } = effect
    const amountMinor = effect.operation === 'pay' ? size : -size
    this.bookings.push({ op, sale, tender, amountMinor, tipMinor, reversed: false })
    return this.#factsOf(this.bookings.length - 1, effect.currency)
  }

  #reverse(op: OperationId, original: PaymentFacts): Answer {
    const at = Number(original.receipt ?? -1)
    const booking = this.bookings[at]
    if (!booking) return this.#no(op, 'terminal.refused')
    this.bookings[at] = { ...booking, reversed: true }
    this.#reversals.set(op, at)
    return this.#factsOf(at, original.currency)
  }

  declines(op: OperationId): Answer {
    return this.#no(op, 'terminal.refused')
  }

  #factsOf(at: number, currency: string): Answer {
    const { amountMinor, tipMinor } = this.bookings[at] ?? { amountMinor: 0, tipMinor: 0 }
    const answer = booked(Math.abs(amountMinor), currency, tipMinor === 0 ? undefined : tipMinor)
    if (answer.outcome !== 'done' || answer.of !== 'terminal') return answer
    return { ...answer, data: { ...answer.data, receipt: `${at}` } }
  }

  /** The terminal's own book about an operation. */
  isBooked(op: OperationId): boolean {
    return this.#reversals.has(op) || this.bookings.some(booking => booking.op === op)
  }

  inquire(op: OperationId, currency: string): Answer {
    const at = this.#reversals.get(op) ?? this.bookings.findIndex(booking => booking.op === op)
    return at < 0 ? refusal('terminal.not-booked') : this.#factsOf(at, currency)
  }

  /** What the card of a sale's customer was charged in all. */
  charged(sale: string): number {
    return this.#sum(this.bookings.filter(booking => booking.sale === sale))
  }

  settle(currency: string): Answer {
    const totalMinor = this.#sum(this.bookings) - this.#settledAt
    this.#settledAt += totalMinor
    return { outcome: 'done', of: 'totals', data: { totalMinor, currency, counts: {}, facts: {} } }
  }

  #sum(bookings: readonly Booking[]): number {
    return bookings
      .filter(booking => !booking.reversed)
      .reduce((sum, booking) => sum + booking.amountMinor, 0)
  }

  // ── what is left ──────────────────────────────────────────────────────────────────────────────────────

  /** Reservations and holds that still keep others out. */
  leftBehind(): readonly { readonly key: string; readonly by: OperationId | undefined }[] {
    const cards = [...this.cards].filter(([, card]) => card.state === 'reserved')
    const holds = [...this.holds].filter(([, hold]) => !hold.taken)
    return [
      ...cards.map(([key, { by }]) => ({ key, by })),
      ...holds.map(([by, hold]) => ({ key: hold.card, by })),
    ]
  }

  printer(): Answer {
    return printed()
  }
}

export function keyOf(plugin: string, subject: Facts): string {
  return `${plugin}:${subject['serial'] ?? subject['code'] ?? subject['number'] ?? ''}`
}

/** The request may have arrived or not: nobody says. */
export function silence(intent: Intent, arrived: boolean): Answer {
  const { type } = intent.effect
  const code =
    type === 'terminal' || type === 'end-of-day'
      ? 'terminal.link-lost'
      : type === 'provider'
        ? arrived
          ? 'provider.no-answer'
          : 'provider.unreachable'
        : 'printer.no-answer'
  return { outcome: 'unknown', error: report(code) }
}
