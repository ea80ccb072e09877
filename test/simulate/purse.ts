// What a customer had, gave and got: cash over the counter as the cashier saw it acknowledged, what is in the bag, what
// was agreed. Together with the books of terminal and providers this says what really happened, whatever the till believes.

export interface Bagged {
  readonly line: string
  readonly gtin: string
  readonly quantity: number
  /** What the customer was charged for it, by our own prices. */
  readonly priceMinor: number
  readonly serial?: string
}

export interface Before {
  readonly struck: number
  readonly crashes: number
  readonly isProviderAway: boolean
}

/** One customer: a sale, and what came back of it later. */
export class Customer {
  /** The sale's number; linked sales belong to the same customer. */
  readonly sale: string
  readonly owner: 'till' | 'register'
  /** Their numbers, the first sale's among them. */
  readonly sales: Set<string> = new Set()
  /** Cash that changed hands for good, by payment; negative when it came back. */
  readonly cash: Map<string, number> = new Map()
  /** Cash on the counter. */
  readonly offers: Map<string, number> = new Map()
  /** What the customer walks away with. */
  readonly bag: Map<string, Bagged> = new Map()
  /** Discounts that were agreed when the sale was paid, positive. */
  discountMinor = 0
  roundingMinor = 0
  /** What the register took itself. */
  registerMinor = 0
  /** Cards whose money a person gave back. */
  readonly refunded: Set<string> = new Set()
  /** Money that a person settled by hand: cash from the customer is positive. */
  handMinor = 0
  /** Serials that were ever put on this customer's sales. */
  readonly serials: Set<string> = new Set()
  readonly coupons: Set<string> = new Set()
  readonly purse: string
  /** What had happened when the sale was opened, and whether a provider was away then. */
  readonly before: Before

  constructor(sale: string, owner: 'till' | 'register', before: Before) {
    this.sale = sale
    this.owner = owner
    this.before = before
    this.purse = `purse-${sale}`
    this.sales.add(sale)
  }

  /** Cash paid for good, in all. */
  get cashMinor(): number {
    return [...this.cash.values()].reduce((sum, amount) => sum + amount, 0)
  }

  /** Cash paid, or lying on the counter. */
  get shownMinor(): number {
    return this.cashMinor + [...this.offers.values()].reduce((sum, amount) => sum + amount, 0)
  }

  /** What is in the bag, by our own prices. */
  get bagMinor(): number {
    return [...this.bag.values()].reduce((sum, { priceMinor }) => sum + priceMinor, 0)
  }
}
