// The loop that joins checkout and journal: one input at a time is decided, made durable, and only then shown and
// performed. Nobody outside learns of anything that a power cut could still take back.
import {
  DECIDE_VERSION,
  type Decision,
  decide,
  dueAfter,
  evolve,
  keepSale,
  type Lane,
  nextDue,
} from '@cashdesk/checkout'
import { dropAfterRestart, entry, type Journal, type Outbox } from '@cashdesk/journal'
import type {
  Clock,
  EpochMs,
  ErrorReport,
  Event,
  Input,
  Intent,
  Log,
  PaymentExpectation,
  Random,
  Sale,
  SaleId,
  Stamp,
  Step,
  Stop,
  Task,
  TaskId,
} from '@cashdesk/kernel'
import { CashdeskError, report } from '@cashdesk/kernel'
import type { DurableStep, Taken } from './durable-step.ts'
import { LaneTime } from './lane-time.ts'
import { LaneMemory } from './memory.ts'
import type { Snapshots } from './snapshots.ts'
import { nonceOf } from './stamp.ts'
import { type Moment, momentOf, type SaleView, viewOf } from './view.ts'

/** Waiters and listeners at once: more is a register that never lets go of them. */
const MAX_WAITERS = 10_000
/** A due time that stays due after a clock input must not spin. */
const CLOCK_FLOOR_MS = 20

export type { DurableStep, Taken }

export interface LoopOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Completes intents (calls, documents) before they are journaled. */
  readonly materialise: (intents: readonly Intent[]) => readonly Intent[]
  readonly keptSales: number | undefined
  /** Reads a sale that left the memory from the journal again, with those that belong to it. */
  readonly recall: (sale: SaleId) => Promise<readonly Sale[]>
}

interface Waiter {
  check(): boolean
  fail(error: CashdeskError): void
}

export class LaneLoop {
  readonly memory: LaneMemory
  readonly lane: Lane
  /** Only durable steps are folded in: what is in it may leave. */
  readonly outbox: Outbox
  /** Open tasks, as far as they are durable. */
  readonly tasks: ReadonlyMap<TaskId, Task>
  #snapshots: Snapshots | undefined
  readonly #options: LoopOptions
  readonly #time: LaneTime
  #journal: Journal | undefined
  #records = 0
  #durable = 0
  #tail: Promise<void> = Promise.resolve()
  #pending = 0
  #failure: CashdeskError | undefined
  #closed = false
  #timer: Stop | undefined
  /** On the lane's clock; Infinity when nothing is due, undefined when it must be looked up. */
  #dueAt: EpochMs | undefined
  /** The durable views of sales that have gone on since; undefined for a sale whose opening is not durable yet. */
  readonly #moments: Map<SaleId, Moment | undefined> = new Map()
  readonly #waiters: Set<Waiter> = new Set()
  readonly #listeners: Set<(durable: DurableStep) => void> = new Set()
  readonly #refusals: Set<(error: ErrorReport, sale: SaleId | undefined) => void> = new Set()

  constructor(options: LoopOptions) {
    this.#options = options
    this.memory = new LaneMemory({ keptSales: options.keptSales })
    this.lane = this.memory.lane
    this.outbox = this.memory.outbox
    this.tasks = this.memory.tasks
    this.#time = new LaneTime(options.clock, this.lane)
  }

  /** Before it the recorded steps were folded into `memory`. */
  start(journal: Journal, snapshots: Snapshots): void {
    this.#journal = journal
    this.#snapshots = snapshots
    this.#records = journal.records
    this.#durable = journal.records
    if (this.memory.at !== undefined) this.#time.recorded(this.memory.at)
    dropAfterRestart(this.outbox)
  }

  /** Durable steps. */
  get records(): number {
    return this.#durable
  }

  /** The terminal's last transaction that is resolved, as far as that is durable. */
  get lastBooked(): Pick<PaymentExpectation, 'before' | 'beforeAt'> {
    const { lastBooked: before, lastBookedAt: beforeAt } = this.memory
    return { ...(before && { before }), ...(before && beforeAt !== undefined && { beforeAt }) }
  }

  /** The lane's state is durable as it stands: nothing is on its way to the disk. */
  get settled(): boolean {
    return this.#pending === 0
  }

  get failure(): CashdeskError | undefined {
    return this.#failure
  }

  onStep(listener: (durable: DurableStep) => void): Stop {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  onRefusal(listener: (error: ErrorReport, sale: SaleId | undefined) => void): Stop {
    this.#refusals.add(listener)
    return () => void this.#refusals.delete(listener)
  }

  /**
   * Decides an input and makes the decision durable.
   * @throws CashdeskError `register.closed`, `journal.poisoned`, `disk.full` and what else the journal says
   */
  async submit(input: Input): Promise<Taken> {
    const forgotten = this.#forgottenBy(input)
    if (forgotten !== undefined) await this.recall(forgotten)
    const journal = this.#usable()
    // The disk is full: what is left in the open segment belongs to the sales that are under way.
    if (input.type === 'sale.open' && journal.low && !this.lane.sales.has(input.sale)) {
      if (!(await journal.makeRoom())) return { events: [], refusal: report('disk.full') }
      this.#usable()
    }
    const stamp = { at: this.#time.now(), nonce: nonceOf(this.#options.random) }
    const decision = decide(this.lane, input, stamp)
    const refusal = decision.events.find(event => event.type === 'refused')
    const events = decision.events.filter(event => event.type !== 'refused')
    if (events.length === 0) {
      // Nothing to write; but a repeated command may ask about a step whose sync is still under way.
      await this.#tail
      if (this.#failure) throw this.#failure
    } else await this.#write(journal, stamp, input, { events, intents: decision.intents }, refusal?.error)
    if (refusal) this.#tellRefusal(refusal.error, refusal.sale)
    return refusal ? { events, refusal: refusal.error } : { events }
  }

  /** The sale of an input that left the memory, if it is about one. */
  #forgottenBy(input: Input): SaleId | undefined {
    if (!('sale' in input)) return undefined
    if (this.forgot(input.sale)) return input.sale
    return input.type === 'sale.open' && input.original !== undefined && this.forgot(input.original)
      ? input.original
      : undefined
  }

  /** The sale ended long ago, most probably: its id alone is still known. */
  forgot(sale: SaleId): boolean {
    return !this.lane.sales.has(sale) && this.memory.forgetting.knew(sale)
  }

  /** Brings a sale back into memory that ended long ago. @throws CashdeskError what the journal says */
  async recall(sale: SaleId): Promise<void> {
    this.bringBack(await this.#options.recall(sale))
  }

  /** What is in the lane already has gone on since. */
  bringBack(sales: readonly Sale[]): void {
    for (const sale of sales) if (!this.lane.sales.has(sale.id)) keepSale(this.lane, sale)
  }

  #usable(): Journal {
    if (this.#failure) throw this.#failure
    if (this.#closed || !this.#journal) throw new CashdeskError('register.closed')
    if (this.#journal.state === 'restored') throw new CashdeskError('journal.restored')
    return this.#journal
  }

  /** From the decision to the append without a pause: records and state stay in the same order. */
  async #write(
    journal: Journal,
    stamp: Stamp,
    input: Input,
    decision: Decision,
    refusal: ErrorReport | undefined,
  ): Promise<void> {
    const sales = this.#touched(decision.events)
    for (const sale of sales) if (!this.#moments.has(sale)) this.#moments.set(sale, this.#momentNow(sale))
    const troubled = this.lane.troubles.size > 0
    for (const event of decision.events) evolve(this.lane, event)
    this.memory.forgetting.look(this.lane)
    const intents = this.#options.materialise(decision.intents)
    const step: Step = {
      decideVersion: DECIDE_VERSION,
      at: stamp.at,
      input,
      events: decision.events,
      intents,
    }
    const moments = sales.map(sale => [sale, this.#momentNow(sale)] as const)
    this.#records += 1
    const record = this.#records
    this.#pending += 1
    const synced = journal.append(step)
    const before = this.#tail
    this.#tail = synced.then(
      () => before,
      () => undefined,
    )
    try {
      await synced
      await before
    } catch (thrown) {
      throw this.#fail(thrown)
    }
    this.#pending -= 1
    this.#durable = record
    for (const [sale, moment] of moments) this.#moments.set(sale, moment)
    // Nothing is under way: the lane itself is durable, and snapshots of it need not be kept.
    if (this.#pending === 0) this.#moments.clear()
    // An answer after a silence: everything that was held back for that provider is due now.
    if (troubled && decision.events.some(event => event.type === 'op.settled')) this.#dueAt = undefined
    this.#becomeDurable(record, step, sales, refusal)
  }

  /** Sales whose view a step changes. To be asked before its events are applied: a resolved task is gone afterwards. */
  #touched(events: readonly Event[]): readonly SaleId[] {
    const ids = new Set<SaleId>()
    for (const event of events) {
      const id =
        event.type === 'task.opened'
          ? event.task.sale
          : event.type === 'task.resolved'
            ? this.lane.tasks.get(event.task)?.sale
            : 'sale' in event
              ? event.sale
              : undefined
      if (id !== undefined) ids.add(id)
    }
    return [...ids]
  }

  #becomeDurable(
    record: number,
    step: Step,
    sales: readonly SaleId[],
    refusal: ErrorReport | undefined,
  ): void {
    const queues = new Set(step.intents.map(intent => intent.queue))
    for (const event of step.events) {
      // Asked before the fold: a settled operation is no longer in it.
      const open =
        event.type === 'op.settled' || event.type === 'op.attempted'
          ? entry(this.outbox, event.op)
          : undefined
      if (open) queues.add(open.intent.queue)
    }
    this.memory.foldDurable(step)
    if (this.settled) this.#snapshots?.look(record)
    const durable: DurableStep = { record, step, queues, sales, ...(refusal ? { refusal } : {}) }
    for (const listener of this.#listeners) this.#guard(() => listener(durable))
    this.look()
    this.#setTimer(step.events)
  }

  /** Lets everybody who waits look again. */
  look(): void {
    for (const waiter of [...this.#waiters]) if (waiter.check()) this.#waiters.delete(waiter)
  }

  /** A listener is the register's code: its mistakes must not stop the till. */
  #guard(call: () => void): void {
    try {
      call()
    } catch (thrown) {
      this.#options.log('error', 'A listener threw.', {
        reason: thrown instanceof Error ? thrown.message : String(thrown),
      })
    }
  }

  /** Something that came in could not even be made an input: told to whoever listens to the sale in front. */
  refuse(error: ErrorReport): void {
    this.#tellRefusal(error, this.lane.front)
  }

  #tellRefusal(error: ErrorReport, sale: SaleId | undefined): void {
    for (const listener of this.#refusals) this.#guard(() => listener(error, sale))
  }

  /** A failed write is final: nothing more can be promised by this process. */
  #fail(thrown: unknown): CashdeskError {
    const error =
      thrown instanceof CashdeskError
        ? thrown
        : new CashdeskError('journal.poisoned', undefined, { cause: thrown })
    this.#failure ??= error
    this.#timer?.()
    for (const waiter of this.#waiters) waiter.fail(this.#failure)
    this.#waiters.clear()
    return this.#failure
  }

  /** Looks at what these events touched, or at everything: with a long backlog that is too much for every step. */
  #setTimer(events: readonly Event[]): void {
    if (this.#closed || this.#failure) return
    const known = this.#dueAt
    const due = (known === undefined ? nextDue(this.lane) : dueAfter(this.lane, events)) ?? Infinity
    if (known !== undefined && due >= known) return
    this.#dueAt = due
    this.#timer?.()
    this.#timer = undefined
    if (due === Infinity) return
    const delay = Math.max(CLOCK_FLOOR_MS, due - this.#time.now())
    this.#timer = this.#options.clock.after(delay, () => {
      this.#dueAt = undefined
      this.submit({ type: 'clock' }).then(
        taken => {
          if (taken.events.length === 0) this.#setTimer([])
        },
        () => undefined,
      )
    })
  }

  /** The durable state of a sale. */
  view(id: SaleId): SaleView | undefined {
    const moment = this.#moments.has(id) ? this.#moments.get(id) : this.#momentNow(id)
    return moment ? viewOf(moment) : undefined
  }

  #momentNow(id: SaleId): Moment | undefined {
    const sale = this.lane.sales.get(id)
    return sale ? momentOf(this.lane, sale) : undefined
  }

  /**
   * Waits until `look` finds something in the durable state.
   * @throws CashdeskError `register.closed` when the till closes first, or the journal's failure
   */
  until<Found>(look: () => Found | undefined): Promise<Found> {
    const found = look()
    if (found !== undefined) return Promise.resolve(found)
    if (this.#waiters.size >= MAX_WAITERS)
      return Promise.reject(new CashdeskError('sale.too-large', { waiters: MAX_WAITERS }))
    if (this.#failure) return Promise.reject(this.#failure)
    if (this.#closed) return Promise.reject(new CashdeskError('register.closed'))
    return new Promise((resolve, reject) => {
      this.#waiters.add({
        check: () => {
          const now = look()
          if (now === undefined) return false
          resolve(now)
          return true
        },
        fail: reject,
      })
    })
  }

  /** Waits for what was submitted, takes nothing more. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#timer?.()
    await this.#tail
    for (const waiter of this.#waiters) waiter.fail(new CashdeskError('register.closed'))
    this.#waiters.clear()
    if (this.settled) await this.#snapshots?.close(this.#durable)
    await this.#journal?.close()
  }
}
