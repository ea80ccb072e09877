// The cashier and the customer at one register: they repeat commands after every crash as a person would, remember
// what was said and whose money lies where, and tell it to the purse log.
import type { PaymentResult, SaleHandle, SaleView, Till } from '@cashdesk/sdk'
import type { Good } from './goods.ts'
import type { Happening, PurseEntry, SaleOrder } from './protocol.ts'

export interface Surroundings {
  readonly till: Till
  readonly order: SaleOrder
  /** What was seen before: by earlier lives of this register. */
  readonly memory: readonly PurseEntry[]
  readonly say: (entry: PurseEntry) => void
  /** Makes something happen in the shop, once per trial. */
  readonly happen: (happening: Happening) => Promise<void>
  /** A point at which the register's own code may be killed. */
  readonly boundary: (kind: string) => void
}

/** Card payments that are tried before a cashier gives up. */
const CARD_ATTEMPTS = 5
/** Rounds of waiting for a payment that nobody can tell about; each takes seconds. */
const UNKNOWN_ROUNDS = 3
const IDLE_MS = 60_000

export class Cashier {
  readonly till: Till
  readonly order: SaleOrder
  readonly #around: Surroundings
  readonly #memory: PurseEntry[]

  constructor(around: Surroundings) {
    this.till = around.till
    this.order = around.order
    this.#around = around
    this.#memory = [...around.memory]
  }

  id(name: string): string {
    return `${this.order.trial}-${name}`
  }

  serial(index: number): string {
    return this.order.serials[index] ?? ''
  }

  happen(happening: Happening): Promise<void> {
    return this.#around.happen(happening)
  }

  boundary(kind: string): void {
    this.#around.boundary(kind)
  }

  /** Told once, however often it is seen. */
  saw(entry: PurseEntry): void {
    const key = keyOf(entry)
    if (this.#memory.some(known => keyOf(known) === key)) return
    this.#memory.push(entry)
    this.#around.say(entry)
  }

  /** A new life shows what it knows of the sales that were seen before. */
  lookBack(): void {
    const sales = new Set(this.#memory.flatMap(entry => ('sale' in entry ? entry.sale : [])))
    for (const sale of sales) this.#around.say({ saw: 'shown', sale, view: this.view(sale) ?? null })
  }

  view(sale: string): SaleView | undefined {
    try {
      return this.till.find(sale).view()
    } catch {
      return undefined
    }
  }

  ended(name: string): boolean {
    return ENDED.has(this.view(this.id(name))?.state ?? '')
  }

  open(name: string, given: Partial<Parameters<Till['sale']>[0]> = {}): Promise<SaleHandle> {
    return this.till.sale({ ...given, id: this.id(name) })
  }

  async ring(sale: SaleHandle, line: string, good: Good, serial?: string): Promise<void> {
    const { gtin } = good
    await sale.add({ line, gtin, ...(serial === undefined ? {} : { serial }) })
    this.sawLines(sale)
  }

  /** Whatever is on the sale now: the customer sees the display. */
  sawLines(sale: SaleHandle): void {
    const view = sale.view()
    for (const { id: line, state, grossMinor, error } of view.lines) {
      const serial = view.claims.find(claim => claim.line === line)?.serial
      const rung = {
        saw: 'line',
        sale: sale.id,
        line,
        priceMinor: grossMinor,
        ...(serial === undefined ? {} : { serial }),
      } as const
      if (state === 'active') this.saw(rung)
      else if (state === 'refused')
        this.saw({ saw: 'line-refused', sale: sale.id, line, code: error?.code ?? '' })
    }
  }

  async voidLine(sale: SaleHandle, line: string): Promise<void> {
    await sale.voidLine(line)
    this.saw({ saw: 'line-voided', sale: sale.id, line })
  }

  /** @param given what the customer puts on the counter; the same after a crash */
  async payCash(
    sale: SaleHandle,
    payment: string,
    given: number,
    amount?: number,
  ): Promise<PaymentResult['outcome']> {
    if (given > 0) this.saw({ saw: 'cash-given', sale: sale.id, payment, amountMinor: given })
    const result = await sale.pay({
      id: payment,
      by: 'cash',
      ...(given > 0 ? { given } : {}),
      ...(amount === undefined ? {} : { amount }),
    })
    this.sawLines(sale)
    this.#sawPayment(sale, payment, 'cash', result)
    this.settleCash(sale)
    return result.outcome
  }

  /** Tries again, under a new id, as long as the terminal says that nothing was paid. */
  async payCard(sale: SaleHandle, prefix: string, split?: number): Promise<boolean> {
    for (let attempt = 1; attempt <= CARD_ATTEMPTS; attempt += 1) {
      const id = `${prefix}${attempt}`
      const result = await this.cardOnce(sale, id, split)
      if (result.outcome === 'done') return true
      if (result.outcome === 'unknown') return false
    }
    return false
  }

  async cardOnce(sale: SaleHandle, id: string, split?: number, signal?: AbortSignal): Promise<PaymentResult> {
    const part = split === undefined ? {} : { amount: split, split: true }
    let result = await sale.pay({ id, by: 'card', ...part }, signal === undefined ? {} : { signal })
    for (let round = 0; result.outcome === 'unknown' && round < UNKNOWN_ROUNDS; round += 1)
      result = await sale.payment(id)
    this.sawLines(sale)
    this.#sawPayment(sale, id, 'card', result)
    return result
  }

  #sawPayment(sale: SaleHandle, payment: string, by: string, result: PaymentResult): void {
    if (result.outcome === 'unknown') return
    const { outcome } = result
    const amountMinor = result.outcome === 'done' ? result.payment.amountMinor : 0
    this.saw({ saw: 'payment', sale: sale.id, payment, by, outcome, amountMinor })
  }

  /** Change, refused notes and paid-out returns go over the counter, as the till's display says. */
  settleCash(sale: SaleHandle): void {
    const { payments } = sale.view()
    const known = new Set([
      ...payments.flatMap(({ id, by }) => (by === 'cash' ? id : [])),
      ...this.#memory.flatMap(entry =>
        entry.saw === 'cash-given' && entry.sale === sale.id ? entry.payment : [],
      ),
    ])
    for (const payment of known) {
      const shown = payments.find(each => each.id === payment)
      const kept = shown?.state === 'done' ? shown.amountMinor : 0
      const back = this.#onCounter(sale.id, payment) - kept
      if (back > 0) this.#tell({ saw: 'cash-returned', sale: sale.id, payment, amountMinor: back })
    }
  }

  /** What of this payment is still the shop's. */
  #onCounter(sale: string, payment: string): number {
    let sum = 0
    for (const entry of this.#memory) {
      if ((entry.saw !== 'cash-given' && entry.saw !== 'cash-returned') || entry.sale !== sale) continue
      if (entry.payment === payment)
        sum += entry.saw === 'cash-given' ? entry.amountMinor : -entry.amountMinor
    }
    return sum
  }

  #tell(entry: PurseEntry): void {
    this.#memory.push(entry)
    this.#around.say(entry)
  }

  async finish(sale: SaleHandle, commitBudgetMs?: number): Promise<void> {
    await sale.finish(commitBudgetMs === undefined ? {} : { commitBudgetMs })
    this.sawEnd(sale)
  }

  sawEnd(sale: SaleHandle): void {
    const { state, kind } = sale.view()
    if (state === 'closed' || state === 'cancelled') this.saw({ saw: 'ended', sale: sale.id, state, kind })
  }

  /** The customer has gone: what is paid is finished, everything else cancelled. */
  async letGo(sale: SaleHandle): Promise<void> {
    for (const { id, state } of sale.view().payments)
      if (UNDECIDED.has(state)) await sale.payment(id).catch(() => undefined)
    this.sawLines(sale)
    const { state } = sale.view()
    if (state === 'settling' || state === 'closed') await sale.finish()
    else await sale.cancel('the customer has gone')
    await this.till.idle({ timeoutMs: IDLE_MS })
    for (const { id: payment, by, state, amountMinor } of sale.view().payments)
      if (by === 'card' && state === 'done')
        this.saw({ saw: 'payment', sale: sale.id, payment, by, outcome: state, amountMinor })
    this.settleCash(sale)
    this.sawEnd(sale)
    await this.paperFor(sale)
  }

  /** A receipt that could not be printed is printed as soon as there is paper. */
  async paperFor(sale: SaleHandle): Promise<void> {
    const { state, paper } = sale.view()
    if (state !== 'closed' || paper.state === 'printed') return
    await this.happen({ place: 'printer', name: 'paper-in' })
    await sale.print()
  }

  /** The till knows nothing of this sale: what lies on the counter is the customer's. */
  handBack(name: string): void {
    const sale = this.id(name)
    for (const entry of this.#memory.filter(each => each.saw === 'cash-given')) {
      const amountMinor = this.#onCounter(sale, entry.payment)
      if (amountMinor > 0) this.#tell({ saw: 'cash-returned', sale, payment: entry.payment, amountMinor })
    }
  }

  /** What a person sees when everything has come to rest. */
  async rest(): Promise<void> {
    const idle = await this.till.idle({ timeoutMs: IDLE_MS })
    const mine = (sale: string | undefined): boolean =>
      sale === undefined || sale.startsWith(`${this.order.trial}-`)
    this.#tell({
      saw: 'rest',
      tasks: this.till.tasks().filter(task => mine(task.sale)),
      unfinished: this.till.unfinished().flatMap(({ id }) => (mine(id) ? id : [])),
      idle,
    })
  }
}

const ENDED: ReadonlySet<string> = new Set(['closed', 'cancelled'])
const UNDECIDED: ReadonlySet<string> = new Set(['sent', 'approved', 'unknown', 'reversing'])

/** Two sightings of the same thing say the same, or differ in what was seen: then both are told. */
function keyOf(entry: PurseEntry): string {
  return JSON.stringify(entry)
}
