// A person with eyes: settles tasks after looking at the terminal's slips and the provider's pages, and keeps the book of
// a register that takes its payments itself.
import type { RegisterStatus, SaleView, TaskView } from '@cashdesk/sdk'
import type { Devices } from './devices.ts'
import { isForced } from './forced.ts'
import type { Oracle } from './oracle.ts'
import type { Customer } from './purse.ts'
import type { TillSide } from './till-side.ts'
import type { World } from './world.ts'

type Action = 'retry' | 'booked' | 'not-booked' | 'reversed' | 'not-reversed' | 'settled' | 'written-off'

export class Person {
  readonly world: World
  readonly oracle: Oracle
  readonly till: TillSide
  readonly devices: Devices
  /** What the register wrote down about sales that it owns. */
  readonly book: Map<string, RegisterStatus> = new Map()
  readonly #decided: Map<string, { readonly task: TaskView; readonly action: Action }> = new Map()
  readonly #forced: Set<string> = new Set()

  constructor(world: World, oracle: Oracle, till: TillSide, devices: Devices) {
    this.world = world
    this.oracle = oracle
    this.till = till
    this.devices = devices
    world.statusOf = sale => this.book.get(sale) ?? { status: 'open' }
  }

  // ── tasks ───────────────────────────────────────────────────────────────────────────────────────────

  /** Looks at the list of tasks, and settles what can be settled now. */
  async looksAtTasks(): Promise<void> {
    await this.till.awake()
    const { world } = this
    if (!world.life.alive) return
    const tasks = world.till.tasks()
    // Settled, and nobody heard the answer: the list says it.
    for (const [id, { task, action }] of this.#decided)
      if (!tasks.some(each => each.id === id)) await this.#put(task, action)
    for (const task of tasks) {
      if (!this.#forced.has(task.id)) {
        this.#forced.add(task.id)
        world.tell(`task: ${task.kind} ${task.sale ?? ''} ${task.amountMinor ?? ''} (${task.error.code})`)
        const why = isForced(this, task)
        if (why !== undefined) world.violated('I6', `needless task ${task.kind} of ${task.sale}: ${why}`)
      }
      const action = this.#decided.get(task.id)?.action ?? this.#decides(task)
      if (action === undefined) continue
      await this.#resolves(task, action)
    }
  }

  async #resolves(task: TaskView, action: Action): Promise<void> {
    const { world } = this
    if (action !== 'retry') this.#decided.set(task.id, { task, action })
    const heard = await this.till.command(`settles ${task.kind} of ${task.sale}: ${action}`, till =>
      till.resolve({ task: task.id, action, operator: '17', reason: 'looked' }),
    )
    if (heard.was === 'answered') world.situation('person-decides')
    // Answered, or settled by the command whose answer was lost.
    if (heard.was === 'gone') return
    if (heard.was === 'refused' && heard.error.code !== 'task.unknown') {
      // The till said no: nothing went over the counter, whatever becomes of the task later.
      this.#decided.delete(task.id)
      return
    }
    await this.#put(task, action)
  }

  /** What the decision means over the counter. */
  async #put(task: TaskView, action: Action): Promise<void> {
    if (this.oracle.settled.has(task.id)) return
    if (task.sale !== undefined) await this.till.look(task.sale)
    this.oracle.settles(task, action)
  }

  #decides(task: TaskView): Action | undefined {
    const { schedule } = this.world
    switch (task.kind) {
      case 'payment-unresolved':
      case 'reversal-unresolved':
        return this.#readsTheSlip(task)
      case 'refund-due':
        return !schedule.calm && schedule.chance('tries once more', 0.3) ? 'retry' : 'settled'
      case 'provider-stuck':
        if (!task.actions.includes('settled')) return schedule.chance('pushes', 0.2) ? 'retry' : undefined
        return 'settled'
      case 'customer-owed':
        return task.actions.includes('retry') && schedule.chance('tries once more', 0.3) ? 'retry' : 'settled'
      default:
        return task.actions.includes('settled') ? 'settled' : undefined
    }
  }

  /** The truth about the last payment at the terminal; nothing while the terminal itself is still at it. */
  #readsTheSlip(task: TaskView): Action | undefined {
    const customer = task.sale === undefined ? undefined : this.oracle.customerOf(task.sale)
    const view = task.sale === undefined ? undefined : this.oracle.seen.get(task.sale)
    if (!customer || !view) return undefined
    if (this.devices.terminal.state().dialogue !== null) return undefined
    const entries = this.devices.entriesOf(customer)
    if (entries.some(({ state }) => state === 'authorised')) return undefined
    const amount = Math.abs(task.amountMinor ?? 0)
    const open = view.payments.find(
      ({ state }) => state === 'unknown' || state === 'reversing' || state === 'sent',
    )
    if (!open) return undefined
    if (open.state === 'reversing') {
      const trace = Number(open.facts?.['trace'] ?? -1)
      const original = entries.find(each => each.trace === trace)
      return original?.state === 'reversed' ? 'reversed' : 'not-reversed'
    }
    const back = open.askedMinor < 0
    const counted = this.#countedOf(customer)
    const [last] = entries.filter(
      ({ kind, trace }) => !counted.has(trace) && (back ? kind !== 'payment' : kind === 'payment'),
    )
    const booked = last?.state === 'booked' && last.amountMinor === amount
    // A payment of another amount stands there: the till is told what it can understand.
    return booked ? 'booked' : 'not-booked'
  }

  /** Slips that the till knows about already. */
  #countedOf(customer: Customer): ReadonlySet<number> {
    const traces = [...customer.sales].flatMap(sale =>
      (this.oracle.seen.get(sale)?.payments ?? [])
        .filter(({ state }) => state !== 'unknown' && state !== 'sent')
        .map(({ facts }) => Number(facts?.['trace'] ?? -1)),
    )
    return new Set(traces)
  }

  // ── a register that owns its payments ───────────────────────────────────────────────────────────────

  /** The register takes the money, writes it down, and says so; it may die in between. */
  async registerDecides(customer: Customer, view: SaleView): Promise<void> {
    const known = this.book.get(view.id)
    if (known?.status === 'paid') return this.#says(view.id)
    if (known?.status === 'cancelled') return this.#cancels(view.id)
    if (view.prompts.length > 0 || !view.lines.some(line => line.state === 'active')) {
      this.book.set(view.id, { status: 'cancelled' })
      return this.#cancels(view.id)
    }
    if (!view.ready) {
      await this.till.command(`total of ${view.id}`, till => till.find(view.id).total())
      const now = await this.till.lookUntil(view.id, 60_000, each => each.ready || each.state === 'open')
      if (!now?.ready) return
      return this.registerDecides(customer, now)
    }
    // Its customer takes long to pay: a reservation may run out meanwhile, and is not renewed.
    if (this.world.strikes('dawdles', 'register', 2)) await this.world.pause(1_200_000)
    await this.registerPays(customer, view)
  }

  async registerPays(customer: Customer, view: SaleView): Promise<void> {
    const { revision, totals, id } = view
    const { totalMinor } = totals
    customer.registerMinor = totalMinor
    this.book.set(id, { status: 'paid', revision, totalMinor, reference: `book-${id}` })
    this.world.tell(`register: writes down ${totalMinor} for ${id}`)
    if (this.world.strikes('register-dies', 'paid')) {
      this.world.situation('register-dies')
      this.world.dies('power', 'the register dies after its payment')
      // Nobody says it again: the till must ask.
      await this.till.awake()
      await this.till.lookUntil(id, 240_000, each => each.state !== 'tendering')
      return
    }
    await this.#says(id)
  }

  async #says(sale: string): Promise<void> {
    const { revision = 0, totalMinor = 0, reference = '' } = this.book.get(sale) ?? {}
    await this.till.command(`the register says that ${sale} is paid`, till =>
      till.find(sale).paid({ revision, totalMinor, reference }),
    )
  }

  async #cancels(sale: string): Promise<void> {
    await this.till.command(`the register cancels ${sale}`, till => till.find(sale).cancel())
    await this.till.lookUntil(sale, 60_000, view => view.state === 'cancelled')
  }
}
