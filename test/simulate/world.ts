// Everything around one till, in virtual time: clock, disk, providers, devices; the till's lives one after the other;
// and what is told of all of it, to the story and to the statistics.
import { SimClock, SimDisk, SimRandom } from '@cashdesk/hardware-sim'
import { CashdeskError } from '@cashdesk/kernel'
import { openTill, type Till, type TillOptions } from '@cashdesk/sdk'
import { afterDeath, LifeDisk } from './disk.ts'
import { type Death, Life } from './life.ts'
import { PinOffice } from './pad.ts'
import { type DayPlan, SERIALS, serialOf, wareOfSerial } from './plan.ts'
import { cards, coupon, purse } from './plugins.ts'
import { ActivationHost, type CardEvent, CouponHouse, PurseBank } from './providers.ts'
import type { Customer } from './purse.ts'
import { Records } from './records.ts'
import type { AccidentKind, Schedule } from './schedule.ts'
import { catalog, products } from './shop.ts'
import type { SituationName } from './situations.ts'
import { type Provider, Wire } from './wire.ts'

/** What a run counted. */
export interface Tally {
  crashes: number
  lives: number
  readonly accidents: Map<string, number>
  readonly situations: Map<SituationName, number>
  readonly transitions: Map<string, number>
  /** Place and state of every crash. */
  readonly points: Set<string>
}

/** What a broken promise looks like. */
export interface Violation {
  readonly invariant: string
  readonly message: string
}

/** Deaths in a row before a life is left in peace: nobody switches a machine on for ever. */
const MOST_DEATHS_IN_A_ROW = 8
/** Small, so that a day goes through several. */
const SEGMENT_BYTES = 65_536
const START_MS = Date.UTC(2026, 0, 5, 8)

export class World {
  readonly schedule: Schedule
  readonly plan: DayPlan
  readonly clock: SimClock = new SimClock(START_MS)
  readonly disk: SimDisk = new SimDisk()
  readonly host: ActivationHost
  readonly coupons: CouponHouse
  readonly bank: PurseBank
  readonly wire: Wire
  readonly records: Records
  readonly violations: Violation[] = []
  readonly tally: Tally = {
    crashes: 0,
    lives: 0,
    accidents: new Map(),
    situations: new Map(),
    transitions: new Map(),
    points: new Set(),
  }
  /** Called when a card became active or dead. */
  cardHeard: (event: CardEvent) => void = () => undefined
  /** What lies in front of the printer: the texts of whole receipts. */
  papers: () => readonly string[] = () => []
  /** What the terminal's book says that a customer was charged, minor units. */
  cardMinor: (customer: Customer) => number = () => 0
  isAskingForPin: () => boolean = () => false
  /** What the register answers about a sale that it owns. */
  statusOf: NonNullable<TillOptions['statusOf']> = () => ({ status: 'unknown' })
  /** The devices of a new life. */
  devices: (life: Life) => Partial<TillOptions> = () => ({})
  readonly story: string[] = []
  /** The journal cannot be opened any more: there is nothing left to play. */
  lost = false
  readonly #traced: boolean
  #life: Life
  #till: Till | undefined
  #requestsOut = 0

  constructor(schedule: Schedule, plan: DayPlan, traced: boolean) {
    this.schedule = schedule
    this.plan = plan
    this.#traced = traced
    const whim = (provider: string, operation: string): boolean =>
      /^(reserve|commit|renew)$/.test(operation) &&
      this.strikes('provider-refuses', `${provider} ${operation}`)
    this.host = new ActivationHost(
      () => this.hostNow(),
      whim,
      event => {
        this.tell(`activation: card ${event.serial} ${event.event}`)
        this.cardHeard(event)
      },
    )
    this.coupons = new CouponHouse(whim)
    const office = new PinOffice(what => this.violated('I4', what))
    this.bank = new PurseBank(whim, plan.pin ? office : undefined)
    this.wire = new Wire(
      this.clock,
      schedule,
      { tell: text => this.tell(text), situation: name => this.situation(name) },
      new Map<string, Provider>([
        ['activation.example', this.host],
        ['coupon.example', this.coupons],
        ['purse.example', this.bank],
      ]),
    )
    this.records = new Records(this.tally.transitions)
    this.#life = new Life(0, this.clock)
    this.#life.die('kill')
  }

  async prepare(): Promise<void> {
    const numbers = Array.from({ length: SERIALS }, (_, number) => number)
    await this.host.store.seed({
      articles: products(),
      cards: numbers.map(number => ({
        serial: serialOf(number),
        prodid: wareOfSerial(number).prodid ?? '',
      })),
    })
  }

  /** The provider's clock: its own, and never set. */
  hostNow(): number {
    return START_MS + this.clock.monotonicMs()
  }

  /** Who made a card active, by the provider's book. */
  activatedBy(serial: string): string | undefined {
    const { history } = this.host.store.books
    return history.findLast(each => each.serial === serial && each.event === 'activated')?.by
  }

  get life(): Life {
    return this.#life
  }

  /** The till of this life. @throws Error while there is none */
  get till(): Till {
    if (!this.#till) throw new Error('no till is open')
    return this.#till
  }

  strikes(kind: AccidentKind, place: string, factor = 1): boolean {
    const struck = this.schedule.strikes(kind, place, factor)
    if (struck) this.tell(`⚡ ${kind} (${place})`)
    return struck
  }

  situation(name: SituationName): void {
    this.tally.situations.set(name, (this.tally.situations.get(name) ?? 0) + 1)
  }

  tell(text: string): void {
    if (this.#traced) this.story.push(`${timeOf(this.clock.monotonicMs())}  ${text}`)
  }

  violated(invariant: string, message: string): void {
    if (this.violations.length >= 20) return
    this.violations.push({ invariant, message })
    this.tell(`‼ ${invariant}: ${message}`)
  }

  /** Time passes for everybody. */
  pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      this.clock.after(ms, resolve)
    })
  }

  // ── lives ─────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * The till dies now, whatever it is doing. After a failed sync the process alone may be started again as well: what was
   * not synced is still read then, the pages count as clean, and a later power cut takes them.
   */
  dies(death: Death, place: string): void {
    if (!this.#life.alive) return
    if (this.#life.diskFailed && death === 'kill') this.situation('disk-error-restarted')
    this.tally.crashes += 1
    this.tally.points.add(`${place} × ${this.records.state}`)
    this.#notice(place, death)
    this.tell(`✝ the till dies: ${place} [${this.records.state}]`)
    this.#till = undefined
    this.#life.die(death)
    this.tell(`  ${afterDeath(this.disk, death, this.schedule)}`)
    this.records.died()
  }

  #notice(place: string, death: Death): void {
    if (death === 'kill') this.situation('killed-not-lost')
    if (death === 'power') {
      if (/^within write of the journal/.test(place)) this.situation('torn-batch')
      if (/^(before|within) sync of the journal/.test(place)) this.situation('unsynced-batch')
      if (/^after sync of the journal/.test(place)) this.situation('synced-not-told')
    }
    if (!this.#life.isOpen) this.situation('crash-during-recovery')
    if (this.records.isPaying) this.situation('crash-while-paying')
    if (this.isAskingForPin()) this.situation('crash-during-pin')
    if (this.#requestsOut > 0) this.situation('crash-while-provider-works')
  }

  /** Switches the machine on again and again until the till is open. */
  async boot(): Promise<void> {
    for (let deaths = 0; ; deaths += 1) {
      if (deaths === 3) this.situation('crashes-in-a-row')
      this.tally.lives += 1
      const life = new Life(this.tally.lives, this.clock)
      this.#life = life
      this.#requestsOut = 0
      const calm = this.schedule.calm
      if (deaths >= MOST_DEATHS_IN_A_ROW) this.schedule.calm = true
      const till = await Promise.race([this.#opened(life), life.ended.then(() => undefined)])
      this.schedule.calm = calm
      if (till && life.alive) {
        this.#till = till
        life.isOpen = true
        this.tell(`● the till is open (life ${life.number}, ${till.journal.records} records)`)
        return
      }
      await this.pause(this.schedule.pick('switched on after', [200, 3_000, 40_000]))
    }
  }

  async #opened(life: Life): Promise<Till | undefined> {
    const { schedule, plan } = this
    const disk = new LifeDisk(
      this.disk,
      life,
      schedule,
      {
        writing: (path, bytes) => this.records.writing(path, bytes),
        synced: path => this.records.synced(path),
        isCritical: () => this.records.isCritical,
        tell: text => this.tell(text),
      },
      (death, place) => {
        if (life.alive) this.dies(death, place)
      },
    )
    const base = life.http(this.wire.http)
    const profile = {
      onUnknown: plan.onUnknown,
      timeoutMs: 4_000,
      reserveLimitMs: 9_000,
      taskAfterMs: 1_800_000,
    }
    try {
      return await openTill({
        dir: 'till',
        lane: 'Lane 1',
        currency: plan.swiss ? 'CHF' : 'EUR',
        header: ['The Shop'],
        catalog,
        plugins: [cards(plan.onUnknown, plan.deferral), coupon(profile), purse(profile, plan.pin)],
        statusOf: sale => this.statusOf(sale),
        segmentBytes: SEGMENT_BYTES,
        snapshotEvery: plan.snapshotEvery,
        ...this.devices(life),
        ports: {
          clock: life.clock,
          random: life.random(new SimRandom(schedule.seed * 1_000 + life.number)),
          disk,
          http: {
            send: async request => {
              this.#requestsOut += 1
              try {
                return await base.send(request)
              } finally {
                this.#requestsOut -= 1
              }
            },
          },
        },
      })
    } catch (thrown) {
      return this.#cannotOpen(life, thrown)
    }
  }

  #cannotOpen(life: Life, thrown: unknown): undefined {
    if (!life.alive) return undefined
    const error =
      thrown instanceof CashdeskError ? `${thrown.code} ${JSON.stringify(thrown.detail)}` : String(thrown)
    const planned = thrown instanceof CashdeskError && /poisoned|disk\.failed/.test(thrown.code)
    // A disk that just failed is no broken promise; a journal that cannot be read again is.
    if (!planned) {
      this.violated('I5', `the till cannot be opened: ${error}`)
      this.lost = true
    }
    this.dies('power', 'a failed opening')
    return undefined
  }
}

/** `2d 04:12:33.120` since the morning. */
function timeOf(ms: number): string {
  const days = Math.floor(ms / 86_400_000)
  const clock = new Date(ms % 86_400_000).toISOString().slice(11, 23)
  return `${days === 0 ? '   ' : `${days}d `}${clock}`
}
