// What is sold in sale `life-number`: it depends on the id alone, so that the register repeats the same commands after a
// loss of power, and the supervisor knows what they were.
import { Prng } from '@cashdesk/hardware-sim'

export interface Basket {
  readonly id: string
  /** Ordinary articles, in minor units each. */
  readonly prices: readonly number[]
  /** A prepaid card, or none. */
  readonly serial?: string
  /** The customer changes their mind before paying. */
  readonly cancelled: boolean
}

export const CARD_GTIN = '4260001190018'
const CARD_MINOR = 2_000
const PRODID = '4967'
/** Sales that one life may begin: more than it has time for. */
export const MAX_SALES = 100

export function saleName(life: number, number: number): string {
  return `L${life}-${number}`
}

export function basketOf(life: number, number: number): Basket {
  const prng = new Prng(life * 10_000 + number)
  const prices = Array.from({ length: 1 + prng.below(3) }, () => 50 + prng.below(5_000))
  const cancelled = prng.below(6) === 0
  const card = prng.below(3) > 0
  return {
    id: saleName(life, number),
    prices,
    cancelled,
    ...(card ? { serial: serialOf(life, number) } : {}),
  }
}

export function totalOf({ prices, serial }: Basket): number {
  return prices.reduce((sum, price) => sum + price, serial === undefined ? 0 : CARD_MINOR)
}

function serialOf(life: number, number: number): string {
  return `60347${String(life).padStart(5, '0')}${String(number).padStart(6, '0')}`
}

/** The host's articles and cards for so many lives. */
export function seedFor(lives: number): object {
  const cards: object[] = []
  for (let life = 1; life <= lives; life += 1)
    for (let number = 0; number < MAX_SALES; number += 1)
      cards.push({ serial: serialOf(life, number), prodid: PRODID })
  return { articles: [{ prodid: PRODID, name: 'Music 20', gtin: CARD_GTIN }], cards }
}

export const CARD_ARTICLE: {
  readonly name: string
  readonly priceMinor: number
  readonly vat: null
  readonly group: string
  readonly facts: { readonly prodid: string }
} = { name: 'Music 20', priceMinor: CARD_MINOR, vat: null, group: 'contentcard', facts: { prodid: PRODID } }
