// The cards that a customer may hold out, and what is special about each: its own currency, its credit, what it knows
// about its holder.
import { CashdeskError } from '@cashdesk/kernel'
import type { EndOfDayColumn } from './tables.ts'

/** A card that a customer may present. The PAN's hidden digits are `E`, as they go over the wire. */
export interface Card {
  readonly name: string
  /** ZVT card-type id, ch. 12. */
  readonly type: number
  readonly pan: string
  /** `YYMM`. */
  readonly expiry: string
  /** Position in the end-of-day record (BMP 60). */
  readonly column: EndOfDayColumn
  /** Issued in another currency: its holder may choose to pay in that one (DCC). */
  readonly currency?: ForeignName
  /** What a new one has on it, minor units: a card that is paid in before it pays. */
  readonly credit?: number
  /** Its chip tells whether its holder has reached an age. */
  readonly tellsAge?: true
}

export const CARDS: { readonly [name: string]: Card } = {
  girocard: {
    name: 'girocard',
    type: 5,
    pan: '672590EEEEEEEEE1234',
    expiry: '3112',
    column: 'girocard',
    tellsAge: true,
  },
  mastercard: card('Mastercard', 6, '541333EEEEEE0019', 'mastercard'),
  visa: card('VISA', 10, '476173EEEEEE0010', 'visa'),
  amex: card('American Express', 8, '374245EEEEE1003', 'amex'),
  diners: card('Diners', 12, '361489EEEE1234', 'diners'),
  jcb: card('JCB', 14, '352800EEEEEE0123', 'jcb'),
  maestro: card('Maestro', 46, '679999EEEEEE00019', 'other'),
  'visa-usd': { ...card('VISA', 10, '411111EEEEEE1111', 'visa'), currency: 'USD' },
  'mastercard-chf': { ...card('Mastercard', 6, '520082EEEEEE0020', 'mastercard'), currency: 'CHF' },
  'jcb-jpy': { ...card('JCB', 14, '354000EEEEEE0207', 'jcb'), currency: 'JPY' },
  gift: { ...card('GiftCard', 47, '604655EEEEEE4711', 'other'), credit: 2_500 },
}

/** @throws CashdeskError `sim.usage` */
export function cardOf(name: string): Card {
  const found = Object.hasOwn(CARDS, name) ? CARDS[name] : undefined
  if (found === undefined)
    throw new CashdeskError('sim.usage', { card: name.slice(0, 40), known: Object.keys(CARDS) })
  return found
}

export type ForeignName = 'USD' | 'GBP' | 'CHF' | 'JPY'

/** A currency in which a foreign card owner may pay. */
export interface ForeignCurrency {
  readonly name: ForeignName
  /** ISO 4217 numeric. */
  readonly number: string
  readonly decimals: number
  /** So many of its units for one of the terminal's currency, in ten-thousandths; the mark-up is in it. */
  readonly rate: number
}

/** What the card owner pays above the reference rate, in hundredths of a percent. */
export const MARKUP = 300

export const FOREIGN: { readonly [name in ForeignName]: ForeignCurrency } = {
  USD: { name: 'USD', number: '840', decimals: 2, rate: 11_000 },
  GBP: { name: 'GBP', number: '826', decimals: 2, rate: 8_800 },
  CHF: { name: 'CHF', number: '756', decimals: 2, rate: 9_700 },
  JPY: { name: 'JPY', number: '392', decimals: 0, rate: 1_652_000 },
}

/** An amount in hundredths of the terminal's currency, in the smallest unit of the foreign one. */
export function converted(amountMinor: number, foreign: ForeignCurrency): number {
  return Math.round((amountMinor * foreign.rate * 10 ** foreign.decimals) / 1_000_000)
}

function card(name: string, type: number, pan: string, column: EndOfDayColumn): Card {
  return { name, type, pan, expiry: '3012', column }
}
