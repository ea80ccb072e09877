// What of a lane goes on when a fiscal year is archived: everything that is under way, that a person still has to
// settle, or that is young enough to come back. Its steps are cut down to it, and folded they make the same of it.
import type { EpochMs, Event, OperationId, Sale, SaleId, Step, TaskId } from '@cashdesk/kernel'
import type { Lane } from './lane.ts'

/** The sales that stay when those that ended before `before` are archived. `also` stay whatever their age. */
export function keptSales(
  lane: Lane,
  before: EpochMs,
  also: Iterable<SaleId | undefined> = [],
): ReadonlySet<SaleId> {
  const kept = new Set<SaleId>()
  for (const sale of lane.sales.values()) if (!isOver(sale, before)) kept.add(sale.id)
  for (const id of lane.live.keys()) kept.add(id)
  const needed = [lane.front, ...also]
  for (const { sale } of lane.operations.values()) needed.push(sale)
  for (const { sale } of lane.tasks.values()) needed.push(sale)
  for (const id of needed) if (id !== undefined && lane.sales.has(id)) kept.add(id)
  keepLinked(lane, kept)
  return kept
}

function isOver({ state, endedAt }: Sale, before: EpochMs): boolean {
  return (state === 'closed' || state === 'cancelled') && endedAt !== undefined && endedAt < before
}

/** A return is bounded by its original and by the other returns of that: they stay together. */
function keepLinked(lane: Lane, kept: Set<SaleId>): void {
  for (let before = -1; before !== kept.size; ) {
    before = kept.size
    for (const { id, original } of lane.sales.values()) {
      if (original === undefined || !lane.sales.has(original)) continue
      if (kept.has(id)) kept.add(original)
      else if (kept.has(original)) kept.add(id)
    }
  }
}

/** What must be known of all steps before the first of them is cut. */
export interface Landmarks {
  /** Numbers of the last step, of the last start of the lane, and of the last end of the terminal's day; 0 for none. */
  readonly last: number
  readonly started: number
  readonly dayEnded: number
}

export function landmarksAfter(marks: Landmarks, step: Step, sequence: number): Landmarks {
  const has = (type: Event['type']): boolean => step.events.some(event => event.type === type)
  return {
    last: sequence,
    started: has('lane.started') ? sequence : marks.started,
    dayEnded: has('day.ended') ? sequence : marks.dayEnded,
  }
}

/** Cuts the steps of a lane, all of them and in order, down to what stays. */
export class Carrying {
  readonly #lane: Lane
  readonly #kept: ReadonlySet<SaleId>
  readonly #marks: Landmarks
  /** Operations whose opening was kept, with those of them that were not settled so far. */
  readonly #ops: Set<OperationId> = new Set()
  readonly #open: Set<OperationId> = new Set()
  readonly #tasks: Set<TaskId> = new Set()

  /** @param lane as all the steps made it */
  constructor(lane: Lane, kept: ReadonlySet<SaleId>, marks: Landmarks) {
    this.#lane = lane
    this.#kept = kept
    this.#marks = marks
  }

  /** What stays of a step, if anything does. */
  cut(step: Step, sequence: number): Step | undefined {
    const events = step.events.filter(event => this.#stays(event, sequence))
    // Of what is settled nothing will ever leave again: its call and its paper stay in the archive.
    const intents = step.intents.filter(({ op }) => this.#lane.operations.has(op))
    // The last one always: it says what time it is for the lane.
    const empty = events.length === 0 && intents.length === 0 && sequence !== this.#marks.last
    return empty ? undefined : { ...step, events, intents }
  }

  #stays(event: Event, sequence: number): boolean {
    switch (event.type) {
      case 'lane.started':
        // Each one counts as an attempt of what was open then.
        return this.#open.size > 0 || sequence === this.#marks.started
      case 'day.ended':
        return sequence === this.#marks.dayEnded
      case 'day.carried':
        return sequence > this.#marks.dayEnded
      case 'op.opened': {
        const { sale } = event.operation
        if (!this.#lane.operations.has(event.op) && !(sale && this.#kept.has(sale))) return false
        this.#ops.add(event.op)
        this.#open.add(event.op)
        return true
      }
      case 'op.settled':
        this.#open.delete(event.op)
        return this.#ops.has(event.op)
      case 'op.scheduled':
      case 'op.attempted':
      case 'op.late':
      case 'approval.rejected':
        return this.#ops.has(event.op)
      case 'task.opened': {
        const { id, sale } = event.task
        if (!this.#lane.tasks.has(id) && !(sale && this.#kept.has(sale))) return false
        this.#tasks.add(id)
        return true
      }
      case 'task.resolved':
        return this.#tasks.has(event.task)
      default:
        return !('sale' in event) || event.sale === undefined || this.#kept.has(event.sale)
    }
  }
}
