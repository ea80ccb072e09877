// A whole shop in one process and in virtual time: the real till, drivers and plugin on a simulated disk and network,
// with simulated devices and the reference host at the other ends. Nothing here waits for anything real.
import {
  SimClock,
  SimDisk,
  SimNetwork,
  SimRandom,
  type SimulatedPrinter,
  type SimulatedScanner,
  type SimulatedTerminal,
  simulatedPrinter,
  simulatedScanner,
  simulatedTerminal,
} from '@cashdesk/hardware-sim'
import { DEFAULT_POLICY, DEVELOPMENT_USER, inProcessHost, MemoryStore } from '@cashdesk/host'
import { activation } from '@cashdesk/plugin-activation'
import { epson48, printer as printerOn } from '@cashdesk/printer'
import { serialScanner } from '@cashdesk/scanner'
import { openTill, type SaleHandle, type Till } from '@cashdesk/sdk'
import { zvtTerminal } from '@cashdesk/terminal'
import { beforeEach, describe, expect, it } from 'vitest'

const CARD_GTIN = '4260001190018'
const SERIAL = '6034714625981538'
/** Virtual time in which any of these sales is over. */
const PATIENCE_MS = 600_000

let clock: SimClock
let network: SimNetwork
let store: MemoryStore
let terminal: SimulatedTerminal
let paper: SimulatedPrinter
let scanner: SimulatedScanner
let till: Till

/** Lets time pass until `work` is done. */
async function passing<T>(work: Promise<T>): Promise<T> {
  let over = false
  const ended = work.finally(() => {
    over = true
  })
  ended.catch(() => undefined)
  const untilMs = clock.monotonicMs() + PATIENCE_MS
  while (!over && clock.monotonicMs() < untilMs) await clock.settle(Math.min(clock.untilNextMs() ?? 0, 1_000))
  if (!over) throw new TypeError('it did not end in time')
  return await ended
}

beforeEach(async () => {
  clock = new SimClock()
  network = new SimNetwork({ clock, seed: 7 })
  terminal = simulatedTerminal({ clock })
  paper = simulatedPrinter({ clock })
  scanner = simulatedScanner({ clock })
  store = new MemoryStore()
  await store.seed({
    articles: [{ prodid: '4967', name: 'Music 20 EUR', gtin: CARD_GTIN }],
    cards: [{ serial: SERIAL, prodid: '4967' }],
  })
  const host = inProcessHost({
    store,
    policy: DEFAULT_POLICY,
    users: [DEVELOPMENT_USER],
    now: () => clock.now(),
  })
  const { user, pass: password, cspid = '' } = DEVELOPMENT_USER
  till = await passing(
    openTill({
      dir: 'simulated',
      lane: '7',
      currency: 'EUR',
      catalog: gtin =>
        gtin === CARD_GTIN
          ? { name: 'Music 20 EUR', priceMinor: 2_000, vat: null, facts: { prodid: '4967' } }
          : undefined,
      plugins: [
        activation({
          user,
          password,
          cspid,
          reservationServers: ['https://one.example'],
          activationServers: ['https://two.example'],
        }),
      ],
      terminal: zvtTerminal({
        transport: network.transport('terminal', terminal.peer),
        profile: { afterAutoReversal: 'reversal' },
      }),
      printer: printerOn({ transport: network.transport('printer', paper.peer), profile: epson48 }),
      scanner: serialScanner({ transport: network.transport('scanner', scanner.peer) }),
      ports: {
        clock,
        random: new SimRandom(7),
        http: network.http(host.serve),
        disk: new SimDisk(),
      },
    }),
  )
})

async function cardRungUp(id: string): Promise<SaleHandle> {
  const sale = await passing(till.sale({ id }))
  await clock.settle(1_000)
  await passing(scanner.scan(CARD_GTIN))
  await clock.settle(1_000)
  await passing(scanner.scan(SERIAL))
  await clock.settle(1_000)
  return sale
}

describe('a shop in one process', () => {
  it('sells a card by scan, card payment, activation and paper, without a real second', async () => {
    const sale = await cardRungUp('R-1')
    expect(store.books.cards.get(SERIAL)?.state).toBe('reserved')
    const paid = await passing(sale.pay({ id: 'P-1', by: 'card' }))
    expect(paid).toMatchObject({ outcome: 'done' })
    expect(await passing(sale.finish())).toMatchObject({ state: 'closed' })
    expect(terminal.books.map(({ kind, state, amountMinor }) => [kind, state, amountMinor])).toEqual([
      ['payment', 'booked', 2_000],
    ])
    expect(store.books.cards.get(SERIAL)?.state).toBe('active')
    expect(paper.receipts.at(-1)?.text).toContain('Music 20 EUR')
    await passing(till.close())
  })
})
