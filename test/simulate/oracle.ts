// Says what must hold, from outside: the customers' purses and bags, the terminal's book, the providers' books, the paper,
// and what the till had said before. Nothing of the till's own rules is imported here.
import type { SaleView, TaskView, Till } from '@cashdesk/sdk'
import { totalsAddUp } from './arithmetic.ts'
import { goneBack } from './memory.ts'
import { saidActive } from './paper.ts'
import { type CardEvent, ELSEWHERE } from './providers.ts'
import { type Bagged, Customer } from './purse.ts'
import { CARDS, wareOf } from './shop.ts'
import type { World } from './world.ts'

/** Accidents that a request may be lost by, or its answer. */
const DISTURBS = /^(request|answer|server|outage)-/
const PAID: ReadonlySet<string> = new Set(['settling', 'closed'])

export class Oracle {
  readonly world: World
  readonly customers: Customer[] = []
  /** What a person did about tasks, by task. */
  readonly settled: Set<string> = new Set()
  readonly #seen: Map<string, SaleView> = new Map()
  readonly #bagged: Set<string> = new Set()
  /** Lines of returns, and the line of the original that each takes back. */
  readonly #backs: Map<string, string> = new Map()
  /** What each customer's sale came to when it was paid, before and by its discount. */
  readonly #agreed: Map<Customer, { readonly linesMinor: number; readonly discountMinor: number }> = new Map()
  /** What must be so since a command was answered, by its words. */
  readonly #answered: Map<string, (till: Till) => boolean> = new Map()
  /** Cards that became active at some time. */
  readonly #wasActive: Set<string> = new Set()
  #records = 0

  constructor(world: World) {
    this.world = world
    world.cardHeard = event => this.#cardMoved(event)
    world.host.heldByItself = serial => this.#refusedOwn(serial)
  }

  newCustomer(sale: string, owner: 'till' | 'register'): Customer {
    const { schedule, tally, wire } = this.world
    const customer = new Customer(sale, owner, {
      struck: schedule.struck.length,
      crashes: tally.crashes,
      isProviderAway: wire.isAnyAway,
    })
    this.customers.push(customer)
    return customer
  }

  customerOf(sale: string): Customer | undefined {
    return this.customers.find(each => each.sales.has(sale))
  }

  /** A line of a return takes back that line of the original. */
  takesBack(sale: string, line: string, original: string): void {
    this.#backs.set(`${sale} ${line}`, original)
  }

  // ── what the till says ──────────────────────────────────────────────────────────────────────────────

  /** The till answered: everything up to here must survive. */
  acknowledged(records: number): void {
    this.#records = Math.max(this.#records, records)
  }

  /** A command was answered: from now on this must be so. */
  answered(what: string, holds: (till: Till) => boolean): void {
    this.#answered.set(what, holds)
  }

  /** The till is open again: nothing that it had said may be gone. */
  reopened(till: Till): void {
    const { records } = till.journal
    if (records < this.#records)
      this.world.violated('I5', `${this.#records} records were acknowledged, ${records} are there`)
    for (const [what, holds] of this.#answered) {
      let kept = false
      try {
        kept = holds(till)
      } catch {
        // A sale that is gone.
      }
      if (!kept) this.world.violated('I5', `“${what}” was answered, and is forgotten`)
    }
    for (const before of this.#seen.values()) {
      let now: SaleView
      try {
        now = till.find(before.id).view()
      } catch (thrown) {
        this.world.violated('I5', `sale ${before.id} is gone: ${String(thrown)}`)
        continue
      }
      for (const lost of goneBack(before, now)) this.world.violated('I5', `${before.id}: ${lost}`)
      this.saw(now)
    }
  }

  /** The cashier, and the customer beside, see this on the screen. */
  saw(view: SaleView): void {
    const before = this.#seen.get(view.id)
    if (before && JSON.stringify(before) === JSON.stringify(view)) return
    if (before) for (const lost of goneBack(before, view)) this.world.violated('I5', `${view.id}: ${lost}`)
    this.#seen.set(view.id, view)
    for (const wrong of totalsAddUp(view, this.world.plan.swiss))
      this.world.violated('I8', `${view.id}: ${wrong}`)
    const customer = this.customerOf(view.id)
    if (!customer) return
    for (const claim of view.claims) if (claim.serial !== undefined) customer.serials.add(claim.serial)
    this.#cashMoves(customer, view)
    if (PAID.has(view.state) && !this.#bagged.has(view.id)) this.#leaves(customer, view)
    if (view.kind === 'sale' && customer.owner === 'register' && /^cancel/.test(view.state))
      this.#unpacks(customer, view.id)
  }

  /** What the drawer did, as the screen says it: the cashier takes and gives accordingly. */
  #cashMoves(customer: Customer, view: SaleView): void {
    for (const payment of view.payments) {
      if (payment.by !== 'cash') continue
      const { id, state, amountMinor, givenMinor, changeMinor = 0 } = payment
      const key = `${view.id} ${id}`
      if (state === 'done') {
        const back = amountMinor < 0
        const kept = back ? -Math.abs(givenMinor ?? amountMinor) : (givenMinor ?? amountMinor) - changeMinor
        if (kept !== amountMinor)
          this.world.violated(
            'I8',
            `${key}: ${givenMinor} given, ${changeMinor} back, yet ${amountMinor} counted`,
          )
        customer.cash.set(key, kept)
        customer.offers.delete(key)
      } else if (state === 'reversed') {
        customer.cash.set(key, 0)
        customer.offers.delete(key)
      }
    }
  }

  /** The sale is paid: the customer takes what was sold, or leaves what was taken back. */
  #leaves(customer: Customer, view: SaleView): void {
    this.#bagged.add(view.id)
    const lines = view.lines.filter(line => line.state === 'active')
    customer.roundingMinor += view.totals.roundingMinor
    const payments = view.payments.filter(({ state }) => state === 'done')
    if (payments.length > 1) this.world.situation('split-payment')
    if (view.kind === 'sale') {
      for (const { id, article, quantity } of lines) {
        const ware = wareOf(article.gtin ?? '')
        const serial = view.claims.find(
          claim => claim.line === id && claim.serial !== undefined && claim.plugin === 'activation',
        )?.serial
        const bagged: Bagged = {
          line: id,
          gtin: article.gtin ?? '',
          quantity,
          priceMinor: (ware?.priceMinor ?? 0) * quantity,
          ...(serial === undefined ? {} : { serial }),
        }
        customer.bag.set(`${view.id} ${id}`, bagged)
      }
      this.#agrees(customer, view)
      return
    }
    for (const line of lines) {
      const of = this.#backs.get(`${view.id} ${line.id}`) ?? line.id
      const bagged = customer.bag.get(`${customer.sale} ${of}`)
      if (!bagged) {
        this.world.violated('I8', `${view.id} takes back ${of}, which nobody had`)
        continue
      }
      const wrong = this.#givesBack(customer, bagged, -line.grossMinor)
      if (wrong !== undefined) this.world.violated('I8', `${view.id}: ${wrong}`)
      customer.discountMinor -= bagged.priceMinor + line.grossMinor
      customer.bag.delete(`${customer.sale} ${of}`)
    }
  }

  #agrees(customer: Customer, { id, totals, lines }: SaleView): void {
    const discountMinor = -totals.adjustmentsMinor
    if (discountMinor !== 0 && customer.coupons.size === 0)
      this.world.violated('I8', `${id} is ${discountMinor} cheaper, and its customer has no coupon`)
    customer.discountMinor += discountMinor
    const linesMinor = lines
      .filter(({ state }) => state === 'active')
      .reduce(
        (sum, { article, quantity }) => sum + (wareOf(article.gtin ?? '')?.priceMinor ?? 0) * quantity,
        0,
      )
    this.#agreed.set(customer, { linesMinor, discountMinor })
  }

  /** A line costs its price less its share of the coupon's discount, of which somebody bears the odd cent. */
  #givesBack(customer: Customer, { line, priceMinor }: Bagged, givenMinor: number): string | undefined {
    const { linesMinor = 0, discountMinor = 0 } = this.#agreed.get(customer) ?? {}
    const most = priceMinor - Math.floor((discountMinor * priceMinor) / Math.max(1, linesMinor))
    const least = discountMinor === 0 ? most : most - 1
    if (givenMinor <= most && givenMinor >= least) return undefined
    return `${givenMinor} goes back for ${line}, and ${most} was paid for it`
  }

  /** The register gave the money of a sale back, and took everything. */
  #unpacks(customer: Customer, sale: string): void {
    if (!this.#bagged.delete(sale)) return
    for (const key of customer.bag.keys()) if (key.startsWith(`${sale} `)) customer.bag.delete(key)
    customer.discountMinor = 0
    customer.refunded.clear()
  }

  // ── what the books say ──────────────────────────────────────────────────────────────────────────────

  /** What this customer has really paid so far, by purse and books. */
  paidMinor(customer: Customer): number {
    const captured = this.world.bank.captures
      .filter(({ card }) => card === customer.purse)
      .reduce((sum, { amountMinor }) => sum + amountMinor, 0)
    const card = this.world.cardMinor(customer)
    return customer.cashMinor + card + captured + customer.registerMinor + customer.handMinor
  }

  /** What can be had for certain: paid, on the counter, or held. */
  #coveredMinor(customer: Customer): number {
    const held = [...this.world.bank.holds.values()]
      .filter(({ card }) => card === customer.purse)
      .reduce((sum, { amountMinor }) => sum + amountMinor, 0)
    return this.paidMinor(customer) + customer.shownMinor - customer.cashMinor + held
  }

  /** I1, at the moment of truth: a card becomes active when its money is certain, and never before. */
  #cardMoved({ event, serial, by }: CardEvent): void {
    if (event !== 'activated' || by === ELSEWHERE) return
    if (saidActive(this.world.papers()).has(serial) && !this.#wasActive.has(serial))
      this.world.violated('I7', `the paper said that ${serial} is active before it was`)
    this.#wasActive.add(serial)
    const customer = this.customers.find(each => each.serials.has(serial))
    if (!customer) return this.world.violated('I1', `card ${serial} became active, and nobody bought it`)
    const covered = this.#coveredMinor(customer)
    const needed = this.#activeMinor(customer)
    if (covered < needed)
      this.world.violated(
        'I1',
        `card ${serial} became active with ${covered} of ${needed} paid by the customer of ${customer.sale}`,
      )
  }

  /**
   * The operations of one sale leave one after the other, so nothing forces this. Only a release that got lost, and is
   * asked about instead of repeated, is sent once more under another id, behind what was scanned meanwhile.
   */
  #refusedOwn(serial: string): void {
    const { plan, schedule, tally } = this.world
    const disturbed = tally.crashes > 0 || schedule.struck.some(({ kind }) => DISTURBS.test(kind))
    if (plan.onUnknown === 'query' && disturbed) return
    this.world.violated('I6', `card ${serial} was refused as taken, and the till itself held it`)
  }

  /** What the cards that are active for a customer cost at least, by our own prices. */
  #activeMinor(customer: Customer): number {
    let sum = 0
    for (const serial of customer.serials) {
      const card = this.world.host.store.books.cards.get(serial)
      if (card?.state !== 'active' || customer.refunded.has(serial)) continue
      if (this.world.activatedBy(serial) === ELSEWHERE) continue
      sum += CARDS.find(({ prodid }) => prodid === card.prodid)?.priceMinor ?? 0
    }
    const discount = customer.coupons.size > 0 ? Math.ceil(sum / 10) : 0
    // Cash of some currencies is rounded.
    return sum - discount - 2
  }

  /** A person settled a task: what went over the counter then. */
  settles(task: TaskView, action: string): void {
    if (this.settled.has(task.id)) return
    this.settled.add(task.id)
    const customer = task.sale === undefined ? undefined : this.customerOf(task.sale)
    if (!customer || action !== 'settled') return
    const amount = Math.abs(task.amountMinor ?? 0)
    if (task.kind === 'refund-due') {
      customer.handMinor -= amount
      const view = task.sale === undefined ? undefined : this.#seen.get(task.sale)
      const bagged = this.#refundedLine(customer, view, amount)
      if (bagged?.serial !== undefined) {
        customer.refunded.add(bagged.serial)
        customer.discountMinor -= bagged.priceMinor - amount
      }
    }
    if (task.kind === 'customer-owed') customer.handMinor -= amount
    if (task.kind === 'tender-short') customer.handMinor += amount
  }

  /** The card for which money goes back: one that is on the sale, and not active. */
  #refundedLine(customer: Customer, view: SaleView | undefined, amount: number): Bagged | undefined {
    const failed = new Set(
      view?.claims
        .filter(({ state }) => state === 'failed' || state === 'refunded')
        .map(({ serial }) => serial),
    )
    return [...customer.bag.values()].find(
      bagged =>
        bagged.serial !== undefined &&
        failed.has(bagged.serial) &&
        !customer.refunded.has(bagged.serial) &&
        this.#givesBack(customer, bagged, amount) === undefined,
    )
  }

  get seen(): ReadonlyMap<string, SaleView> {
    return this.#seen
  }
}
