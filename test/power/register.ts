// A register's process: opens the till, shows what it knows of the sales of earlier lives, ends what was left, and then
// sells for cash, prepaid cards among the goods, until it is killed. What the till acknowledged goes to stdout at once.
import { writeSync } from 'node:fs'
import { CashdeskError } from '@cashdesk/kernel'
import { activation } from '@cashdesk/plugin-activation'
import { openTill, type SaleView, type Till } from '@cashdesk/sdk'
import { type Basket, basketOf, CARD_ARTICLE, CARD_GTIN, MAX_SALES, saleName, totalOf } from './basket.ts'

/** A life that is only to say what it found is told so with this word. */
const LAST = 'last'
/** Until nothing is in flight at the end; commits that failed once wait seconds. */
const IDLE_MS = 30_000

function say(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}

const [, , dir = '', host = '', lifeText = '1', asked = '[]', last = ''] = process.argv
const life = Number(lifeText)

async function open(): Promise<Till> {
  const cards = activation({
    user: 'demo',
    password: 'demo-pass',
    cspid: '4711',
    reservationServers: [host],
    activationServers: [host],
  })
  return openTill({
    dir,
    lane: '7',
    currency: 'EUR',
    plugins: [cards],
    catalog: gtin => (gtin === CARD_GTIN ? CARD_ARTICLE : undefined),
  })
}

function known(till: Till, id: string): SaleView | undefined {
  try {
    return till.find(id).view()
  } catch (error) {
    if (error instanceof CashdeskError && error.code === 'sale.unknown') return undefined
    throw error
  }
}

function shown(till: Till, ids: readonly string[]): readonly SaleView[] {
  return ids.flatMap(id => known(till, id) ?? [])
}

/** Every command carries the register's own ids: after a loss of power it is simply given again. */
async function sell(till: Till, basket: Basket): Promise<void> {
  const { id, prices, serial, cancelled } = basket
  const sale = await till.sale({ id })
  say({ said: 'opened', sale: id })
  if (['open', 'parked', 'tendering'].includes(sale.view().state)) {
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
    say({ said: 'giving', sale: id, amountMinor: totalOf(basket) })
    const paid = await sale.pay({ id: 'cash', by: 'cash', amount: 'rest' })
    if (paid.outcome !== 'done') throw new TypeError(`${id}: payment ${paid.outcome} ${JSON.stringify(paid)}`)
    say({ said: 'paid', sale: id, amountMinor: paid.payment.amountMinor })
  }
  if (['cancelling', 'cancelled'].includes(sale.view().state)) return
  const ended = await sale.finish()
  if (ended.state === 'closed') say({ said: 'closed', sale: id })
}

async function finish(till: Till): Promise<void> {
  const idle = await till.idle({ timeoutMs: IDLE_MS })
  const sales: SaleView[] = []
  for (let of = 1; of <= life; of += 1)
    for (let number = 0; number < MAX_SALES; number += 1) sales.push(...shown(till, [saleName(of, number)]))
  const unfinished = till.unfinished().map(({ id }) => id)
  say({ said: 'end', idle, tasks: till.tasks().length, unfinished, sales })
  await till.close()
}

try {
  const till = await open()
  const { records, recovery } = till.journal
  const cut = recovery.cut !== undefined
  const sales = shown(till, JSON.parse(asked))
  say({ said: 'open', records, cut, restored: recovery.restored, sales })
  for (const { id } of till.unfinished()) {
    const [, of = '', number = ''] = /^L(\d+)-(\d+)$/.exec(id) ?? []
    await sell(till, basketOf(Number(of), Number(number)))
  }
  if (last === LAST) await finish(till)
  else for (let number = 0; number < MAX_SALES; number += 1) await sell(till, basketOf(life, number))
} catch (error) {
  if (!(error instanceof CashdeskError)) throw error
  say({ said: 'failed', code: error.code, detail: error.detail ?? {} })
  process.exitCode = 1
}
