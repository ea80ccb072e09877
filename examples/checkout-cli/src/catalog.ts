// What this shop sells: ordinary articles, and the ContentCards whose product ids and GTINs the host knows too.
import type { CatalogArticle } from '@cashdesk/sdk'

/** An article and its GTIN. Prices are gross, in cents. */
export interface ShopArticle extends CatalogArticle {
  readonly gtin: string
}

const contentCard = (gtin: string, prodid: string, name: string, priceMinor: number): ShopArticle => ({
  gtin,
  name,
  priceMinor,
  // Multi-purpose vouchers carry no VAT when they are sold.
  vat: null,
  group: 'contentcard',
  facts: { prodid },
})

export const ARTICLES: readonly ShopArticle[] = [
  { gtin: '4260001191008', name: 'Coffee beans 500 g', priceMinor: 849, vat: 700 },
  { gtin: '4260001191015', name: 'USB charging cable', priceMinor: 1299, vat: 1900 },
  { gtin: '4260001191022', name: 'Oat biscuits', priceMinor: 229, vat: 700 },
  { gtin: '4260001191039', name: 'Ballpoint pen', priceMinor: 195, vat: 1900 },
]

const MUSIC_CARD = contentCard('4260001190018', '4967', 'ContentCard Music 20 EUR', 2000)

export const CARDS: readonly ShopArticle[] = [
  MUSIC_CARD,
  contentCard('4260001190025', '4968', 'ContentCard Games 50 EUR', 5000),
  contentCard('4260001190032', '4970', 'ContentCard Navigation Europe', 3900),
  contentCard('4260001190049', '4981', 'ContentCard Dictionary DE-EN', 1490),
]

const BY_GTIN: ReadonlyMap<string, ShopArticle> = new Map(
  [...ARTICLES, ...CARDS].map(article => [article.gtin, article]),
)

export function articleOf(gtin: string): ShopArticle | undefined {
  return BY_GTIN.get(gtin)
}

/** What the scripted sale rings up: two ordinary articles and one ContentCard. */
export const BASKET: { readonly articles: readonly ShopArticle[]; readonly card: ShopArticle } = {
  articles: ARTICLES.slice(0, 2),
  card: MUSIC_CARD,
}
