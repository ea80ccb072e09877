// What a till answered, held against what it knows later, and against the books of the host and the money on the counter.
import type { SaleView } from '@cashdesk/sdk'
import { basketOf, totalOf } from './basket.ts'
import type { RunningHost } from './host.ts'
import type { Answered } from './selling.ts'

interface Promised {
  readonly lines: Set<string>
  paidMinor?: number
  end?: 'closed' | 'cancelled'
}

export class Promises {
  readonly #promised: Map<string, Promised> = new Map()

  get sales(): readonly string[] {
    return [...this.#promised.keys()]
  }

  /** Answers the sale's id. */
  take(answered: Answered): string {
    const promised = this.#promised.get(answered.sale) ?? { lines: new Set() }
    this.#promised.set(answered.sale, promised)
    if (answered.said === 'added') promised.lines.add(answered.line)
    if (answered.said === 'paid') promised.paidMinor = answered.amountMinor
    if (answered.said === 'closed' || answered.said === 'cancelled') promised.end = answered.said
    return answered.sale
  }

  /** What was answered about these sales and is no longer so, each in words. */
  broken(sales: Iterable<string>, views: readonly SaleView[]): readonly string[] {
    const found = new Map(views.map(view => [view.id, view]))
    return [...sales].flatMap(id => {
      const promised = this.#promised.get(id)
      const missing = promised === undefined ? [] : missingIn(found.get(id), promised)
      return missing.map(what => `${id}: ${what}`)
    })
  }
}

function missingIn(view: SaleView | undefined, { lines, paidMinor, end }: Promised): readonly string[] {
  if (view === undefined) return ['the sale']
  const active = new Set(view.lines.filter(({ state }) => state === 'active').map(({ id }) => id))
  const missing = [...lines].filter(line => !active.has(line))
  const paid = view.payments.find(({ id, state }) => id === 'cash' && state === 'done')
  if (paidMinor !== undefined && paid?.amountMinor !== paidMinor) missing.push('its payment')
  if (end === 'closed' && view.state !== 'closed') missing.push('its end')
  if (end === 'cancelled' && !['cancelling', 'cancelled'].includes(view.state))
    missing.push('its cancellation')
  return missing
}

/** What till, cash and host do not agree upon about a sale that has ended. */
export async function unsettled(view: SaleView, host?: RunningHost): Promise<readonly string[]> {
  const wrong: string[] = []
  const [, life = '', number = ''] = /^L(\d+)-(\d+)$/.exec(view.id) ?? []
  const basket = basketOf(Number(life), Number(number))
  const paidMinor = view.payments
    .filter(({ state }) => state === 'done')
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0)
  const dueMinor = view.state === 'closed' ? totalOf(basket) : 0
  if (view.state !== (basket.cancelled ? 'cancelled' : 'closed')) wrong.push(`${view.id} is ${view.state}`)
  if (paidMinor !== dueMinor) wrong.push(`${view.id}: paid ${paidMinor} for ${dueMinor}`)
  if (basket.serial === undefined || host === undefined) return wrong
  const card = await host.card(basket.serial)
  const active = view.state === 'closed' ? 1 : 0
  if (card.activations !== active) wrong.push(`${view.id}: its card was activated ${card.activations} times`)
  if ((card.state === 'active') !== (active === 1)) wrong.push(`${view.id}: its card is ${card.state}`)
  // A cancelled sale lets its card go: nobody has to wait until a reservation expires.
  if (active === 0 && card.state === 'reserved') wrong.push(`${view.id}: its card is still held`)
  return wrong
}
