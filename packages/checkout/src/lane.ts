// The state of a lane, and a draft of it: what a decision sees while it is being made. Sales, operations and tasks
// are immutable values in maps; a draft lays its changes over the lane and never touches it.
import type {
  EpochMs,
  LaneConfig,
  Minor,
  OpenOperation,
  OperationId,
  Sale,
  SaleId,
  Task,
  TaskId,
} from '@cashdesk/kernel'

/** An open operation and where it stands. */
export interface LaneOperation extends OpenOperation {
  /** `sent`: an attempt is out. `waiting`: the next one leaves at `dueAt`, or never by itself when that is absent. */
  readonly phase: 'sent' | 'waiting'
  readonly via: 'send' | 'query'
  readonly attempt: number
  readonly dueAt?: EpochMs
  readonly next?: 'repeat' | 'query'
  /** Some attempt may have reached the world, so "nothing was sent" no longer proves anything. */
  readonly uncertain: boolean
  /** The open task about it, if there is one. */
  readonly task?: TaskId
}

/** A provider that left attempts without an answer, since it last gave one. */
interface ProviderTrouble {
  /** Attempts in a row that stayed unknown. */
  readonly failures: number
  /** When the last of them is to be followed by another. */
  readonly probeAt: EpochMs
}

/** What the terminal should have on its books since the last end of day. */
interface Day {
  readonly expectedMinor: Minor
}

/** The key of a provider's trouble with one kind of operation. */
export function troubleOf(plugin: string, kind: string): string {
  return `${plugin} ${kind}`
}

/** Read and written by `evolve`, on the lane itself and on a draft alike. */
export interface LaneStore {
  config: LaneConfig | undefined
  /** The sale in front of the cashier. */
  front: SaleId | undefined
  day: Day
  readonly sales: ReadWrite<SaleId, Sale>
  /** Those of them that still have something to do: what time and recovery look at, however long the journal is. */
  readonly live: ReadWrite<SaleId, Sale>
  readonly operations: ReadWrite<OperationId, LaneOperation>
  readonly tasks: ReadWrite<TaskId, Task>
  /** By plugin and operation, which may go to servers of their own; what is answered is not in it. */
  readonly troubles: ReadWrite<string, ProviderTrouble>
}

interface ReadWrite<Key, Value> {
  get(key: Key): Value | undefined
  set(key: Key, value: Value): void
  delete(key: Key): void
  values(): Iterable<Value>
}

/** Everything a lane knows. Only `evolve` writes to it. */
export interface Lane extends LaneStore {
  readonly sales: Map<SaleId, Sale>
  readonly live: Map<SaleId, Sale>
  readonly operations: Map<OperationId, LaneOperation>
  readonly tasks: Map<TaskId, Task>
  readonly troubles: Map<string, ProviderTrouble>
}

export function emptyLane(): Lane {
  return {
    config: undefined,
    front: undefined,
    day: { expectedMinor: 0 as Minor },
    sales: new Map(),
    live: new Map(),
    operations: new Map(),
    tasks: new Map(),
    troubles: new Map(),
  }
}

/** Changes over a map that stays as it is. */
class Layer<Key, Value> implements ReadWrite<Key, Value> {
  readonly #under: {
    get(key: Key): Value | undefined
    values(): Iterable<Value>
    entries(): Iterable<[Key, Value]>
  }
  readonly #over: Map<Key, Value | undefined> = new Map()

  constructor(under: Map<Key, Value>) {
    this.#under = under
  }

  get(key: Key): Value | undefined {
    return this.#over.has(key) ? this.#over.get(key) : this.#under.get(key)
  }

  set(key: Key, value: Value): void {
    this.#over.set(key, value)
  }

  delete(key: Key): void {
    this.#over.set(key, undefined)
  }

  *values(): Iterable<Value> {
    for (const [key, value] of this.#under.entries()) if (!this.#over.has(key)) yield value
    for (const value of this.#over.values()) if (value !== undefined) yield value
  }

  /** Keys that were written. */
  touched(): Iterable<Key> {
    return this.#over.keys()
  }
}

/** A lane as it will be when the events of the decision under way have happened. */
export interface DraftLane extends LaneStore {
  touchedSales(): Iterable<SaleId>
}

export function draftOf(lane: Lane): DraftLane {
  const sales = new Layer(lane.sales)
  return {
    config: lane.config,
    front: lane.front,
    day: lane.day,
    sales,
    live: new Layer(lane.live),
    operations: new Layer(lane.operations),
    tasks: new Layer(lane.tasks),
    troubles: new Layer(lane.troubles),
    touchedSales: () => sales.touched(),
  }
}
