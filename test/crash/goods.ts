// What the shop of the crash runs sells, and the cards that its host knows.
import type { CatalogArticle } from '@cashdesk/sdk'

export interface Good extends CatalogArticle {
  readonly gtin: string
}

export const COFFEE: Good = { gtin: '4260001191008', name: 'Coffee beans 500 g', priceMinor: 849, vat: 700 }
export const CABLE: Good = { gtin: '4260001191015', name: 'USB charging cable', priceMinor: 1299, vat: 1900 }
export const CARD: Good = {
  gtin: '4260001190018',
  name: 'ContentCard Music 20 EUR',
  priceMinor: 2000,
  vat: null,
  group: 'contentcard',
  facts: { prodid: '4967' },
}

const BY_GTIN: ReadonlyMap<string, Good> = new Map([COFFEE, CABLE, CARD].map(good => [good.gtin, good]))

export function goodOf(gtin: string): Good | undefined {
  return BY_GTIN.get(gtin)
}

/** Cards of one shop: more than its trials can use. */
export const CARDS_PER_SHOP = 400

export function serialOf(index: number): string {
  return `60347${String(index).padStart(11, '0')}`
}
