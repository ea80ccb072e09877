// What the steps that survived show as not ended: sales, operations, tasks. Read from the events alone, without the rules
// of the checkout, so that it can be told of a journal that no till has opened yet.
import type { EpochMs, Event, Step } from '@cashdesk/kernel'
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
  readonly #sales: Map<string, string> = new Map()
  readonly #touched: Set<string> = new Set()
  readonly #tasks: Map<string, { readonly task: string; readonly kind: string; readonly sale?: string }> =
    new Map()
  readonly #outbox = emptyOutbox()
  #gaps = 0

  take(step: Step): void {
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

  #event(event: Event): void {
    if (event.type === 'task.opened') {
      const { id, kind, sale } = event.task
      this.#tasks.set(id, { task: id, kind, ...(sale === undefined ? {} : { sale }) })
    }
    if (event.type === 'task.resolved') this.#tasks.delete(event.task)
    if (!('sale' in event) || event.sale === undefined) return
    const before = this.#sales.get(event.sale)
    const state = STATES[event.type] ?? before ?? 'unknown'
    if (state !== before) this.#sales.set(event.sale, state)
    if (before === undefined && event.type !== 'sale.opened' && this.#gaps > 0) this.#touched.add(event.sale)
  }
}

function hasEnded(state: string): boolean {
  return state === 'closed' || state === 'cancelled'
}
