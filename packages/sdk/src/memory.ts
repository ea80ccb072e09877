// What a till knows of its past: the fold of its journal, step by step or from a snapshot. Recovery and the running
// loop keep it, snapshots are made of it, archiving asks it what is still alive.
import {
  DECIDE_VERSION,
  EVOLVE_VERSION,
  emptyLane,
  evolveInPlace,
  type Lane,
  laneParts,
  restoreLane,
} from '@cashdesk/checkout'
import {
  emptyOutbox,
  foldOutbox,
  OUTBOX_VERSION,
  type Outbox,
  type OutboxEntry,
  outboxParts,
  restoreOutbox,
  type SnapshotReader,
} from '@cashdesk/journal'
import type { EpochMs, Event, PaymentFacts, Step, Task, TaskId } from '@cashdesk/kernel'
import { Forgetting, KEPT_SALES } from './forgetting.ts'
import { lastBookedAfter } from './last-booked.ts'

/** Of everything that is folded here. Snapshots of another version are made anew from the journal. */
export const SNAPSHOT_VERSION: string = `sdk 3, evolve ${EVOLVE_VERSION}, outbox ${OUTBOX_VERSION}`

/** What a journal holds that a later release wrote. It stays there; this release does not know what it means. */
export interface LaterRelease {
  /** Steps that were decided by later rules; their events may be known all the same. */
  readonly steps: number
  /** Events that are not known here. */
  readonly events: number
  /** The first of these events, at most 100. */
  readonly first: readonly { readonly record: number; readonly type: string; readonly sale?: string }[]
}

const NOTHING_LATER: LaterRelease = { steps: 0, events: 0, first: [] }
/** More of them are only counted. */
const MAX_LATER = 100

/** The folds of a lane's steps. Its maps stay the same objects for ever. */
export class LaneMemory {
  readonly lane: Lane = emptyLane()
  readonly outbox: Outbox = emptyOutbox()
  /** Open tasks. */
  readonly tasks: Map<TaskId, Task> = new Map()
  /** The terminal's last transaction that is resolved. */
  lastBooked: PaymentFacts | undefined
  /** When the till learnt of it. */
  lastBookedAt: EpochMs | undefined
  /** When the last step was taken. */
  at: EpochMs | undefined
  /** What of the recorded steps is of a later release. */
  later: LaterRelease = NOTHING_LATER
  readonly forgetting: Forgetting

  /** @param options.keptSales ended sales that are kept in memory */
  constructor({ keptSales = KEPT_SALES }: { readonly keptSales?: number | undefined } = {}) {
    this.forgetting = new Forgetting(keptSales)
  }

  /** Folds a recorded step, whose number in the journal is `record`. Its parts become parts of the lane. */
  replay(step: Step, record: number): void {
    if (step.decideVersion > DECIDE_VERSION) this.later = { ...this.later, steps: this.later.steps + 1 }
    this.forgetting.miss(this.lane, step.events)
    for (const event of step.events) if (!evolveInPlace(this.lane, event)) this.#noteLater(event, record)
    this.forgetting.look(this.lane)
    this.foldDurable(step)
  }

  /** Folds what takes durable steps alone: while selling, the lane itself is ahead of it. */
  foldDurable(step: Step): void {
    this.at = step.at
    for (const event of step.events) {
      if (event.type === 'task.opened') this.tasks.set(event.task.id, event.task)
      else if (event.type === 'task.resolved') this.tasks.delete(event.task)
    }
    const booked = lastBookedAfter(this.lastBooked, step)
    if (booked !== this.lastBooked) this.lastBookedAt = step.at
    this.lastBooked = booked
    foldOutbox(this.outbox, step)
  }

  #noteLater(event: Event, record: number): void {
    const { steps, events, first } = this.later
    const sale = 'sale' in event && typeof event.sale === 'string' ? { sale: event.sale } : {}
    const noted = first.length < MAX_LATER ? [...first, { record, type: event.type, ...sale }] : first
    this.later = { steps, events: events + 1, first: noted }
  }

  reset(): void {
    this.later = NOTHING_LATER
    restoreLane(this.lane, [])
    restoreOutbox(this.outbox, [])
    this.forgetting.clear()
    this.tasks.clear()
    this.lastBooked = undefined
    this.lastBookedAt = undefined
    this.at = undefined
  }

  /** How many values a snapshot of it holds: what it costs to make one. */
  get size(): number {
    return this.lane.sales.size + this.outbox.entries.size
  }

  /** For a snapshot; only while nothing is on its way to the disk. Later changes are not in it. */
  parts(): Iterable<unknown> {
    const { at, lastBooked, lastBookedAt, later } = this
    return tagged({ at, lastBooked, lastBookedAt, later }, laneParts(this.lane), outboxParts(this.outbox), [
      ...this.forgetting.parts(),
    ])
  }

  get snapshots(): SnapshotReader {
    return {
      version: SNAPSHOT_VERSION,
      restore: parts => {
        try {
          // The parts are this version's own, and their checksum holds.
          this.#restore(parts as readonly Part[])
        } catch (thrown) {
          this.reset()
          throw thrown
        }
      },
    }
  }

  #restore([first, ...rest]: readonly Part[]): void {
    if (first?.rest === undefined) throw new TypeError('not a snapshot of a lane')
    restoreLane(
      this.lane,
      rest.flatMap(part => (part.lane === undefined ? [] : [part.lane])),
    )
    restoreOutbox(
      this.outbox,
      rest.flatMap(part => (part.outbox === undefined ? [] : [part.outbox])),
    )
    this.forgetting.restore(rest.flatMap(part => (part.forgotten === undefined ? [] : [part.forgotten])))
    this.tasks.clear()
    for (const [id, task] of this.lane.tasks) this.tasks.set(id, task)
    this.lastBooked = first.rest.lastBooked
    this.lastBookedAt = first.rest.lastBookedAt
    this.at = first.rest.at
    this.later = first.rest.later
  }
}

interface Rest {
  readonly at: EpochMs | undefined
  readonly lastBooked: PaymentFacts | undefined
  readonly lastBookedAt: EpochMs | undefined
  readonly later: LaterRelease
}

interface Part {
  readonly rest?: Rest
  readonly lane?: unknown
  readonly outbox?: readonly OutboxEntry[]
  readonly forgotten?: readonly number[]
}

function* tagged(
  rest: Rest,
  lane: Iterable<unknown>,
  outbox: Iterable<readonly OutboxEntry[]>,
  forgotten: Iterable<readonly number[]>,
): Generator<Part, void, undefined> {
  yield { rest }
  for (const part of lane) yield { lane: part }
  for (const part of outbox) yield { outbox: part }
  for (const part of forgotten) yield { forgotten: part }
}
