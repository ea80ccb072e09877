// What stands in the terminal's books: one transaction, what is special about it, and what a number of them come to.
import type { Card } from './cards.ts'

/** One transaction. */
export type BookEntry = {
  /**
   * A booked `reservation` holds money until a payment books it, or a reversal ends it; it moves none itself. A `tip`
   * is booked on top of a payment. A `top-up` pays a card in: what the register took for it is no card money.
   */
  readonly kind: 'payment' | 'refund' | 'reversal' | 'reservation' | 'tip' | 'top-up'
  /** `authorised` waits for the register's acknowledgement; only `booked` moves money. */
  readonly state: 'authorised' | 'booked' | 'reversed' | 'declined'
  /** Why it is in this state. */
  readonly why: string
  /** What was authorised, minor units. */
  readonly amountMinor: number
  /** What the register asked for, minor units. */
  readonly orderedMinor: number
  /** ISO 4217 numeric, three digits. */
  readonly currency: string
  readonly trace: number
  /** Four digits, wraps; 0 where nothing was stored (declined). */
  readonly receipt: number
  /** Counts every stored transaction and does not wrap before 999,999. */
  readonly turnover: number
  /** `YYYY-MM-DDTHH:MM:SS` on the terminal's clock. */
  readonly time: string
  readonly card: {
    readonly name: string
    readonly type: number
    readonly maskedPan: string
    readonly column: string
  }
  readonly authorisation: string
  readonly resultCode: number
  /** How the card was read and its holder known, where the customer does not simply type a PIN. */
  readonly manner?: Manner
  /** Trace number of what this reversal undoes, of the reservation that is booked, or of the payment with this tip. */
  readonly originalTrace?: number
  /** True once an end of day has settled it. */
  readonly settled: boolean
}

/** What is booked and not yet settled by an end of day. */
export type BookTotals = {
  readonly currency: string
  /** Payments minus refunds, minor units. */
  readonly totalMinor: number
  readonly payments: number
  /** With the tips that were booked on top of them. */
  readonly paymentsMinor: number
  readonly refunds: number
  readonly refundsMinor: number
  /** What of the payments was tips. */
  readonly tipsMinor: number
  readonly reversed: number
  /** The same for each kind of card that was used, by name. */
  readonly cards: readonly CardTotals[]
}

export type CardTotals = {
  readonly name: string
  readonly payments: number
  readonly paymentsMinor: number
  readonly refunds: number
  readonly refundsMinor: number
}

/** What is special about a payment. */
export type Manner = {
  readonly check?: 'signature' | 'none'
  readonly contactless?: true
  /** A voice on the telephone authorised it (06 21). */
  readonly telephone?: true
  /** Part of the amount, minor units. */
  readonly tipMinor?: number
  /** Of a `tip`: the payment that it is on top of, minor units. */
  readonly ofMinor?: number
  /** The register may book a tip on top of it (06 0C). */
  readonly tippable?: true
  /** What the customer pays in the card's own currency (ISO 4217 numeric), in its smallest unit. */
  readonly foreign?: { readonly currency: string; readonly amountMinor: number }
}

/** What a new entry is made from. */
export interface Transaction {
  readonly kind: BookEntry['kind']
  readonly orderedMinor: number
  readonly amountMinor: number
  readonly card: Card
  readonly originalTrace?: number
  readonly manner?: Manner
  /** The register brought it along (06 21). */
  readonly authorisation?: string
}

/** What these come to, the terminal's currency being `currency`. */
export function bookTotals(open: readonly BookEntry[], currency: string): BookTotals {
  const whole = totalsOf(open)
  const moved = open.filter(entry => entry.state === 'booked' && MOVING.has(entry.kind))
  return {
    currency,
    totalMinor: whole.paymentsMinor - whole.refundsMinor,
    ...whole,
    tipsMinor: moved.reduce((total, { manner }) => total + (manner?.tipMinor ?? 0), 0),
    reversed: open.filter(entry => entry.state === 'reversed' && entry.kind !== 'reservation').length,
    cards: [...new Set(moved.map(entry => entry.card.name))].map(name => ({
      name,
      ...totalsOf(open.filter(entry => entry.card.name === name)),
    })),
  }
}

/** What moves money between a card and the merchant. */
export const MOVING: ReadonlySet<BookEntry['kind']> = new Set(['payment', 'tip', 'refund'])

function totalsOf(entries: readonly BookEntry[]): Omit<CardTotals, 'name'> {
  const booked = (kind: BookEntry['kind']): BookEntry[] =>
    entries.filter(entry => entry.kind === kind && entry.state === 'booked')
  const payments = booked('payment')
  const refunds = booked('refund')
  return {
    payments: payments.length,
    paymentsMinor: sum([...payments, ...booked('tip')]),
    refunds: refunds.length,
    refundsMinor: sum(refunds),
  }
}

function sum(entries: readonly BookEntry[]): number {
  return entries.reduce((total, entry) => total + entry.amountMinor, 0)
}
