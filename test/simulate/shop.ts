// The shop of one seed: what is sold in it, and for how much. The prices here are the oracle's own.
import type { CatalogArticle } from '@cashdesk/sdk'
import type { Product } from './providers.ts'

export interface Ware {
  readonly gtin: string
  readonly name: string
  readonly priceMinor: number
  /** The provider's number of a card that must be activated. */
  readonly prodid?: string
  readonly vat: number | null
}

export const CARDS: readonly [Ware, ...Ware[]] = [
  { gtin: withCheckDigit('400638133393'), name: 'Card 25', priceMinor: 2500, prodid: 'P25', vat: null },
  { gtin: withCheckDigit('400638133400'), name: 'Card 10', priceMinor: 1000, prodid: 'P10', vat: null },
]

export const PLAIN: readonly [Ware, ...Ware[]] = [
  { gtin: withCheckDigit('200000000001'), name: 'Milk', priceMinor: 129, vat: 700 },
  { gtin: withCheckDigit('200000000002'), name: 'Bread', priceMinor: 349, vat: 700 },
  { gtin: withCheckDigit('200000000003'), name: 'Game', priceMinor: 4999, vat: 1900 },
  { gtin: withCheckDigit('200000000004'), name: 'Pen', priceMinor: 77, vat: 1900 },
]

const WARES: ReadonlyMap<string, Ware> = new Map([...CARDS, ...PLAIN].map(ware => [ware.gtin, ware]))

export function wareOf(gtin: string): Ware | undefined {
  return WARES.get(gtin)
}

export function catalog(gtin: string): CatalogArticle | undefined {
  const ware = WARES.get(gtin)
  if (!ware) return undefined
  const { name, priceMinor, vat, prodid } = ware
  return { name, priceMinor, vat, ...(prodid === undefined ? {} : { facts: { prodid } }) }
}

export function products(): readonly Product[] {
  return CARDS.map(({ prodid = '', name, gtin }) => ({ prodid, name, gtin }))
}

/** A GS1 symbol that carries article (01) and serial (21), as a scanner sends it. */
export function gs1Symbol(gtin: string, serial: string): string {
  return `010${gtin}21${serial}`
}

/** GS1 General Specifications, ch. 7.9. */
function withCheckDigit(digits: string): string {
  const sum = [...digits].reduce(
    (total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 1 : 3),
    0,
  )
  return digits + String((10 - (sum % 10)) % 10)
}
