// The cashier, and the customer in front: rings up what is wanted, takes the money, hands over the receipt. Looks at the
// screen, makes mistakes, loses patience, and never knows more than the till shows.
import type { PaymentResult, SaleView, Till } from '@cashdesk/sdk'
import type { Devices } from './devices.ts'
import type { Oracle } from './oracle.ts'
import type { Person } from './person.ts'
import type { CustomerPlan, Item, TenderPlan } from './plan.ts'
import type { Customer } from './purse.ts'
import { settledForNow } from './screen.ts'
import { gs1Symbol, PLAIN } from './shop.ts'
import type { SituationName } from './situations.ts'
import type { TillSide } from './till-side.ts'
import type { World } from './world.ts'

/** Attempts to bring one article onto the sale. */
const MOST_TRIES = 5
/** Payments that one customer tries before cash is all that is left. */
const MOST_PAYMENTS = 9
const LONG_MS = 2 * 86_400_000

export const ENDED: ReadonlySet<string> = new Set(['closed', 'cancelled'])

/** Attempts to end a sale in the middle of everything that may happen. */
const PATIENT_TRIES = 25

export class Cashier {
  readonly world: World
  readonly oracle: Oracle
  readonly till: TillSide
  readonly devices: Devices
  readonly person: Person
  readonly #payments: Map<string, number> = new Map()

  constructor(parts: {
    readonly world: World
    readonly oracle: Oracle
    readonly till: TillSide
    readonly devices: Devices
    readonly person: Person
  }) {
    this.world = parts.world
    this.oracle = parts.oracle
    this.till = parts.till
    this.devices = parts.devices
    this.person = parts.person
  }

  // ── ringing up ──────────────────────────────────────────────────────────────────────────────────────

  async opens(sale: string, owner: 'till' | 'register'): Promise<void> {
    await this.till.command(
      `opens ${sale}`,
      till => till.sale({ id: sale, owner, operator: '17' }),
      till => till.find(sale).id === sale,
    )
  }

  /** Brings everything that is wanted onto the sale; answers what was refused. */
  async ringsUp(plan: CustomerPlan): Promise<void> {
    for (const item of plan.items) {
      await this.#takes(plan, item)
      if (this.world.strikes('double-scan', 'ringing up')) await this.#scansTwice(plan, item)
      if (this.world.strikes('voids-line', 'ringing up')) await this.#voidsOne(plan)
      if (this.world.strikes('changes-mind', 'ringing up')) await this.#changesMind(plan, item)
    }
    const { coupon } = plan
    if (coupon !== undefined) {
      this.oracle.customerOf(plan.sale)?.coupons.add(coupon)
      await this.till.command(`takes coupon ${coupon}`, till => till.find(plan.sale).claim(coupon))
    }
  }

  async #takes(plan: CustomerPlan, item: Item): Promise<void> {
    const { serial, ware } = item
    if (serial !== undefined) this.oracle.customerOf(plan.sale)?.serials.add(serial)
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const view = await this.till.look(plan.sale)
      if (view?.state !== 'open' || this.#isOn(plan, item, view)) return
      const [prompt] = view.prompts
      if (prompt) await this.#answers(plan, item, prompt.id, view, tries)
      else if (item.how === 'keyed' || plan.owner === 'register' || tries >= 3) {
        const line = tries < 2 ? item.line : `${item.line}-${tries}`
        await this.till.command(
          `keys in ${ware.name} ${serial ?? ''}`,
          till =>
            till.find(plan.sale).add({
              line,
              gtin: ware.gtin,
              ...(serial === undefined || tries % 2 === 1 ? {} : { serial }),
            }),
          till =>
            till
              .find(plan.sale)
              .view()
              .lines.some(each => each.id === line),
        )
      } else
        await this.#scans(plan.sale, item.how === 'symbol' ? gs1Symbol(ware.gtin, serial ?? '') : ware.gtin)
    }
  }

  /** The plan's articles of this kind are on the sale, this one included, or it was refused. */
  #isOn(plan: CustomerPlan, { ware, serial, line }: Item, view: SaleView): boolean {
    const lines = view.lines.filter(each => each.article.gtin === ware.gtin)
    if (serial !== undefined)
      return view.claims.some(claim => claim.serial === serial && lines.some(each => each.id === claim.line))
    const wanted = plan.items.filter(each => each.ware === ware)
    return lines.filter(each => each.state === 'active').length > wanted.findIndex(each => each.line === line)
  }

  async #answers(
    plan: CustomerPlan,
    item: Item,
    prompt: string,
    view: SaleView,
    tries: number,
  ): Promise<void> {
    const line = view.prompts[0]?.line
    const gtin = view.lines.find(each => each.id === line)?.article.gtin
    const fitting = plan.items.find(
      each =>
        each.ware.gtin === gtin &&
        each.serial !== undefined &&
        !view.claims.some(claim => claim.serial === each.serial),
    )
    const wrong = this.world.strikes('wrong-card', 'prompt')
    const serial = wrong ? 'S9999' : (fitting?.serial ?? item.serial)
    if (serial === undefined || (!fitting && line !== undefined)) {
      await this.till.command('voids what nobody wants', till => till.find(plan.sale).voidLine(line ?? ''))
    } else if (item.how === 'keyed' || tries >= 3 || plan.owner === 'register')
      await this.till.command(`answers ${serial}`, till => till.find(plan.sale).answer(prompt, serial))
    else await this.#scans(plan.sale, serial)
  }

  /** Scans, and waits until something moves on the screen. */
  async #scans(sale: string, code: string): Promise<void> {
    await this.till.awake()
    this.world.tell(`cashier: scans ${code}`)
    const before = JSON.stringify(this.oracle.seen.get(sale)?.lines.length ?? 0)
    const prompts = this.oracle.seen.get(sale)?.prompts.length ?? 0
    await this.devices.scan(code)
    await this.till.lookUntil(
      sale,
      700,
      view => JSON.stringify(view.lines.length) !== before || view.prompts.length !== prompts,
    )
  }

  async #scansTwice(plan: CustomerPlan, item: Item): Promise<void> {
    if (plan.owner === 'register') return
    await this.#scans(plan.sale, item.ware.gtin)
    const view = await this.till.look(plan.sale)
    const extra = view?.lines.findLast(
      line => line.state === 'active' && line.article.gtin === item.ware.gtin,
    )
    const many = view?.lines.filter(line => line.state === 'active' && line.article.gtin === item.ware.gtin)
    const wanted = plan.items.filter(each => each.ware === item.ware).length
    if (extra && many && many.length > wanted)
      await this.till.command(`voids the second ${item.ware.name}`, till =>
        till.find(plan.sale).voidLine(extra.id),
      )
  }

  /** The customer would rather not have this card, and then would: its release is still on its way. */
  async #changesMind(plan: CustomerPlan, { serial, ware, line }: Item): Promise<void> {
    const view = await this.till.look(plan.sale)
    const claim = view?.claims.find(each => each.serial === serial && each.state !== 'releasing')
    const taken = view?.lines.find(({ id, state }) => id === claim?.line && state === 'active')
    if (serial === undefined || !taken) return
    await this.till.command(`voids ${taken.id}`, till => till.find(plan.sale).voidLine(taken.id))
    const again = await this.till.command(`keys in ${ware.name} ${serial} again`, till =>
      till.find(plan.sale).add({ line: `${line}-again`, gtin: ware.gtin, serial }),
    )
    if (again.was === 'answered') this.world.situation('scanned-again')
  }

  async #voidsOne(plan: CustomerPlan): Promise<void> {
    const view = await this.till.look(plan.sale)
    const lines = view?.lines.filter(line => line.state === 'active') ?? []
    const line = lines[this.world.schedule.below('which line', lines.length)]
    if (!line || lines.length < 2) return
    await this.till.command(`voids ${line.id}`, till => till.find(plan.sale).voidLine(line.id))
  }

  // ── taking the money ────────────────────────────────────────────────────────────────────────────────

  /** Presses the total; answers the screen when the sale waits for nothing. */
  async totals(sale: string): Promise<SaleView | undefined> {
    for (let tries = 0; tries < 4; tries += 1) {
      const heard = await this.till.command(`total of ${sale}`, till => till.find(sale).total())
      if (heard.was === 'answered') this.oracle.saw(heard.value)
      if (heard.was === 'refused' && heard.error.code === 'prompt.open') await this.#dropsPrompts(sale)
      else if (heard.was === 'refused') return this.till.look(sale)
      const view = await this.till.lookUntil(
        sale,
        30_000,
        each =>
          each.ready || (each.state === 'open' && each.waitsFor.length === 0) || each.state !== 'tendering',
      )
      // The customer looks for the purse, longer than some reservations last.
      if (view?.ready && this.world.strikes('dawdles', 'total'))
        await this.world.pause(this.world.schedule.pick('dawdles for', [60_000, 840_000, 1_800_000]))
      if (view?.ready && this.world.strikes('reopens-total', 'total')) {
        const back = await this.till.command('takes the total back', till => till.find(sale).reopen())
        if (back.was === 'answered') this.world.situation('reopened-total')
      } else if (view?.state !== 'open') return view
    }
    return this.till.look(sale)
  }

  async #dropsPrompts(sale: string): Promise<void> {
    const view = await this.till.look(sale)
    for (const { line } of view?.prompts ?? [])
      if (line !== undefined)
        await this.till.command('voids what has no serial', till => till.find(sale).voidLine(line))
  }

  /** Takes payments until nothing is open; in the end, cash. */
  async paysFor(customer: Customer, sale: string, tenders: readonly TenderPlan[]): Promise<void> {
    let used = 0
    for (let tries = 0; tries < MOST_PAYMENTS; tries += 1) {
      const view = await this.till.lookUntil(sale, LONG_MS, settledForNow)
      if (view?.state === 'open' && view.lines.some(line => line.state === 'active')) {
        const total = await this.totals(sale)
        if (!total?.ready) return
        continue
      }
      if (view?.state !== 'tendering' || !view.ready) return
      if (view.payments.some(({ state }) => state === 'unknown')) {
        if (this.world.strikes('cancels-while-paying', 'nobody knows'))
          await this.till.command(`cancels ${sale}, for nobody knows`, till => till.find(sale).cancel())
        await this.person.looksAtTasks()
      } else {
        const plan = tenders[used] ?? { by: 'cash', share: 100 }
        used += 1
        const half = view.payments.some(({ state }) => state === 'done')
        const cards = view.payments.filter(each => each.by === 'card' && each.state === 'done').length
        // Some have no third card with them, and leave everything.
        const leaves = cards > 1 && this.world.schedule.chance('leaves after two cards', 0.6)
        if (
          view.kind === 'sale' &&
          (leaves || (half && this.world.strikes('cancels-sale', 'half paid', 2)))
        ) {
          const isCancelled = await this.cancels(sale)
          if (cards > 1 && isCancelled) this.world.situation('two-cards-pay')
          return
        }
        const rest = tries >= MOST_PAYMENTS - 3 || used >= tenders.length
        await this.#pays(customer, view, rest ? { ...plan, share: 100 } : plan)
      }
    }
  }

  async #pays(customer: Customer, view: SaleView, plan: TenderPlan): Promise<void> {
    const sale = view.id
    const number = (this.#payments.get(sale) ?? 0) + 1
    this.#payments.set(sale, number)
    const id = `pay-${number}`
    const open = Math.abs(view.totals.openMinor)
    const back = view.totals.openMinor < 0
    const by = back && plan.by === 'purse' ? 'cash' : plan.by
    const whole = plan.share === 100 || open < 100
    const part = Math.max(5, Math.floor((open * plan.share) / 500) * 5)
    const amount = whole ? ('rest' as const) : part
    const counted = whole ? Math.round(open / 5) * 5 : part
    const cash = this.world.plan.swiss ? counted : whole ? open : part
    const given = by === 'cash' && !back ? Math.ceil(Math.max(cash, 5) / 500) * 500 : undefined
    if (given !== undefined) customer.offers.set(`${sale} ${id}`, given)
    if (by !== 'cash') this.devices.stepsUp(customer, by, open)
    await this.#pay(sale, {
      id,
      by,
      amount,
      ...(given === undefined ? {} : { given }),
      ...(whole ? {} : { split: true }),
      ...(by === 'purse' ? { subject: { card: customer.purse } } : {}),
    })
    const after = await this.till.lookUntil(sale, 60_000, each => settledForNow(each))
    // What the screen does not show was not taken: the money on the counter goes back.
    if (after && !after.payments.some(each => each.id === id)) customer.offers.delete(`${sale} ${id}`)
    if (after?.payments.some(each => each.id === id && each.state === 'refused'))
      customer.offers.delete(`${sale} ${id}`)
  }

  async #pay(sale: string, payment: Parameters<ReturnType<Till['find']>['pay']>[0]): Promise<void> {
    const { world } = this
    const aborting = new AbortController()
    let isPaying = true
    if (payment.by !== 'cash') this.#impatience(sale, aborting, () => isPaying)
    const heard = await this.till.command(
      `${payment.by} for ${sale}: ${payment.amount}`,
      till => till.find(sale).pay(payment, { signal: aborting.signal }),
      (till, result) =>
        result.outcome !== 'done' ||
        till
          .find(sale)
          .view()
          .payments.some(({ id }) => id === payment.id),
    )
    isPaying = false
    if (heard.was !== 'answered') return
    const result: PaymentResult = heard.value
    world.tell(`  payment ${payment.id}: ${result.outcome}`)
    if (result.outcome === 'unknown') await this.person.looksAtTasks()
  }

  /** While the customer is at the terminal, some cashiers cannot sit still. */
  #impatience(sale: string, aborting: AbortController, isPaying: () => boolean): void {
    const { world } = this
    const { life } = world
    const meanwhile = (
      situation: SituationName,
      what: string,
      act: (till: Till) => Promise<unknown>,
    ): void => {
      world.clock.after(world.schedule.below('meanwhile after', 600), () => {
        if (!life.alive || world.life !== life) return
        world.tell(`cashier, meanwhile: ${what}`)
        if (isPaying()) world.situation(situation)
        act(world.till).catch(() => undefined)
      })
    }
    if (world.strikes('aborts-payment', 'terminal')) {
      world.clock.after(world.schedule.below('aborts after', 500), () => {
        if (isPaying() && life.alive) world.situation('payment-aborted')
        aborting.abort()
      })
    }
    if (world.strikes('scan-while-paying', 'terminal')) {
      meanwhile('scan-while-paying', 'scans', till => till.scan(PLAIN[0].gtin))
    }
    if (world.strikes('cancels-while-paying', 'terminal')) {
      meanwhile('cancelled-while-paying', 'cancels', till => till.find(sale).cancel('impatient'))
    }
  }

  // ── the end of a sale ───────────────────────────────────────────────────────────────────────────────

  async finishes(sale: string): Promise<void> {
    this.devices.beforePaper()
    await this.till.command(
      `finishes ${sale}`,
      till => till.find(sale).finish(),
      (till, ended) => ended.state !== 'closed' || till.find(sale).view().state === 'closed',
    )
    const view = await this.till.look(sale)
    if (view?.state === 'closed' && this.world.strikes('prints-again', 'receipt'))
      await this.till.command(`prints ${sale} again`, till => till.find(sale).print())
  }

  /** Whether the till agreed. */
  async cancels(sale: string): Promise<boolean> {
    const heard = await this.till.command(
      `cancels ${sale}`,
      till => till.find(sale).cancel(),
      till => /^cancel/.test(till.find(sale).view().state),
    )
    if (heard.was === 'answered') this.world.situation('sale-cancelled')
    await this.till.lookUntil(sale, 60_000, view => ENDED.has(view.state))
    return heard.was === 'answered'
  }

  /** Whatever became of the plan: brings the sale to an end that the till agrees to. */
  async concludes(customer: Customer, sale: string): Promise<void> {
    const { calm } = this.world.schedule
    for (let tries = 0; tries < 40; tries += 1) {
      const view = await this.till.look(sale)
      // A till that is struck down at every attempt owes nobody an end: after some it is left alone.
      this.world.schedule.calm =
        calm || (tries > PATIENT_TRIES && view !== undefined && !ENDED.has(view.state))
      if (!view || ENDED.has(view.state)) return
      await this.#nextStep(customer, view)
      await this.person.looksAtTasks()
      await this.world.pause(500 * 2 ** Math.min(tries, 10))
    }
    this.world.schedule.calm = calm
    this.world.violated('I6', `${sale} does not come to an end: ${this.oracle.seen.get(sale)?.state}`)
  }

  async #takesUp(sale: string): Promise<void> {
    const heard = await this.till.command(`takes ${sale} up again`, till => till.find(sale).resume())
    if (heard.was !== 'refused' || heard.error.code !== 'sale.not-in-front') return
    // One that was parked, as the cashier believed, when the till died.
    for (const { id, owner, state } of this.oracle.seen.values())
      if (id !== sale && owner === 'till' && state === 'open')
        await this.till.command(`parks ${id}, which is in front`, till => till.find(id).park())
  }

  async #nextStep(customer: Customer, view: SaleView): Promise<void> {
    const { id, state, owner } = view
    if (state === 'parked') await this.#takesUp(id)
    else if (state === 'settling') await this.finishes(id)
    else if (state === 'cancelling')
      await this.till.lookUntil(id, 600_000, each => each.state === 'cancelled')
    else if (owner === 'register') await this.person.registerDecides(customer, view)
    else if (view.prompts.length > 0) await this.#dropsPrompts(id)
    else if (!view.lines.some(line => line.state === 'active')) await this.cancels(id)
    else await this.paysFor(customer, id, [])
  }
}
