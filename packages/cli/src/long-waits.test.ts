// What takes a real till minutes: card payments that nobody knows about, settled from the terminal's own slip; a card
// that was put off; a receipt that is still to come when the queue is drained.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startPrinterSim } from '@cashdesk/hardware-sim'
import { type Input, lineId, minor, type OperationId, report, saleId, tenderId } from '@cashdesk/kernel'
import { DEFAULT_PROFILE } from '@cashdesk/sdk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openShop, PEN, type Shop } from '../test/shop.ts'
import { CONFIG, type Happening, written } from '../test/written.ts'
import { readBook } from './reading.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.end())

const SALE = saleId('R-1')
const HOUR = 3_600_000
const article = { ...PEN, priceMinor: minor(PEN.priceMinor) }

const rungUp = (config = CONFIG): readonly Happening[] => [
  [0, { type: 'lane.started', config }],
  [0, { type: 'sale.open', sale: SALE, kind: 'sale', owner: 'till' }],
  [1_000, { type: 'line.add', sale: SALE, line: lineId('1'), article, quantity: 2, wants: [] }],
  [1_000, { type: 'sale.total', sale: SALE }],
]
const byCard: Happening = [
  1_000,
  { type: 'tender.add', sale: SALE, tender: tenderId('card-1'), by: 'card', amountMinor: 'rest' },
]
const noAnswer = (via: 'send' | 'query'): Happening => [
  5_000,
  lane => {
    const op: OperationId | undefined = [...lane.operations.keys()][0]
    const answer = { outcome: 'unknown', error: report('terminal.no-answer') } as const
    return { type: 'answer', op: op ?? ('none' as OperationId), via, answer } satisfies Input
  },
]

/** The terminal was silent for so long that a person was asked. */
async function unresolved(): Promise<string> {
  const later: Happening[] = Array.from({ length: 20 }, (): Happening[] => [
    [30_000, { type: 'clock' }],
    noAnswer('query'),
  ]).flat()
  const lane = await written(shop.dir, Date.now() - HOUR, [...rungUp(), byCard, noAnswer('send'), ...later])
  const [task] = [...lane.tasks.values()]
  expect(task).toMatchObject({ kind: 'payment-unresolved', actions: expect.arrayContaining(['booked']) })
  return task?.id ?? ''
}

const resolve = (task: string, action: string) =>
  shop.cashdesk(
    ...['journal', 'resolve', shop.dir, task, '--action', action],
    ...['--operator', 'Anna', '--reason', 'slip 17'],
  )

describe('a card payment that nobody knows about', () => {
  it('is shown with the terminal as the one who owes the answer', async () => {
    await unresolved()
    const { out } = await shop.cashdesk('journal', 'show', shop.dir)
    expect(out).toContain('nobody knows whether a card payment was booked')
    expect(out).toContain('terminal: card payment of 3.98 EUR, sale R-1')
    expect(out).toContain('the till asks what became of it')
    expect(out).toContain('booked      the terminal’s own slip says that it was booked')
  })

  it('is paid when the slip says so: the money counts, and the story names who decided', async () => {
    const task = await unresolved()
    expect(await resolve(task, 'booked')).toMatchObject({
      code: 0,
      out: expect.stringContaining('PAID: 3.98 EUR.'),
    })
    const book = await readBook(shop.dir)
    expect([book.lane.operations.size, book.outbox.entries.size, book.lane.tasks.size]).toEqual([0, 0, 0])
    const { out } = await shop.cashdesk('journal', 'show', shop.dir, '--sale', 'R-1')
    expect(out).toContain('paid by card  3.98 EUR is booked')
    expect(out).toContain('settled by Anna: the terminal’s own slip says that it was booked. Reason: slip 17')
  })

  it('stays to be paid when the slip says that it was not booked', async () => {
    const task = await unresolved()
    const { code, out } = await resolve(task, 'not-booked')
    expect(code).toBe(0)
    expect(out).not.toContain('PAID')
    const sale = (await readBook(shop.dir)).lane.sales.get(SALE)
    expect(sale).toMatchObject({ state: 'tendering', legs: [{ state: 'refused' }] })
  })

  it('is asked about once more at the next start when a person wants that', async () => {
    const task = await unresolved()
    const { out } = await resolve(task, 'retry')
    expect(out).toContain('→ terminal: what became of the card payment?')
    const [waiting] = [...(await readBook(shop.dir)).outbox.entries.values()]
    expect(waiting).toMatchObject({ state: 'sent', next: 'query' })
  })
})

describe('a card that was sold before its provider could be asked', () => {
  it('is put off, and pending until the provider answers', async () => {
    const limits = { itemMinor: 10_000, cardMinor: 10_000, laneMinor: 10_000, laneClaims: 9, ageMs: HOUR }
    const cards = {
      ...({ plugin: 'cards', claims: 'line', operations: ['reserve', 'commit', 'release'] } as const),
      ...{ after: [], beforePaper: false, notPaidBy: [] },
      offline: { reserve: 'defer', limits } as const,
      profile: DEFAULT_PROFILE,
    }
    const config = { ...CONFIG, participants: [cards] }
    const wants = [{ plugin: 'cards', subject: { serial: 'SER-1' } }]
    const line = { type: 'line.add', sale: SALE, line: lineId('1'), article, quantity: 1, wants } as const
    const opened = rungUp(config).slice(0, 2)
    const silence: Happening = [30_000, { type: 'clock' }]
    await written(shop.dir, Date.now() - HOUR, [...opened, [0, line], noAnswer('send'), silence])
    const { out } = await shop.cashdesk('journal', 'show', shop.dir)
    expect(out).toContain('1 claim put off')
    expect(out).toContain('cards: SER-1 of sale R-1 was sold without asking the provider')
    expect(out).toContain('cards: reservation of SER-1, sale R-1')
    const json = await shop.cashdesk('journal', 'show', shop.dir, '--json')
    expect(JSON.parse(json.out)).toMatchObject({
      deferred: [{ sale: 'R-1', plugin: 'cards', item: 'SER-1', state: 'deferred' }],
      pending: [{ kind: 'reserve', at: 'cards', item: 'SER-1' }],
    })
  })
})

describe('a receipt that is still to come', () => {
  it('is printed by `drain`, which says that it uses the printer', async () => {
    const config = { ...CONFIG, hasTerminal: false, hasPrinter: true }
    const cash: Happening = [
      1_000,
      { type: 'tender.add', sale: SALE, tender: tenderId('c'), by: 'cash', amountMinor: 'rest' },
    ]
    // The till died between the payment and the receipt.
    await written(shop.dir, Date.now() - HOUR, [...rungUp(config), cash])
    const printer = await startPrinterSim()
    const document = {
      ...{ dir: 'till', lane: '7', currency: 'EUR' },
      printer: { kind: 'tcp', host: '127.0.0.1', port: printer.port },
    }
    const file = join(shop.folder, 'printing.json')
    await writeFile(file, JSON.stringify(document))
    const { code, err } = await shop.cashdesk('journal', 'drain', shop.dir, '--config', file)
    expect(err).toContain('A receipt is still to come: the printer is used.')
    expect(code).toBe(0)
    expect(printer.state().receipts).toHaveLength(1)
    const sale = (await readBook(shop.dir)).lane.sales.get(SALE)
    expect(sale).toMatchObject({ state: 'closed', paper: { state: 'printed', printed: 1 } })
    await printer.close()
  })
})
