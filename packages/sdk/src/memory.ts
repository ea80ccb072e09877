// What a till knows of its past: the fold of its journal, step by step or from a snapshot. Recovery and the running
// loop keep it, snapshots are made of it, archiving asks it what is still alive.
import { EVOLVE_VERSION, emptyLane, evolve, type Lane, laneParts, restoreLane } from '@cashdesk/checkout'
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
import type { EpochMs, PaymentFacts, Step, Task, TaskId } from '@cashdesk/kernel'
import { lastBookedAfter } from './last-booked.ts'

/** Of everything that is folded here. Snapshots of another version are made anew from the journal. */
export const SNAPSHOT_VERSION: string = `sdk 1, evolve ${EVOLVE_VERSION}, outbox ${OUTBOX_VERSION}`

/** The folds of a lane's steps. Its maps stay the same objects for ever. */
export class LaneMemory {
  readonly lane: Lane = emptyLane()
  readonly outbox: Outbox = emptyOutbox()
  /** Open tasks. */
  readonly tasks: Map<TaskId, Task> = new Map()
  /** The terminal's last transaction that is resolved. */
  lastBooked: PaymentFacts | undefined
  /** When the last step was taken. */
  at: EpochMs | undefined

  /** Folds a recorded step. */
  replay(step: Step): void {
    for (const event of step.events) evolve(this.lane, event)
    this.foldDurable(step)
  }

  /** Folds what takes durable steps alone: while selling, the lane itself is ahead of it. */
  foldDurable(step: Step): void {
    this.at = step.at
    for (const event of step.events) {
      if (event.type === 'task.opened') this.tasks.set(event.task.id, event.task)
      else if (event.type === 'task.resolved') this.tasks.delete(event.task)
    }
    this.lastBooked = lastBookedAfter(this.lastBooked, step)
    foldOutbox(this.outbox, step)
  }

  reset(): void {
    restoreLane(this.lane, [])
    restoreOutbox(this.outbox, [])
    this.tasks.clear()
    this.lastBooked = undefined
    this.at = undefined
  }

  /** How many values a snapshot of it holds: what it costs to make one. */
  get size(): number {
    return this.lane.sales.size + this.outbox.entries.size
  }

  /** For a snapshot; only while nothing is on its way to the disk. Later changes are not in it. */
  parts(): Iterable<unknown> {
    const { at, lastBooked } = this
    return tagged({ at, lastBooked }, laneParts(this.lane), outboxParts(this.outbox))
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
    this.tasks.clear()
    for (const [id, task] of this.lane.tasks) this.tasks.set(id, task)
    this.lastBooked = first.rest.lastBooked
    this.at = first.rest.at
  }
}

interface Rest {
  readonly at: EpochMs | undefined
  readonly lastBooked: PaymentFacts | undefined
}

interface Part {
  readonly rest?: Rest
  readonly lane?: unknown
  readonly outbox?: readonly OutboxEntry[]
}

function* tagged(
  rest: Rest,
  lane: Iterable<unknown>,
  outbox: Iterable<readonly OutboxEntry[]>,
): Generator<Part, void, undefined> {
  yield { rest }
  for (const part of lane) yield { lane: part }
  for (const part of outbox) yield { outbox: part }
}
