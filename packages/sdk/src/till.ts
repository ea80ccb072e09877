// An open till in the register's hands: sales, tasks, devices, events, and an orderly end.
import { type Journal, type RecoveryReport, readJournal } from '@cashdesk/journal'
import type {
  CancelSignal,
  DeviceHealth,
  ErrorReport,
  Event,
  LaneConfig,
  Log,
  OperationId,
  SaleId,
  Scan,
  Stop,
} from '@cashdesk/kernel'
import { CashdeskError, minor, reportOf, saleId, taskIdOf } from '@cashdesk/kernel'
import { type Command, parseCommand } from './commands.ts'
import type { TillCore } from './core.ts'
import type { Listeners, TillListeners } from './listeners.ts'
import type { DurableStep, LaneLoop } from './loop.ts'
import type { LaterRelease } from './memory.ts'
import { nodeRandom } from './node-ports.ts'
import { diskOf, type TillOptions } from './options.ts'
import type { Performer } from './performer.ts'
import { SaleHandle } from './sale.ts'
import { SNAPSHOT_EVERY, Snapshots } from './snapshots.ts'
import { type TerminalService, tillTerminal } from './terminal-service.ts'
import { TillDevices } from './till-devices.ts'
import { type SaleView, type TaskView, taskView } from './view.ts'

/** A sale that the last run left unfinished, and where it stands now. */
export interface Recovered {
  readonly sale: string
  readonly state: SaleView['state']
  readonly claims: readonly { readonly plugin: string; readonly serial?: string; readonly state: string }[]
}

/** A durable step, as the register follows it. */
export interface TillEvent {
  /** Pass the last one seen as `after` to go on where a connection was lost. */
  readonly record: number
  readonly at: number
  readonly events: readonly Event[]
}

/** What the end of the day came to. */
export interface DayEnd {
  readonly terminalMinor: number
  readonly tillMinor: number
  readonly tasks: readonly TaskView[]
}

/** Live followers of events that fall this far behind are cut off; they resume from their last record. */
const MAX_FOLLOWER_BACKLOG = 10_000
/** Inside the till's directory. */
export const JOURNAL_FOLDER = 'journal'

/** What `openTill` puts together. */
export interface TillParts {
  readonly options: TillOptions
  readonly core: TillCore
  readonly loop: LaneLoop
  readonly performer: Performer
  readonly listeners: Listeners
  readonly log: Log
  readonly journal: Journal
  readonly recovery: RecoveryReport
  readonly closeHttp: () => void
}

/** An open till. Everything it answers is plain JSON. */
export class Till {
  readonly #parts: TillParts
  readonly #devices: TillDevices
  /** What the terminal does besides money. Its slips come as `slip`. */
  readonly terminal: TerminalService
  #left: readonly SaleId[] = []
  #closing: Promise<void> | undefined
  #ended = false
  /** Those who follow events, to be told of the end. */
  readonly #followers: Set<() => void> = new Set()

  /** Made by `openTill`. */
  constructor(parts: TillParts) {
    const { options, core, log, listeners } = parts
    this.#parts = parts
    const ports = { clock: core.options.clock, random: options.ports?.random ?? nodeRandom, log }
    const scanned = (scan: Scan): void => void core.scan(scan).catch(() => undefined)
    this.#devices = new TillDevices({ ...options, ports, listeners, scanned })
    this.terminal = tillTerminal({
      terminal: options.terminal,
      ...core.options,
      listeners,
      lane: parts.loop.lane,
      isOpen: () => this.state === 'open',
    })
  }

  /** Called once by `openTill`. */
  async start(config: LaneConfig): Promise<void> {
    const { loop, performer, listeners, options } = this.#parts
    const { lane } = loop
    const open = new Set([...lane.operations.values()].flatMap(operation => operation.sale ?? []))
    this.#left = [...lane.sales.values()]
      .filter(sale => !ENDED.has(sale.state) || open.has(sale.id))
      .map(sale => sale.id)
    const { journal, recovery } = this.#parts
    const every = options.snapshotEvery ?? SNAPSHOT_EVERY
    loop.start(journal, new Snapshots(journal, loop.memory, every, recovery.snapshot?.sequence ?? 0))
    loop.onStep(durable => {
      performer.performed(durable)
      if (durable.step.events.some(event => event.type === 'task.opened' || event.type === 'task.resolved')) {
        listeners.emit('tasks', this.tasks())
      }
      for (const event of durable.step.events) if (event.type === 'sale.asked') this.#askRegister(event.sale)
    })
    loop.onRefusal((error, sale) => {
      if (sale === undefined) listeners.emit('refused', error)
    })
    await this.#devices.openWorking()
    // Deciding nothing on a copied journal: it may not be the one that sells.
    if (this.#parts.journal.state === 'restored') return
    await loop.submit({ type: 'lane.started', config })
    await this.#devices.openSaying()
  }

  #askRegister(sale: SaleId): void {
    const { options, loop, log } = this.#parts
    const { statusOf } = options
    if (!statusOf) return
    Promise.resolve()
      .then(() => statusOf(sale))
      .then(({ status, revision, totalMinor, reference }) =>
        loop.submit({
          type: 'register.status',
          sale,
          status,
          ...(revision === undefined ? {} : { revision }),
          ...(totalMinor === undefined
            ? {}
            : {
                totalMinor: minor(totalMinor),
              }),
          ...(reference === undefined ? {} : { reference }),
        }),
      )
      .catch((thrown: unknown) =>
        log('warn', 'The register could not say what became of a sale.', {
          sale,
          ...reportOf(thrown, 'register.closed'),
        }),
      )
  }

  /** Where the till stands: `open`, `restored` (a copied journal, see `confirmRestored`), or why it stopped selling. */
  get state(): 'open' | 'restored' | 'closed' | 'failed' {
    if (this.#parts.loop.failure) return 'failed'
    if (this.#closing) return 'closed'
    return this.#parts.journal.state === 'restored' ? 'restored' : 'open'
  }

  /** What the last run left, and what has become of it by now. */
  get recovered(): readonly Recovered[] {
    return this.#left.flatMap(id => {
      const view = this.#parts.loop.view(id)
      if (!view) return []
      const claims = view.claims.map(({ plugin, serial, state }) => ({
        plugin,
        state,
        ...(serial === undefined ? {} : { serial }),
      }))
      return [{ sale: id, state: view.state, claims }]
    })
  }

  /** What recovery found in the journal's files. */
  get journal(): {
    readonly dir: string
    readonly records: number
    readonly recovery: RecoveryReport
    /** What a later release wrote, before this one was put back in its place. */
    readonly later: LaterRelease
  } {
    const { options, loop, recovery } = this.#parts
    return { dir: options.dir, records: loop.records, recovery, later: loop.memory.later }
  }

  /**
   * Opens a sale, or answers the one that has this id.
   * @throws CashdeskError `sale.not-in-front`, `sale.no-original`, `register.repeated-differently` …
   */
  async sale(given: Omit<Command<'open'>, 'type' | 'sale'> & { readonly id: string }): Promise<SaleHandle> {
    const { id, ...rest } = given
    const { sale, kind, owner, original, operator, shift, training } = parseCommand('open', {
      type: 'open',
      sale: id,
      ...rest,
    })
    const { core } = this.#parts
    await core.take({
      type: 'sale.open',
      sale: saleId(sale),
      kind: kind ?? 'sale',
      owner: owner ?? 'till',
      ...(original === undefined ? {} : { original: saleId(original) }),
      ...(operator === undefined ? {} : { operator }),
      ...(shift === undefined ? {} : { shift }),
      ...(training === undefined ? {} : { training }),
    })
    return new SaleHandle(core, sale)
  }

  /** A sale that exists. @throws CashdeskError `sale.unknown` */
  find(id: string): SaleHandle {
    const handle = new SaleHandle(this.#parts.core, saleId(id))
    handle.view()
    return handle
  }

  /**
   * The same for a sale that may have ended long ago: the till keeps the last thousand, older ones are read from the
   * journal, which takes a second or two for a million records.
   * @throws CashdeskError `sale.unknown`, `journal.damaged`, `disk.failed`
   */
  async recall(id: string): Promise<SaleHandle> {
    const { loop } = this.#parts
    if (loop.forgot(saleId(id))) await loop.recall(saleId(id))
    return this.find(id)
  }

  /** Sales that nobody ended. */
  unfinished(): readonly SaleView[] {
    const { loop } = this.#parts
    // With nothing on its way to the disk only live sales can be unfinished; else one that just ended may still be.
    const { live, sales } = loop.lane
    return [...(loop.settled ? live : sales).keys()]
      .flatMap(id => loop.view(id) ?? [])
      .filter(({ state }) => !ENDED.has(state))
  }

  /** What only a person can settle. */
  tasks(): readonly TaskView[] {
    return [...this.#parts.loop.tasks.values()].map(taskView)
  }

  /** Settles a task, with who decided and why. @throws CashdeskError `task.unknown`, `task.action` */
  async resolve(given: Omit<Command<'resolve'>, 'type'>): Promise<void> {
    const { task, action, operator, reason } = parseCommand('resolve', { type: 'resolve', ...given })
    await this.#parts.core.take({ type: 'task.resolve', task: taskIdOf(task), action, operator, reason })
  }

  /** A code that came from elsewhere than a scanner driver: a keyboard, a screen. Answers why it was not taken, if it was not. */
  scan(text: string, aim?: string): Promise<ErrorReport | undefined> {
    return this.#parts.core.scan(aim === undefined ? { text } : { text, aim })
  }

  on<Name extends keyof TillListeners>(name: Name, listener: TillListeners[Name]): Stop {
    return this.#parts.listeners.add(name, listener)
  }

  devices(): readonly DeviceHealth[] {
    return this.#devices.health()
  }

  /** Settles the terminal's day and compares its books with ours; a difference becomes a task. */
  async endOfDay(): Promise<DayEnd> {
    const { core, loop } = this.#parts
    const ends = new Map<OperationId, Pick<DurableStep, 'step' | 'refusal'>>()
    const stop = loop.onStep(durable => {
      for (const event of durable.step.events) if (event.type === 'op.settled') ends.set(event.op, durable)
    })
    try {
      const { events } = await core.take({ type: 'day.end' })
      const opened = events.find(event => event.type === 'op.opened')
      const { step, refusal } = await loop.until(() => (opened ? ends.get(opened.op) : undefined))
      const ended = step.events.find(event => event.type === 'day.ended')
      if (!ended) throw new CashdeskError(refusal?.code ?? 'terminal.no-answer', refusal?.detail)
      const { totals, expectedMinor } = ended
      return { terminalMinor: totals.totalMinor, tillMinor: expectedMinor, tasks: this.tasks() }
    } finally {
      stop()
    }
  }

  /** Waits until nothing is in flight or due before `timeoutMs` has passed; answers whether it came to that. */
  async idle({ timeoutMs }: { readonly timeoutMs: number }): Promise<boolean> {
    const { loop, core } = this.#parts
    let late = false
    const stop = core.options.clock.after(timeoutMs, () => {
      late = true
      loop.look()
    })
    try {
      return await loop.until(() => {
        if (late) return false
        const moving = [...loop.lane.live.values()].some(
          sale => sale.state === 'settling' || sale.state === 'cancelling',
        )
        return loop.settled && loop.lane.operations.size === 0 && !moving ? true : undefined
      })
    } finally {
      stop()
    }
  }

  /**
   * Every durable step after `after`, from the journal and then live. Ends when the till closes, at `signal`, or when
   * the follower has fallen too far behind; whoever goes on passes the last record seen.
   */
  async *events(
    given: { readonly after?: number; readonly signal?: CancelSignal } = {},
  ): AsyncGenerator<TillEvent, void, undefined> {
    const { after = 0, signal } = given
    const { loop } = this.#parts
    const queue: TillEvent[] = []
    let wake = (): void => undefined
    let cutOff = false
    const tell = (): void => wake()
    const stop = loop.onStep(({ record, step }) => {
      if (queue.length >= MAX_FOLLOWER_BACKLOG) cutOff = true
      else queue.push({ record, at: step.at, events: step.events })
      wake()
    })
    this.#followers.add(tell)
    signal?.addEventListener('abort', tell, { once: true })
    try {
      let last = after
      for (const event of await this.#recorded(after, loop.records)) {
        last = event.record
        yield event
      }
      while (!signal?.aborted) {
        const next = queue.shift()
        if (next && next.record > last) yield next
        if (next) continue
        if (cutOff || this.#ended) return
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    } finally {
      stop()
      this.#followers.delete(tell)
      signal?.removeEventListener('abort', tell)
    }
  }

  /** Steps from the journal's files, as far as they are durable. */
  async #recorded(after: number, until: number): Promise<readonly TillEvent[]> {
    const { options } = this.#parts
    const past: TillEvent[] = []
    await readJournal({
      disk: diskOf(options),
      folder: JOURNAL_FOLDER,
      onStep: (step, record) => {
        if (record > after && record <= until) past.push({ record, at: step.at, events: step.events })
      },
    })
    return past
  }

  /** After making sure that no other till sells on the original of this copied journal. Open the till again afterwards. */
  async confirmRestored(): Promise<void> {
    await this.#parts.journal.confirm()
  }

  /** Ends in bounded time. What is in flight is resumed when the till is opened again. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const { performer, loop, closeHttp } = this.#parts
    performer.stop()
    await this.#devices.close()
    closeHttp()
    await loop.close()
    this.#ended = true
    for (const tell of this.#followers) tell()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

const ENDED: ReadonlySet<string> = new Set(['closed', 'cancelled'])
