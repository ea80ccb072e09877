// What happens at the counter: each scenario as the cashier plays it, from the first scan to the last receipt. It is
// written so that it can be begun again after a crash at any point.
import type { SaleHandle } from '@cashdesk/sdk'
import type { Cashier } from './cashier.ts'
import { CABLE, CARD, COFFEE } from './goods.ts'
import type { OwnBooks } from './own-books.ts'

type Play = (cashier: Cashier, own: OwnBooks) => Promise<void>

export interface Scenario {
  readonly story: string
  /** Played before anything is killed. */
  readonly prepare?: Play
  readonly play: Play
  /** After a crash the customer may have gone, and the cashier lets the sale named `a` go. */
  readonly mayLetGo?: true
}

const NOTE = 5_000
/** The register does not wait for activations that cannot come. */
const NO_WAIT_MS = 20

/** Coffee and a card on sale `a`. */
async function basket(cashier: Cashier): Promise<SaleHandle> {
  const sale = await cashier.open('a')
  await cashier.ring(sale, '1', COFFEE)
  await cashier.ring(sale, '2', CARD, cashier.serial(0))
  return sale
}

async function soldByCard(cashier: Cashier): Promise<void> {
  const sale = await basket(cashier)
  await cashier.payCard(sale, 'p')
  await cashier.finish(sale)
}

async function soldForCash(cashier: Cashier): Promise<void> {
  const sale = await basket(cashier)
  await cashier.payCash(sale, 'p', NOTE)
  await cashier.finish(sale)
}

/** By card, after something has gone wrong at the terminal. */
const byCardWith =
  (name: string): Play =>
  async cashier => {
    const sale = await basket(cashier)
    await cashier.happen({ place: 'terminal', name })
    await cashier.payCard(sale, 'p')
    await cashier.finish(sale)
  }

async function prompted(cashier: Cashier): Promise<void> {
  const sale = await cashier.open('a')
  await cashier.ring(sale, '1', CARD)
  const [prompt] = sale.view().prompts
  if (prompt) await sale.answer(prompt.id, cashier.serial(0))
  await cashier.payCash(sale, 'p', 2_000)
  await cashier.finish(sale)
}

async function split(cashier: Cashier): Promise<void> {
  const sale = await basket(cashier)
  await cashier.payCash(sale, 'c', 1_000, 1_000)
  await cashier.payCard(sale, 'p')
  await cashier.finish(sale)
}

async function twoCards(cashier: Cashier): Promise<void> {
  const sale = await cashier.open('a')
  await cashier.ring(sale, '1', CARD, cashier.serial(0))
  await cashier.ring(sale, '2', CARD, cashier.serial(1))
  await cashier.payCard(sale, 'p')
  await cashier.finish(sale)
}

/** After a crash the cashier looks at the display before scanning again: a scan has no id of its own. */
async function oneScan(cashier: Cashier): Promise<void> {
  const sale = await cashier.open('a')
  await cashier.ring(sale, '1', COFFEE)
  const code = `]d201${CARD.gtin.padStart(14, '0')}21${cashier.serial(0)}`
  const isThere = (): boolean =>
    sale.view().lines.some(({ article, state }) => article.gtin === CARD.gtin && state === 'active')
  if (sale.view().state === 'open' && !isThere()) await cashier.till.scan(code)
  cashier.sawLines(sale)
  await cashier.payCash(sale, 'p', NOTE)
  await cashier.finish(sale)
}

async function parked(cashier: Cashier): Promise<void> {
  if (!cashier.ended('b')) {
    const held = cashier.view(cashier.id('a'))
    if (held === undefined || held.state === 'open') await (await basket(cashier)).park()
    const other = await cashier.open('b')
    await cashier.ring(other, '1', CABLE)
    await cashier.payCash(other, 'p', 2_000)
    await cashier.finish(other)
  }
  cashier.sawEnd(cashier.till.find(cashier.id('b')))
  const sale = cashier.till.find(cashier.id('a'))
  if (sale.view().state === 'parked') await sale.resume()
  await cashier.payCash(sale, 'p', NOTE)
  await cashier.finish(sale)
}

async function cancelledEarly(cashier: Cashier): Promise<void> {
  const sale = await basket(cashier)
  if (sale.view().state === 'open') await sale.total()
  await sale.cancel('changed his mind')
  await cashier.till.idle({ timeoutMs: 60_000 })
  cashier.sawEnd(sale)
}

/** The cashier presses cancel while the customer still looks for the card. */
async function cancelledLate(cashier: Cashier): Promise<void> {
  const sale = await basket(cashier)
  await cashier.happen({ place: 'terminal', name: 'card-wait', args: { ms: 5_000 } })
  const abort = new AbortController()
  const stop = sale.on('message', () => abort.abort())
  const view = sale.view()
  if (view.state !== 'cancelled' && view.state !== 'cancelling') {
    const result = await cashier.cardOnce(sale, 'p1', undefined, abort.signal)
    if (result.outcome === 'done') await cashier.finish(sale)
  }
  stop()
  await cashier.letGo(sale)
}

/** Split, and cancelled when the cash is in the drawer already. */
async function cancelledBetween(cashier: Cashier): Promise<void> {
  const sale = await basket(cashier)
  const { state } = sale.view()
  if (state !== 'cancelled' && state !== 'cancelling') await cashier.payCash(sale, 'c', 1_000, 1_000)
  await cashier.letGo(sale)
}

async function lineVoided(cashier: Cashier): Promise<void> {
  const sale = await cashier.open('a')
  await cashier.ring(sale, '1', COFFEE)
  await cashier.ring(sale, '2', CARD, cashier.serial(0))
  await cashier.ring(sale, '3', CARD, cashier.serial(1))
  await cashier.voidLine(sale, '2')
  await cashier.payCash(sale, 'p', NOTE)
  await cashier.finish(sale)
}

async function declined(cashier: Cashier): Promise<void> {
  const sale = await basket(cashier)
  await cashier.happen({ place: 'terminal', name: 'decline' })
  const result = await cashier.cardOnce(sale, 'p1')
  if (result.outcome === 'refused') await cashier.payCash(sale, 'c', NOTE)
  await cashier.finish(sale)
}

async function noPaper(cashier: Cashier): Promise<void> {
  const sale = await basket(cashier)
  await cashier.happen({ place: 'printer', name: 'paper-out' })
  await cashier.payCard(sale, 'p')
  await cashier.finish(sale)
  await cashier.paperFor(sale)
}

async function offline(cashier: Cashier): Promise<void> {
  const sale = await basket(cashier)
  if (sale.view().state === 'open') await sale.total()
  await cashier.happen({ place: 'line', name: 'down' })
  await cashier.payCash(sale, 'p', NOTE)
  await cashier.finish(sale, NO_WAIT_MS)
  await cashier.happen({ place: 'line', name: 'up' })
}

const lostAt =
  (name: 'drop-answer' | 'drop-request', action: number): Play =>
  async cashier => {
    const sale = await cashier.open('a')
    await cashier.ring(sale, '1', COFFEE)
    await cashier.happen({ place: 'host', name, action })
    await cashier.ring(sale, '2', CARD, cashier.serial(0))
    await cashier.payCash(sale, 'p', NOTE)
    await cashier.finish(sale)
  }

const takenBack =
  (pay: 'cash' | 'card'): Play =>
  async cashier => {
    const back = await cashier.open('v', { kind: 'void', original: cashier.id('a') })
    cashier.sawLines(back)
    if (pay === 'cash') await cashier.payCash(back, 'r', 0)
    else await cashier.payCard(back, 'r')
    await cashier.finish(back)
  }

async function lineReturned(cashier: Cashier): Promise<void> {
  const back = await cashier.open('v', { kind: 'return', original: cashier.id('a') })
  await back.add({ line: '1', of: '2' })
  cashier.sawLines(back)
  await cashier.payCash(back, 'r', 0)
  await cashier.finish(back)
}

/** Depth b: the register takes the money itself, writes that down, and then tells the till. */
async function registerOwned(cashier: Cashier, own: OwnBooks): Promise<void> {
  const sale = await cashier.open('a', { owner: 'register' })
  let paid = own.find(sale.id)
  if (paid === undefined) {
    await cashier.ring(sale, '1', COFFEE)
    await cashier.ring(sale, '2', CARD, cashier.serial(0))
    const { revision, totals } = await sale.total()
    paid = { status: 'paid', revision, totalMinor: totals.totalMinor, reference: 'Z1-4711' }
    own.keep(sale.id, paid)
    cashier.boundary('own payment')
  }
  cashier.saw({ saw: 'cash-given', sale: sale.id, payment: 'own', amountMinor: paid.totalMinor })
  cashier.sawLines(sale)
  const { status: _, ...told } = paid
  await sale.paid(told)
  await cashier.finish(sale)
}

async function endOfDay(cashier: Cashier): Promise<void> {
  const { terminalMinor } = await cashier.till.endOfDay()
  cashier.saw({ saw: 'day-ended', terminalMinor })
}

export const SCENARIOS: { readonly [name: string]: Scenario } = {
  cash: { story: 'a card with its serial asked for, paid in cash', play: prompted, mayLetGo: true },
  card: { story: 'coffee and a card, paid at the terminal', play: soldByCard, mayLetGo: true },
  split: { story: 'a part in cash, the rest at the terminal', play: split, mayLetGo: true },
  'two-cards': { story: 'two cards in one sale', play: twoCards, mayLetGo: true },
  'one-scan': { story: 'GTIN and serial in one GS1 symbol', play: oneScan, mayLetGo: true },
  parked: { story: 'parked with a card, another sale, resumed', play: parked },
  'cancel-early': { story: 'cancelled before payment', play: cancelledEarly },
  'cancel-during': { story: 'cancelled while the terminal waits for the card', play: cancelledLate },
  'cancel-between': { story: 'cancelled between cash and card', play: cancelledBetween },
  'line-void': { story: 'one of two cards voided', play: lineVoided, mayLetGo: true },
  declined: { story: 'declined at the terminal, then cash', play: declined, mayLetGo: true },
  'no-paper': { story: 'the printer has no paper, later it has', play: noPaper, mayLetGo: true },
  offline: { story: 'the host is away at the commit, and comes back', play: offline },
  'commit-answer-lost': { story: 'the activation’s answer is lost', play: lostAt('drop-answer', 2) },
  'commit-request-lost': { story: 'the activation itself is lost', play: lostAt('drop-request', 2) },
  'reserve-answer-lost': { story: 'the reservation’s answer is lost', play: lostAt('drop-answer', 1) },
  'terminal-booked': {
    story: 'link cut when all is booked, before the terminal says so',
    play: byCardWith('lose-link-after-ack'),
  },
  'terminal-reversed': {
    story: 'link cut before the till’s word arrives; the terminal reverses',
    play: byCardWith('lose-link-after-status'),
  },
  'void-cash': { story: 'an earlier cash sale is voided', prepare: soldForCash, play: takenBack('cash') },
  'void-card': { story: 'an earlier card sale is voided', prepare: soldByCard, play: takenBack('card') },
  return: { story: 'the card of an earlier sale is returned', prepare: soldForCash, play: lineReturned },
  'register-owned': { story: 'the register owns the payment (depth b)', play: registerOwned },
  'end-of-day': { story: 'both books are compared after a card sale', prepare: soldByCard, play: endOfDay },
}
