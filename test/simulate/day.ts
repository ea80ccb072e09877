// One day at the lane: customers come and go, things happen, some come back; then the world heals and everything must end.
import { Cashier, ENDED } from './cashier.ts'
import { Devices } from './devices.ts'
import { finalChecks } from './final.ts'
import { Oracle } from './oracle.ts'
import { Person } from './person.ts'
import { type CustomerPlan, dayOf } from './plan.ts'
import { ELSEWHERE } from './providers.ts'
import type { Customer } from './purse.ts'
import { Schedule, type Strike } from './schedule.ts'
import { TillSide } from './till-side.ts'
import { type Tally, type Violation, World } from './world.ts'

export interface DayOptions {
  /** Keys of strikes, kinds and parts of the plan that are left out. */
  readonly off?: ReadonlySet<string>
  readonly traced?: boolean
  /** What happens to the books before they are judged: the oracle must see it. */
  readonly atTheEnd?: Ending
}

export type Ending = (parts: { readonly world: World; readonly oracle: Oracle }) => Promise<void> | void

/** What a day came to. */
export interface DayReport {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly tally: Tally
  readonly struck: readonly Strike[]
  readonly story: readonly string[]
  /** Virtual time that passed, ms. */
  readonly tookMs: number
}

const HOUR_MS = 3_600_000
/** A day and its healing take this many timers at most: more is a till that spins. */
const MOST_TURNS = 400_000

export async function playDay(seed: number, options: DayOptions = {}): Promise<DayReport> {
  const schedule = new Schedule(seed, options.off)
  const plan = dayOf(schedule)
  const world = new World(schedule, plan, options.traced ?? false)
  const devices = new Devices(world)
  const day = new Day(world, devices, options.atTheEnd ?? (() => undefined))
  await passing(world, day.lived())
  devices.count(world.tally.accidents)
  for (const { kind } of schedule.struck)
    world.tally.accidents.set(kind, (world.tally.accidents.get(kind) ?? 0) + 1)
  return {
    seed,
    violations: world.violations,
    tally: world.tally,
    struck: schedule.struck,
    story: world.story,
    tookMs: world.clock.monotonicMs(),
  }
}

/** Enough is enough: what follows is only more of it. */
const MOST_VIOLATIONS = 12

/** Lets virtual time pass until the work is done. */
async function passing(world: World, work: Promise<void>): Promise<void> {
  let over = false
  work.then(
    () => {
      over = true
    },
    (thrown: unknown) => {
      over = true
      world.violated('I6', `the day broke off: ${thrown instanceof Error ? thrown.stack : String(thrown)}`)
    },
  )
  for (let turns = 0; turns < MOST_TURNS; turns += 1) {
    await world.clock.settle(world.clock.untilNextMs() ?? 0)
    if (over || world.lost || world.violations.length >= MOST_VIOLATIONS) return
    if (world.clock.pending === 0) {
      world.violated('I6', 'nothing moves any more')
      return
    }
  }
  world.violated('I6', 'it does not come to rest')
}

class Day {
  readonly #world: World
  readonly #devices: Devices
  readonly #atTheEnd: Ending
  readonly #oracle: Oracle
  readonly #till: TillSide
  readonly #person: Person
  readonly #cashier: Cashier
  readonly #parked: { readonly plan: CustomerPlan; readonly customer: Customer; readonly untilMs: number }[] =
    []
  /** Serials of cards that were paid for before their provider was asked. */
  readonly #soldOffline: Set<string> = new Set()

  constructor(world: World, devices: Devices, atTheEnd: Ending) {
    this.#world = world
    this.#atTheEnd = atTheEnd
    this.#devices = devices
    this.#oracle = new Oracle(world)
    this.#till = new TillSide(world, this.#oracle)
    this.#person = new Person(world, this.#oracle, this.#till, devices)
    this.#cashier = new Cashier({
      world,
      oracle: this.#oracle,
      till: this.#till,
      devices,
      person: this.#person,
    })
  }

  async lived(): Promise<void> {
    const world = this.#world
    await world.prepare()
    world.tell(`seed ${world.schedule.seed}: ${world.plan.customers.length} customers`)
    for (const plan of world.plan.customers) {
      this.#weather()
      await this.#serves(plan)
      // Somebody sets the clock right while something may still be on its way.
      if (world.strikes('clock-step-back', 'after a sale')) this.#setsBack()
      await world.pause(plan.pausedMs)
      await this.#person.looksAtTasks()
      await this.#takesUpParked(world.clock.monotonicMs())
    }
    await this.#takesUpParked(Number.POSITIVE_INFINITY)
    for (const plan of world.plan.customers) await this.#comesBack(plan)
    await this.#heals()
    await this.#atTheEnd({ world, oracle: this.#oracle })
    this.#countRefused()
    finalChecks(world, this.#oracle)
  }

  // ── what happens around ─────────────────────────────────────────────────────────────────────────────

  #weather(): void {
    const world = this.#world
    const { schedule } = world
    const provider = schedule.pick('which provider', ['activation', 'activation', 'coupon', 'purse'])
    if (world.strikes('outage-short', provider)) {
      world.situation('outage-of-minutes')
      world.wire.outage(provider, schedule.between('outage', 1, 60) * 60_000)
    }
    if (world.strikes('outage-of-days', provider)) {
      world.situation('outage-of-days')
      world.wire.outage(provider, schedule.between('outage', 24, 72) * HOUR_MS)
    }
    if (world.strikes('clock-step-back', 'day')) this.#setsBack()
    if (world.strikes('clock-step-forward', 'day')) {
      world.situation('clock-step-forward')
      world.clock.stepWall(schedule.pick('clock set by', [5_000, 600_000, HOUR_MS]))
    }
  }

  #setsBack(): void {
    const { schedule, clock } = this.#world
    this.#world.situation('clock-step-back')
    clock.stepWall(-schedule.pick('clock set by', [5_000, 600_000, HOUR_MS, 26 * HOUR_MS]))
  }

  /** Between the total and the receipt: what is reserved, and paid, cannot be activated for a while. */
  #lateOutage(): void {
    const world = this.#world
    if (!world.strikes('outage-short', 'while paying')) return
    world.situation('outage-of-minutes')
    world.wire.outage('activation', world.schedule.between('outage', 1, 90) * 60_000)
  }

  // ── customers ───────────────────────────────────────────────────────────────────────────────────────

  async #serves(plan: CustomerPlan): Promise<void> {
    const world = this.#world
    const customer = this.#oracle.newCustomer(plan.sale, plan.owner)
    world.bank.balances.set(customer.purse, world.schedule.pick('in the purse', [0, 500, 3_000, 20_000]))
    await this.#cashier.opens(plan.sale, plan.owner)
    await this.#cashier.ringsUp(plan)
    const { parkedMs } = plan
    if (parkedMs !== undefined && plan.owner === 'till') {
      const heard = await this.#till.command(`parks ${plan.sale}`, till => till.find(plan.sale).park())
      if (heard.was !== 'refused') {
        this.#parked.push({ plan, customer, untilMs: world.clock.monotonicMs() + parkedMs })
        return
      }
    }
    await this.#ends(plan, customer)
  }

  async #takesUpParked(nowMs: number): Promise<void> {
    for (const each of this.#parked.splice(0)) {
      if (each.untilMs > nowMs) {
        this.#parked.push(each)
        continue
      }
      const waitMs = each.untilMs - this.#world.clock.monotonicMs()
      if (waitMs > 0) await this.#world.pause(waitMs)
      await this.#whileParked(each.plan)
      await this.#till.command(`takes ${each.plan.sale} up again`, till => till.find(each.plan.sale).resume())
      await this.#ends(each.plan, each.customer)
    }
  }

  /** A reservation may have run out meanwhile, and somebody else may have taken the card. */
  async #whileParked(plan: CustomerPlan): Promise<void> {
    const world = this.#world
    const { cards } = world.host.store.books
    for (const { serial, ware } of plan.items) {
      const card = serial === undefined ? undefined : cards.get(serial)
      const over = card?.state === 'reserved' && (card.heldUntil ?? 0) < world.hostNow()
      if (serial === undefined || !over) continue
      world.situation('expiry-while-parked')
      if (!world.strikes('card-taken-by-another', 'parked')) continue
      world.situation('taken-by-another')
      const id = `00000000-0000-7000-8000-${serial.slice(1).padStart(12, '0')}`
      await world.host.sellsElsewhere(serial, ware.prodid ?? '', id)
    }
  }

  /** What was sold without asking its provider may be sold a second time, elsewhere. */
  async #whileOffline({ sale, items }: CustomerPlan): Promise<void> {
    const world = this.#world
    const view = this.#oracle.seen.get(sale)
    if (view?.state !== 'settling' && view?.state !== 'closed') return
    for (const { serial, ware } of items) {
      const isPutOff = view.claims.some(claim => claim.serial === serial && claim.state === 'deferred')
      if (serial === undefined || !isPutOff) continue
      world.situation('sold-offline')
      this.#soldOffline.add(serial)
      if (!world.strikes('card-taken-by-another', 'sold offline')) continue
      const id = `00000000-0000-7000-8000-${serial.slice(1).padStart(12, '0')}`
      if (await world.host.sellsElsewhere(serial, ware.prodid ?? '', id)) world.situation('taken-by-another')
    }
  }

  /** Of what was sold without asking, the provider refused some when it was asked. */
  #countRefused(): void {
    const refused = [...this.#world.host.store.books.operations.values()].filter(
      ({ kind, state, owner }) => kind === 'reserve' && state === 'refused' && owner !== ELSEWHERE,
    )
    for (const serial of this.#soldOffline)
      if (refused.some(each => each.serial === serial)) this.#world.situation('refused-after-offline')
  }

  async #ends(plan: CustomerPlan, customer: Customer): Promise<void> {
    const { sale } = plan
    const view = await this.#till.look(sale)
    const cancels = plan.cancels || this.#world.strikes('cancels-sale', 'before the total')
    if (cancels && plan.owner === 'till') await this.#cashier.cancels(sale)
    else if (plan.owner === 'register' && view) {
      if (cancels) this.#person.book.set(sale, { status: 'cancelled' })
      await this.#person.registerDecides(customer, view)
      await this.#whileOffline(plan)
    } else {
      await this.#cashier.totals(sale)
      this.#lateOutage()
      await this.#cashier.paysFor(customer, sale, plan.tenders)
      const paid = await this.#till.look(sale)
      await this.#whileOffline(plan)
      if (paid?.state === 'settling') await this.#cashier.finishes(sale)
    }
    await this.#cashier.concludes(customer, sale)
  }

  /** The customer comes back with all of it, or with one article. */
  async #comesBack({ sale, back, owner }: CustomerPlan): Promise<void> {
    const view = await this.#till.look(sale)
    const customer = this.#oracle.customerOf(sale)
    if (back === undefined || view?.state !== 'closed' || !customer || owner === 'register') return
    const id = `${sale}-back`
    customer.sales.add(id)
    this.#weather()
    const opened = await this.#till.command(`${back} of ${sale}`, till =>
      till.sale({ id, kind: back, original: sale, operator: '17' }),
    )
    if (opened.was === 'refused') return
    const lines = view.lines.filter(line => line.state === 'active')
    const line = lines[this.#world.schedule.below('which comes back', lines.length)]
    if (back === 'return' && line) {
      this.#world.situation('line-returned')
      this.#oracle.takesBack(id, 'back-1', line.id)
      await this.#till.command(`takes back ${line.id}`, till =>
        till.find(id).add({ line: 'back-1', of: line.id }),
      )
    } else this.#world.situation('sale-voided')
    const by = this.#world.schedule.pick<'cash' | 'card'>('paid back by', ['cash', 'card'])
    const total = await this.#cashier.totals(id)
    if (total?.ready) await this.#cashier.paysFor(customer, id, [{ by, share: 100 }])
    await this.#cashier.concludes(customer, id)
  }

  // ── the end ─────────────────────────────────────────────────────────────────────────────────────────

  /** Nothing strikes any more: in bounded time everything ends. */
  async #heals(): Promise<void> {
    const world = this.#world
    world.tell('— the world heals —')
    world.schedule.calm = true
    world.wire.heal()
    this.#devices.heal()
    await this.#till.awake()
    for (const [sale, view] of this.#oracle.seen) {
      const customer = this.#oracle.customerOf(sale)
      if (customer && !ENDED.has(view.state)) await this.#cashier.concludes(customer, sale)
    }
    for (let rounds = 0; rounds < 30; rounds += 1) {
      await this.#person.looksAtTasks()
      const heard = await this.#till.command('waits for the outbox', till =>
        till.idle({ timeoutMs: HOUR_MS / 4 }),
      )
      if (heard.was === 'answered' && heard.value && world.till.tasks().length === 0) break
    }
    if (world.plan.endsDay) await this.#till.command('ends the day', till => till.endOfDay())
    await this.#person.looksAtTasks()
    for (const sale of [...this.#oracle.seen.keys()]) await this.#till.look(sale)
  }
}
