// What the steps that survived show as not ended: sales, operations, tasks. Read from the events alone, without the rules
// of the checkout, so that it can be told of a journal that no till has opened yet.
import {
  type EpochMs,
  type Event,
  type OpenOperation,
  type OperationId,
  report,
  type SaleId,
  type Step,
  taskIdOf,
} from '@cashdesk/kernel'
import { emptyOutbox, foldOutbox, openEntries } from './outbox.ts'

export interface LeftOpen {
  readonly sales: readonly { readonly sale: string; readonly state: string; readonly acrossGap: boolean }[]
  readonly operations: readonly {
    readonly op: string
    /** `reserve`, `commit`, `pay`, `print` … */
    readonly kind: string
    readonly sale?: string
    readonly since: EpochMs
  }[]
  readonly tasks: readonly { readonly task: string; readonly kind: string; readonly sale?: string }[]
}

/** A report is read by people. */
const MAX_SHOWN = 1_000
/** Events in one closing step: far below the limit of a record. */
const MAX_CLOSING_EVENTS = 500

const STATES: { readonly [type: string]: string } = {
  'sale.opened': 'open',
  'sale.parked': 'parked',
  'sale.resumed': 'open',
  'sale.tendering': 'tendering',
  'sale.reopened': 'open',
  'sale.paid': 'settling',
  'sale.closed': 'closed',
  'sale.cancelling': 'cancelling',
  'sale.cancelled': 'cancelled',
}

export class Standing {
  /** The state of every sale that was seen; `unknown` where its beginning is missing. */
  readonly #sales: Map<SaleId, string> = new Map()
  /** Sales whose beginning was seen, with the ids of their claims and tenders. */
  readonly #begun: Map<SaleId, Set<string>> = new Map()
  readonly #touched: Set<SaleId> = new Set()
  readonly #tasks: Map<string, LeftOpen['tasks'][number]> = new Map()
  readonly #operations: Map<OperationId, OpenOperation> = new Map()
  readonly #outbox = emptyOutbox()
  #last: Pick<Step, 'at' | 'decideVersion'> = { at: 0, decideVersion: 1 }
  #gaps = 0

  take(step: Step): void {
    this.#last = step
    for (const event of step.events) this.#event(event)
    foldOutbox(this.#outbox, step)
  }

  /** Steps are missing here: of every sale under way, and of every one that an open operation belongs to. */
  gap(): void {
    this.#gaps += 1
    for (const [sale, state] of this.#sales) if (!hasEnded(state)) this.#touched.add(sale)
    for (const { intent } of openEntries(this.#outbox))
      if (intent.sale !== undefined) this.#touched.add(intent.sale)
  }

  open(): LeftOpen {
    const sales = [...this.#sales]
      .filter(([, state]) => !hasEnded(state))
      .map(([sale, state]) => ({ sale, state, acrossGap: this.#touched.has(sale) }))
    const operations = openEntries(this.#outbox).map(({ op, intent: { effect, sale }, since }) => ({
      op,
      kind: 'operation' in effect ? effect.operation : effect.type,
      ...(sale === undefined ? {} : { sale }),
      since,
    }))
    return {
      sales: sales.slice(0, MAX_SHOWN),
      operations: operations.slice(0, MAX_SHOWN),
      tasks: [...this.#tasks.values()].slice(0, MAX_SHOWN),
    }
  }

  touched(): readonly string[] {
    return [...this.#touched].slice(0, MAX_SHOWN)
  }

  /**
   * Steps of the salvage's own, with which the copy ends. An operation that belongs to something missing is given up:
   * nobody could ever make sense of its answer. A sale that was being cancelled is put aside, because what it gave back
   * may be among what is missing and must not be given back again. And of every sale that lost something a person is told.
   */
  *closing(): Generator<Step, void, undefined> {
    const ops = new Set([...this.#operations.keys(), ...this.#outbox.entries.keys()])
    const given = [...ops].filter(op => !this.#isWhole(op))
    const abandoned = given.map((op): Event => ({ type: 'op.settled', op, outcome: 'abandoned' }))
    const aside = [...this.#touched].filter(sale => this.#sales.get(sale) === 'cancelling')
    const parked = aside.map((sale): Event => ({ type: 'sale.parked', sale }))
    const told = [...this.#touched].map((sale, index) => this.#task(sale, index))
    const events = [...abandoned, ...parked, ...told]
    const { at, decideVersion } = this.#last
    for (let from = 0; this.#gaps > 0 && from < events.length; from += MAX_CLOSING_EVENTS)
      yield {
        decideVersion,
        at,
        input: { type: 'clock' },
        events: events.slice(from, from + MAX_CLOSING_EVENTS),
        intents: [],
      }
  }

  #task(sale: SaleId, index: number): Event {
    const { at } = this.#last
    const id = taskIdOf(`salvage-${at}-${index + 1}`)
    const belongs = this.#begun.has(sale) ? { sale } : {}
    const error = report('journal.incomplete', { sale, state: this.#sales.get(sale) ?? 'unknown' })
    return {
      type: 'task.opened',
      task: { id, kind: 'books-differ', since: at, error, actions: ['settled', 'written-off'], ...belongs },
    }
  }

  /** Whether the checkout knows the operation, and the sale, claim and tender that it is about. */
  #isWhole(op: OperationId): boolean {
    const operation = this.#operations.get(op)
    if (operation === undefined || !this.#outbox.entries.has(op)) return false
    const { sale, claim, tender } = operation
    if (sale === undefined) return true
    const parts = this.#begun.get(sale)
    if (parts === undefined) return false
    return (claim === undefined || parts.has(claim)) && (tender === undefined || parts.has(tender))
  }

  #event(event: Event): void {
    switch (event.type) {
      case 'task.opened': {
        const { id, kind, sale } = event.task
        this.#tasks.set(id, { task: id, kind, ...(sale === undefined ? {} : { sale }) })
        return
      }
      case 'task.resolved':
        this.#tasks.delete(event.task)
        return
      case 'op.opened':
        this.#operations.set(event.op, event.operation)
        return
      case 'op.settled':
        this.#operations.delete(event.op)
        return
      case 'sale.opened':
        this.#begun.set(event.sale, partsOf(event.opened))
        break
      case 'claim.opened':
        this.#begun.get(event.sale)?.add(event.claim.id)
        break
      case 'leg.opened':
        this.#begun.get(event.sale)?.add(event.leg.id)
        break
      default:
    }
    if ('sale' in event && event.sale !== undefined) this.#seen(event.sale, event.type)
  }

  #seen(sale: SaleId, type: Event['type']): void {
    const before = this.#sales.get(sale)
    const state = STATES[type] ?? before ?? 'unknown'
    if (state !== before) this.#sales.set(sale, state)
    if (before === undefined && type !== 'sale.opened' && this.#gaps > 0) this.#touched.add(sale)
  }
}

/** A sale that takes another one back begins with its claims. */
function partsOf({ claims = [], legs = [] }: Extract<Event, { type: 'sale.opened' }>['opened']): Set<string> {
  return new Set([...claims.map(({ id }) => id), ...legs.map(({ id }) => id)])
}

function hasEnded(state: string): boolean {
  return state === 'closed' || state === 'cancelled'
}
