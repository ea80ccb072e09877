// A backlog as three days of a dead activation server leave it: real sales of cards, each reserved at the host, paid,
// closed, and its activation queued in the journal.
import { nodeDisk } from '@cashdesk/journal'
import { activation } from '@cashdesk/plugin-activation'
import { openTill } from '@cashdesk/sdk'
import { withFiles, withSync } from './disk-wrapped.mjs'
import { PRODUCT, serialOf } from './provider-role.mjs'

const AGE_MS = 72 * 3_600_000
/** The discard port: nothing listens there, so an activation is refused before it is sent. */
const DEAD = 'http://127.0.0.1:9'
const CARD = { name: 'Card', priceMinor: 2500, vat: null, facts: { prodid: PRODUCT } }

/** @param servers `reservation` and `activation`: base addresses */
export function optionsOf(dir, { reservation, activation: activating }) {
  const credentials = { user: 'demo', password: 'demo-pass', cspid: '4711' }
  return {
    dir,
    lane: 'bench',
    currency: 'EUR',
    catalog: () => CARD,
    plugins: [
      activation({ ...credentials, reservationServers: [reservation], activationServers: [activating] }),
    ],
  }
}

/** Stands still 72 hours ago: nothing that was refused is tried again while the backlog is made. */
function oldClock() {
  const then = Date.now() - AGE_MS
  return {
    now: () => then,
    monotonicMs: () => performance.now(),
    after: (delayMs, wake) => {
      // What is due now is due; what is due later never comes.
      if (delayMs > 20) return () => undefined
      const soon = setImmediate(wake)
      return () => clearImmediate(soon)
    },
  }
}

/** How durable the backlog was while it was made is not the question here, and syncs would take most of the time. */
const unsynced = disk => withFiles(disk, file => withSync(file, async () => undefined))

/** Sells cards number `from` to `from + count` and leaves their activations in the outbox of `dir`. */
export async function makeBacklog(dir, host, { from, count }) {
  const till = await openTill({
    ...optionsOf(dir, { reservation: host, activation: DEAD }),
    ports: { clock: oldClock(), disk: unsynced(nodeDisk(dir)) },
  })
  for (let number = from; number < from + count; number += 1) {
    const sale = await till.sale({ id: `b${number}` })
    await sale.add({ line: '1', article: CARD, serial: serialOf(number) })
    const paid = await sale.pay({ id: 'p', by: 'cash' })
    if (paid.outcome !== 'done')
      throw new Error(`a sale of the backlog was not paid: ${JSON.stringify(paid)}`)
    const ended = await sale.finish({ commitBudgetMs: 0 })
    if (ended.state !== 'closed') throw new Error(`a sale of the backlog did not close: ${ended.state}`)
  }
  const queued = till.tasks().length
  await till.close()
  return { tasks: queued }
}
