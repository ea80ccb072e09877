// A register that owns basket and payment; Cashdesk only sells the ContentCards in it. First run: it rings up a sale
// and takes the money, and is then killed before it can say so. Second run: it opens the till, and nothing else.
import { writeSync } from 'node:fs'
import { reportOf } from '@cashdesk/kernel'
import { activation } from '@cashdesk/plugin-activation'
import { openTill, type SaleView, secret } from '@cashdesk/sdk'
import { OwnBooks } from './own-books.ts'

const [, , task = 'sell', dir = '.', host = 'http://127.0.0.1:8440', serial = ''] = process.argv

/** The register's own receipt number, which is the sale's id in Cashdesk, too. */
const RECEIPT = 'receipt-0815'
/** How long the second run waits for what the first one left. */
const SETTLE_MS = 20_000

const books = new OwnBooks(dir)

await using till = await openTill({
  dir,
  lane: '0412-08',
  currency: 'EUR',
  statusOf: sale => books.statusOf(sale),
  plugins: [
    activation({
      user: secret('env:CONTENTCARD_USER'),
      password: secret('env:CONTENTCARD_PASS'),
      cspid: '4711',
      reservationServers: [host],
      activationServers: [host],
    }),
  ],
})

try {
  if (task === 'sell') await sell()
  else await ended()
  say({ recovered: till.recovered, sale: summary(till.find(RECEIPT).view()) })
} catch (thrown) {
  say({ error: reportOf(thrown, 'register.closed') })
  process.exitCode = 1
}

async function sell(): Promise<void> {
  const sale = await till.sale({ id: RECEIPT, owner: 'register' })
  await sale.add({ line: '1', article: { name: 'Coffee beans 500 g', priceMinor: 849, vat: 700 } })
  const card = { name: 'ContentCard Music 20 EUR', priceMinor: 2000, vat: null, facts: { prodid: '4967' } }
  await sale.add({ line: '2', article: card, serial })
  const { revision, totals } = await sale.total()
  const { totalMinor } = totals
  books.keep(RECEIPT, { status: 'paid', revision, totalMinor, reference: 'Z1-4711' })
  // The money is in the drawer and in the register's own books. Here the power goes: `paid` is never said.
  say({ paid: totalMinor })
  standStill()
  await sale.paid({ revision, totalMinor, reference: 'Z1-4711' })
}

/** Cashdesk asks by itself; all that is left to do is to wait. */
function ended(): Promise<void> {
  const sale = till.find(RECEIPT)
  return new Promise(resolve => {
    const look = ({ state }: SaleView): void => {
      if (state === 'closed' || state === 'cancelled') settle()
    }
    const settle = (): void => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(settle, SETTLE_MS)
    sale.on('changed', look)
    look(sale.view())
  })
}

/** Until somebody kills it. */
function standStill(): void {
  const nobodyWakes = new Int32Array(new SharedArrayBuffer(4))
  Atomics.wait(nobodyWakes, 0, 0)
}

function summary({ id, state, totals, payments, claims }: SaleView): object {
  return {
    id,
    state,
    totalMinor: totals.totalMinor,
    payments: payments.map(({ by, amountMinor, reference }) => ({ by, amountMinor, reference })),
    claims: claims.map(claim => ({ plugin: claim.plugin, serial: claim.serial, state: claim.state })),
  }
}

/** Written at once: the next instant may never come. */
function say(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}
