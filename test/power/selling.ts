// A register that sells a basket through `openTill`, says what the till answered, and after a loss of power gives the same
// commands again under the same ids.
import type { Disk } from '@cashdesk/kernel'
import { activation } from '@cashdesk/plugin-activation'
import { openTill, type Till } from '@cashdesk/sdk'
import { type Basket, CARD_ARTICLE, CARD_GTIN, totalOf } from './basket.ts'

/** What the till answered. */
export type Answered =
  | { readonly said: 'opened' | 'closed' | 'cancelled'; readonly sale: string }
  | { readonly said: 'added'; readonly sale: string; readonly line: string }
  | { readonly said: 'paid'; readonly sale: string; readonly amountMinor: number }

/** Small, so that segments and snapshots are made every few sales and a loss of power meets them. */
const SEGMENT_BYTES = 65_536
const SNAPSHOT_EVERY = 40

export interface RegisterOptions {
  readonly dir: string
  /** The provider of the cards; absent: only ordinary articles are sold. */
  readonly host?: string
  readonly disk?: Disk
}

export function openRegister({ dir, host, disk }: RegisterOptions): Promise<Till> {
  const cards =
    host === undefined
      ? []
      : [
          activation({
            user: 'demo',
            password: 'demo-pass',
            cspid: '4711',
            reservationServers: [host],
            activationServers: [host],
          }),
        ]
  return openTill({
    dir,
    lane: '7',
    currency: 'EUR',
    plugins: cards,
    segmentBytes: SEGMENT_BYTES,
    snapshotEvery: SNAPSHOT_EVERY,
    catalog: gtin => (gtin === CARD_GTIN ? CARD_ARTICLE : undefined),
    ...(disk === undefined ? {} : { ports: { disk } }),
  })
}

const BEFORE_PAYMENT: readonly string[] = ['open', 'parked', 'tendering']
const WITHOUT_PAYMENT: readonly string[] = ['cancelling', 'cancelled']

/** @throws TypeError where the payment is not taken; CashdeskError as the till does */
export async function sell(till: Till, basket: Basket, say: (answered: Answered) => void): Promise<void> {
  const { id, prices, serial, cancelled } = basket
  const sale = await till.sale({ id })
  say({ said: 'opened', sale: id })
  if (BEFORE_PAYMENT.includes(sale.view().state)) {
    for (const [index, priceMinor] of prices.entries()) {
      const line = `line-${index}`
      await sale.add({ line, article: { name: 'Article', priceMinor, vat: 1900 } })
      say({ said: 'added', sale: id, line })
    }
    if (serial !== undefined) {
      await sale.add({ line: 'card', gtin: CARD_GTIN })
      const [prompt] = sale.view().prompts
      if (prompt !== undefined) await sale.answer(prompt.id, serial)
      say({ said: 'added', sale: id, line: 'card' })
    }
    if (cancelled) {
      await sale.cancel('changed their mind')
      say({ said: 'cancelled', sale: id })
      return
    }
    const paid = await sale.pay({ id: 'cash', by: 'cash', amount: 'rest' })
    if (paid.outcome !== 'done') throw new TypeError(`${id}: ${JSON.stringify(paid)} for ${totalOf(basket)}`)
    say({ said: 'paid', sale: id, amountMinor: paid.payment.amountMinor })
  }
  if (WITHOUT_PAYMENT.includes(sale.view().state)) return
  const ended = await sale.finish()
  if (ended.state === 'closed') say({ said: 'closed', sale: id })
}
