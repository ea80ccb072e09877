// The shop the tests sell in: its participants, its articles, and the commands of a register in few words.
import type { Article, Event, LaneConfig, ParticipantConfig, SaleCommand, Wanted } from '@cashdesk/kernel'
import { currency, gtin, lineId, minor, saleId, tenderId } from '@cashdesk/kernel'
import type { Till } from './till.ts'

const profile = (onUnknown: 'repeat' | 'query'): ParticipantConfig['profile'] => ({
  timeoutMs: 5_000,
  reserveLimitMs: 20_000,
  retry: { firstMs: 1_000, factor: 2, maxMs: 60_000, jitter: 0.2 },
  onUnknown,
  taskAfterMs: 600_000,
  breaker: { failures: 5, coolMs: 30_000 },
})

const participant = (
  plugin: string,
  claims: ParticipantConfig['claims'],
  operations: readonly string[],
  more: Partial<ParticipantConfig> = {},
): ParticipantConfig => ({
  plugin,
  claims,
  operations,
  after: [],
  beforePaper: false,
  notPaidBy: [],
  offline: { reserve: 'refuse' },
  profile: profile('repeat'),
  ...more,
})

export const SHOP: LaneConfig = {
  lane: 'L1',
  currency: currency('EUR'),
  locale: 'de-DE',
  header: [],
  hasTerminal: true,
  hasPrinter: true,
  participants: [
    participant('activation', 'line', ['reserve', 'renew', 'release', 'commit', 'void', 'query'], {
      beforePaper: true,
      notPaidBy: ['giftcard'],
    }),
    participant('licence', 'line', ['reserve', 'release', 'commit', 'void', 'query'], {
      after: ['activation'],
      profile: profile('query'),
    }),
    participant('coupon', 'basket', ['quote', 'reserve', 'renew', 'release', 'commit', 'void', 'query']),
    participant('points', 'basket', ['quote', 'commit', 'query'], { after: ['coupon'] }),
    participant('giftcard', 'tender', ['reserve', 'renew', 'release', 'commit', 'query']),
  ],
  paymentTimeMs: 180_000,
  commitBudgetMs: 3_000,
  askRegisterMs: 60_000,
}

export const SWISS: LaneConfig = { ...SHOP, currency: currency('CHF') }

export const MILK: Article = { name: 'Milk', priceMinor: minor(129), vat: 700 }
export const CARD: Article = {
  name: 'Card 25',
  priceMinor: minor(2500),
  vat: null,
  gtin: gtin('4006381333931'),
}
export const GAME: Article = { name: 'Game', priceMinor: minor(4999), vat: 1900 }

export const article = (priceMinor: number, name = 'Thing'): Article => ({
  name,
  // As it would come from a register that was never checked.
  priceMinor: priceMinor as Article['priceMinor'],
  vat: 1900,
})

export const wants = (serial?: string, plugin = 'activation'): Wanted =>
  serial === undefined
    ? { plugin, subject: {}, ask: { kind: 'serial', text: 'Scan the card' } }
    : { plugin, subject: { serial } }

export const COUPON: Wanted = { plugin: 'coupon', subject: { code: 'TEN' } }
export const POINTS: Wanted = { plugin: 'points', subject: { member: '17' } }

type Options<Type extends SaleCommand['type']> = Partial<
  Omit<Extract<SaleCommand, { type: Type }>, 'type' | 'sale'>
>

/** The register's hand on one sale. */
export class Register {
  readonly till: Till
  readonly id: ReturnType<typeof saleId>

  constructor(till: Till, id = 'S1', options: Options<'sale.open'> = {}) {
    this.till = till
    this.id = saleId(id)
    this.opened = till.do({ type: 'sale.open', sale: this.id, kind: 'sale', owner: 'till', ...options })
  }

  readonly opened: readonly Event[]

  line(id: string, what: Article, wanted: readonly Wanted[] = [], quantity = 1): readonly Event[] {
    const line = lineId(id)
    return this.till.do({ type: 'line.add', sale: this.id, line, article: what, quantity, wants: wanted })
  }

  returned(id: string, of: string, quantity = 1): readonly Event[] {
    return this.till.do({
      type: 'line.add',
      sale: this.id,
      line: lineId(id),
      article: MILK,
      quantity,
      wants: [],
      of: lineId(of),
    })
  }

  voidLine(id: string): readonly Event[] {
    return this.till.do({ type: 'line.void', sale: this.id, line: lineId(id) })
  }

  claim(wanted: Wanted): readonly Event[] {
    return this.till.do({ type: 'basket.claim', sale: this.id, wanted })
  }

  reply(value: string): readonly Event[] {
    const [prompt] = this.till.sale(this.id).prompts
    if (!prompt) throw new TypeError('no prompt is open')
    return this.till.do({ type: 'prompt.answer', sale: this.id, prompt: prompt.id, value })
  }

  say(
    type: 'sale.park' | 'sale.resume' | 'sale.total' | 'sale.reopen' | 'sale.cancel' | 'sale.print',
  ): readonly Event[] {
    return this.till.do({ type, sale: this.id })
  }

  finish(budgetMs?: number): readonly Event[] {
    return this.till.do({
      type: 'sale.finish',
      sale: this.id,
      ...(budgetMs === undefined ? {} : { budgetMs }),
    })
  }

  pay(
    id: string,
    by: string,
    amount: number | 'rest' = 'rest',
    more: Options<'tender.add'> = {},
  ): readonly Event[] {
    const amountMinor = amount === 'rest' ? amount : (amount as ReturnType<typeof minor>)
    return this.till.do({ type: 'tender.add', sale: this.id, tender: tenderId(id), by, amountMinor, ...more })
  }

  paid(totalMinor: number, revision?: number, reference = 'R1'): readonly Event[] {
    return this.till.do({
      type: 'register.paid',
      sale: this.id,
      revision: revision ?? this.till.sale(this.id).revision,
      totalMinor: minor(totalMinor),
      reference,
    })
  }

  status(status: 'paid' | 'cancelled' | 'open' | 'unknown'): readonly Event[] {
    return this.till.do({ type: 'register.status', sale: this.id, status })
  }
}

/** A sale of 1000 that was paid in cash is over; its goods come back, and the total of what goes back is asked for. */
export function broughtBack(till: Till): Register {
  const register = new Register(till)
  register.line('1', article(1000))
  register.say('sale.total')
  register.pay('p', 'cash')
  register.finish()
  till.allWell()
  const back = new Register(till, 'S2', { kind: 'return', original: till.sale().id })
  back.returned('r', '1')
  back.say('sale.total')
  return back
}
