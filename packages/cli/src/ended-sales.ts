// Sales that are over, let go while a journal is read: a year has hundreds of thousands of them, and a page about today
// needs none of them as a whole.
import type { Lane } from '@cashdesk/checkout'
import type { Sale, SaleId, Step } from '@cashdesk/kernel'

export class EndedSales {
  readonly #take: (sale: Sale) => void
  readonly #keep: SaleId | undefined
  /** Open operations by sale. */
  readonly #open: Map<SaleId, number> = new Map()

  /**
   * @param take gets each sale when nothing about it is open any more
   * @param keep the one that is not let go, because all that may still be said about it is wanted
   */
  constructor(take: (sale: Sale) => void, keep?: SaleId) {
    this.#take = take
    this.#keep = keep
  }

  /** To be asked before the step is folded in: which sales it is about. */
  touched({ events }: Step, { operations, tasks }: Lane): ReadonlySet<SaleId> {
    const sales = new Set<SaleId | undefined>()
    for (const event of events) {
      if (event.type === 'op.opened') this.#count(event.operation.sale, 1)
      else if (event.type === 'op.settled') {
        const sale = operations.get(event.op)?.sale
        this.#count(sale, -1)
        sales.add(sale)
      } else if (event.type === 'task.resolved') sales.add(tasks.get(event.task)?.sale)
      else if ('sale' in event) sales.add(event.sale)
    }
    return new Set([...sales].filter(sale => sale !== undefined))
  }

  /** After the fold. A sale that the register cancelled may still be paid: that one is kept. */
  letGo(touched: ReadonlySet<SaleId>, lane: Lane): void {
    for (const id of touched) {
      const sale = lane.sales.get(id)
      if (!sale || id === this.#keep || lane.live.has(id) || sale.owner === 'register' || this.#open.has(id))
        continue
      if ([...lane.tasks.values()].some(task => task.sale === id)) continue
      lane.sales.delete(id)
      this.#take(sale)
    }
  }

  #count(sale: SaleId | undefined, change: 1 | -1): void {
    if (sale === undefined) return
    const count = (this.#open.get(sale) ?? 0) + change
    if (count > 0) this.#open.set(sale, count)
    else this.#open.delete(sale)
  }
}
