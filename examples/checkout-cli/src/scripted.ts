// The scripted sale: two ordinary articles and one ContentCard, paid by card, with or without an accident.
import { CashdeskError } from '@cashdesk/kernel'
import type { SaleView } from '@cashdesk/sdk'
import type { Accident, KilledAt, Scene } from './accidents.ts'
import { inNotes } from './amount.ts'
import { BASKET } from './catalog.ts'
import type { Counter, Receipt } from './counter.ts'

/** How a sale went. */
export interface Played {
  readonly sale: string
  readonly serial: string
  /** What the till last said about it, all of it durable. */
  readonly view: SaleView
  readonly receipt: Receipt | undefined
  /** The register was killed in the middle of it. */
  readonly killed: boolean
}

/** Longer than any payment of the simulated terminal. */
const KILL_TIMEOUT_MS = 60_000

/** Rings up the scripted basket. Only an accident that kills the register leaves the sale unfinished. */
export async function ringUp(counter: Counter, sale: string, accident?: Accident): Promise<Played> {
  const serial = await freeSerial(counter)
  const scene: Scene = { counter, sale, serial }
  await counter.open(sale)
  for (const article of BASKET.articles) await counter.scan(sale, article.gtin)
  await counter.scan(sale, BASKET.card.gtin)
  await happens(scene, accident, accident?.beforeSerial)
  await counter.scanSerial(sale, serial)
  await happens(scene, accident, accident?.beforePayment)
  if (accident?.killedAt) {
    const view = await payUntilKilled(counter, sale, 'payment-1', accident.killedAt)
    return { sale, serial, view, receipt: undefined, killed: true }
  }
  await payInFull(counter, sale, accident)
  const { receipt } = await counter.finish(sale)
  await accident?.afterSale?.(scene)
  const printed = receipt ?? (await counter.print(sale))
  counter.show(printed)
  return { sale, serial, view: await counter.view(sale), receipt: printed, killed: false }
}

/** Numbered by the time of day, as the shop's receipts are: `20261107-152233-417`. */
export function newSaleId(): string {
  const [date = '', time = ''] = new Date().toISOString().split('T')
  return `${date.replaceAll('-', '')}-${time.replaceAll(':', '').replace('.', '-').replace('Z', '')}`
}

/** A card that nobody has bought yet. @throws CashdeskError `claim.unknown-serial` when the shop is sold out */
async function freeSerial(counter: Counter): Promise<string> {
  const [card] = await counter.shop.host.freeCards(String(BASKET.card.facts?.['prodid']))
  if (!card) throw new CashdeskError('claim.unknown-serial', { reason: 'every card of this kind is sold' })
  return card.serial
}

async function happens(
  scene: Scene,
  accident: Accident | undefined,
  hook: ((scene: Scene) => Promise<void>) | undefined,
): Promise<void> {
  if (!accident || !hook) return
  scene.counter.story.heading(`Accident: ${accident.happens}`)
  await hook(scene)
}

async function payInFull(counter: Counter, sale: string, accident: Accident | undefined): Promise<void> {
  const first = await counter.pay(sale, 'payment-1', 'card')
  if (first.outcome !== 'refused') return
  const { totals } = await counter.view(sale)
  const cash = accident?.thenPays === 'cash'
  if (cash) await counter.pay(sale, 'payment-2', 'cash', inNotes(totals.openMinor))
  else if (accident?.thenPays === 'card') await counter.pay(sale, 'payment-2', 'card')
}

/** Starts the payment, and kills the register as soon as it has said that `at` is durable. */
export async function payUntilKilled(
  counter: Counter,
  sale: string,
  payment: string,
  at: KilledAt,
): Promise<SaleView> {
  const { register } = counter
  const paying = counter.pay(sale, payment, 'card').catch(() => undefined)
  const view = await register.until(`the moment to kill it (${at})`, KILL_TIMEOUT_MS, () => {
    const now = register.view(sale)
    return now && hasCome(now, at) ? now : undefined
  })
  await register.kill()
  await paying
  return view
}

function hasCome(view: SaleView, at: KilledAt): boolean {
  return at === 'paid'
    ? view.state === 'settling'
    : view.payments.some(payment => payment.state === 'approved')
}
