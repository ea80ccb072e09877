// A shop for bad input: the host and the devices as processes, a configuration, and a till that is opened from it. Its
// oracle closes the till, reads the journal, opens the till again, and expects to find what was there.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '@cashdesk/cli'
import { nodeDisk, readJournal } from '@cashdesk/journal'
import { openTill, type SaleView, type Till } from '@cashdesk/sdk'
import { expect } from 'vitest'
import { type Running, start, stop } from './command.ts'

export const PEN = '4006381333931'
/** Articles and cards of packages/host/seed.json. */
export const MUSIC = { gtin: '4260001190018', prodid: '4967', serial: '6034714625981538' }
export const GAMES = { gtin: '4260001190025', prodid: '4968', serial: '6034727756860115' }

const ARTICLES = [
  { gtin: PEN, name: 'Pen', priceMinor: 199, vat: 1900 },
  { gtin: '4003994155486', name: 'Gold bar', priceMinor: 1_000_000_000_000, vat: 0 },
  { gtin: MUSIC.gtin, name: 'Music 20', priceMinor: 2_000, vat: null, facts: { prodid: MUSIC.prodid } },
  { gtin: GAMES.gtin, name: 'Games 50', priceMinor: 5_000, vat: null, facts: { prodid: GAMES.prodid } },
]

export interface Shop {
  readonly host: string
  readonly terminal: number
  readonly printer: number
  readonly scanner: number
  /** What the simulated scanner reads next. */
  scan(code: string): Promise<void>
  /** The terminal's own books. */
  booked(): Promise<number>
  close(): Promise<void>
}

export async function openShop(): Promise<Shop> {
  const processes: readonly Running[] = [
    start(['host', '--store', 'memory', '--port', '0']),
    start(['sim', 'terminal', '--speed', '0']),
    start(['sim', 'printer']),
    start(['sim', 'scanner']),
  ]
  const [host, terminal, printer, scanner] = await Promise.all(processes.map(({ ready }) => ready))
  const port = (ready: Record<string, unknown> | undefined): number => {
    const ports = ready?.['ports'] as { tcp: number } | undefined
    return ports?.tcp ?? 0
  }
  return {
    host: String(host?.['host']),
    terminal: port(terminal),
    printer: port(printer),
    scanner: port(scanner),
    scan: async code => {
      const answer = await fetch(`${String(scanner?.['control'])}/accident`, {
        method: 'POST',
        body: JSON.stringify({ name: 'scan', code }),
      })
      expect(answer.status).toBe(200)
    },
    booked: async () => {
      const state = (await (await fetch(`${String(terminal?.['control'])}/state`)).json()) as {
        totals: { totalMinor: number }
      }
      return state.totals.totalMinor
    },
    close: async () => {
      await Promise.all(processes.map(stop))
    },
  }
}

export interface Store {
  readonly folder: string
  /** The configuration file. */
  readonly file: string
  remove(): Promise<void>
}

/** A folder with a configuration for this shop, its articles, and its secret in a file. */
export async function openStore(shop: Shop, changes: object = {}): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), 'cashdesk-bad-'))
  const host = '127.0.0.1'
  const config = {
    dir: 'till',
    lane: '7',
    currency: 'EUR',
    terminal: { kind: 'zvt', host, port: shop.terminal, profile: { afterAutoReversal: 'reversal' } },
    printer: { kind: 'tcp', host, port: shop.printer, profile: 'epson-48' },
    scanner: { kind: 'tcp', host, port: shop.scanner },
    catalog: { file: 'articles.json' },
    ...changes,
  }
  const file = join(folder, 'till.json')
  await writeFile(join(folder, 'cc.txt'), 'demo-pass\n')
  await writeFile(join(folder, 'articles.json'), JSON.stringify({ articles: ARTICLES }))
  await writeFile(file, JSON.stringify(config))
  return { folder, file, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** The activation plugin as a shop configures it. */
export function activationAt(server: string, profile: unknown = 'cashdesk-1'): object {
  return {
    name: 'activation',
    user: 'demo',
    password: { secret: 'file:cc.txt' },
    cspid: '4711',
    reservationServers: [server],
    activationServers: [server],
    profile,
  }
}

export async function open({ file }: Store): Promise<Till> {
  const till = await openTill(await readConfig(file))
  await until(() => till.devices().every(({ state }) => state === 'ready'))
  return till
}

/** Closes the till, looks at its journal, opens it again; every sale is as it was, or further along. */
export async function soundAfter(store: Store, till: Till, sales: readonly string[]): Promise<Till> {
  await till.idle({ timeoutMs: 5_000 })
  const before = sales.map(id => till.find(id).view())
  await till.close()
  const reading = await readJournal({
    disk: nodeDisk(join(store.folder, 'till')),
    folder: 'journal',
    onStep: () => undefined,
  })
  expect(reading.tear).toBeUndefined()
  const again = await open(store)
  expect(again.state).toBe('open')
  expect(sales.map(id => again.find(id).view())).toEqual(before)
  return again
}

/** Rings up a pen if the sale is empty, takes cash, and sees it closed: the money adds up. */
export async function sellsOn(till: Till, id: string): Promise<SaleView> {
  const sale = till.find(id)
  if (sale.view().totals.totalMinor === 0) await sale.add({ line: 'pen', gtin: PEN })
  const paid = await sale.pay({ id: 'cash', by: 'cash', amount: 'rest' })
  expect(paid.outcome).toBe('done')
  const { state, view } = await sale.finish()
  expect(state).toBe('closed')
  const { totals, payments } = view
  const taken = payments
    .filter(({ state }) => state === 'done')
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0)
  expect(taken).toBe(totals.totalMinor)
  return view
}

/** Until something that arrives by itself is there; the test's own time limit ends it. */
export async function until(seen: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await seen())) await new Promise(resolve => setTimeout(resolve, 10))
}
