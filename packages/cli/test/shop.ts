// A shop for tests: a configuration file, the reference host with its accidents, a till on both, and the command.
import { EventEmitter } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { DEVELOPMENT_USER, type Host, startHost } from '@cashdesk/host'
import { openTill, type SaleHandle, type Till } from '@cashdesk/sdk'
import { readConfig } from '../src/index.ts'
import { run } from '../src/program.ts'

/** From the host's seed: two cards of one article. */
export const CARD = '6034714625981538'
export const SECOND = '6034713914065862'
export const PEN = { name: 'Pen', priceMinor: 199, vat: 1900 } as const
export const GIFT_CARD = {
  name: 'Gift card 25',
  priceMinor: 2500,
  vat: null,
  facts: { prodid: '4967' },
} as const
/** Of the host's development user. It must not be found in anything that is written down. */
export const PASSWORD: string = DEVELOPMENT_USER.pass

export class TestIo extends EventEmitter {
  readonly stdin: PassThrough = new PassThrough()
  readonly stdout: PassThrough = new PassThrough({ encoding: 'utf8' })
  readonly stderr: PassThrough = new PassThrough({ encoding: 'utf8' })
}

/** What a call of the command came to. */
export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

export class Shop {
  readonly #tills: Till[] = []
  readonly folder: string
  readonly dir: string
  readonly config: string
  host: Host

  constructor(folder: string, host: Host) {
    this.folder = folder
    this.dir = join(folder, 'till')
    this.config = join(folder, 'till.json')
    this.host = host
  }

  async till(): Promise<Till> {
    const till = await openTill({ ...(await readConfig(this.config)), commitBudgetMs: 50 })
    this.#tills.push(till)
    return till
  }

  /** What the host does to the next requests of this action: 1 reserves, 2 activates, 3 releases. */
  async accident(name: 'http-500' | 'hang' | 'drop-answer' | 'refuse', action?: number): Promise<void> {
    const match = action === undefined ? {} : { match: { action } }
    const body = JSON.stringify({ name, ...match })
    const headers = { 'content-type': 'application/json' }
    await fetch(`${this.host.url}/accidents`, { method: 'POST', headers, body })
  }

  async setPassword(password: string): Promise<void> {
    await writeFile(join(this.folder, 'password'), password)
  }

  async calm(): Promise<void> {
    await fetch(`${this.host.url}/accidents`, { method: 'DELETE' })
  }

  /** Runs `cashdesk …` in this process. */
  async cashdesk(...args: string[]): Promise<Said> {
    const io = new TestIo()
    let out = ''
    let err = ''
    io.stdout.on('data', text => {
      out += String(text)
    })
    io.stderr.on('data', text => {
      err += String(text)
    })
    const code = await run(args, io)
    await new Promise(resolve => setImmediate(resolve))
    return { code, out, err }
  }

  async end(): Promise<void> {
    for (const till of this.#tills) await till.close()
    await this.host.close()
    await rm(this.folder, { recursive: true, force: true })
  }
}

export async function openShop(): Promise<Shop> {
  const host = await startHost({ store: { kind: 'memory' }, accidents: true })
  const shop = new Shop(await mkdtemp(join(tmpdir(), 'cashdesk-inside-')), host)
  await shop.setPassword(PASSWORD)
  const plugin = {
    name: 'activation',
    user: DEVELOPMENT_USER.user,
    password: { secret: 'file:password' },
    cspid: DEVELOPMENT_USER.cspid,
    reservationServers: [host.url],
    activationServers: [host.url],
  }
  const document = { dir: 'till', lane: '7', currency: 'EUR', plugins: [plugin] }
  await writeFile(shop.config, JSON.stringify(document))
  return shop
}

/** A pen and, with a serial, a gift card, up to the payment. */
export async function ringUp(till: Till, id: string, serial?: string): Promise<SaleHandle> {
  const sale = await till.sale({ id, operator: 'Anna Muster' })
  await sale.add({ line: '1', article: PEN })
  if (serial === undefined) return sale
  await sale.add({ line: '2', article: GIFT_CARD })
  await sale.answer(sale.view().prompts[0]?.id ?? '', serial)
  return sale
}

/** All of it: paid in cash, with the receipt. */
export async function sell(till: Till, id: string, serial?: string): Promise<SaleHandle> {
  const sale = await ringUp(till, id, serial)
  await sale.pay({ id: 'cash', by: 'cash', given: 5000 })
  await sale.finish()
  return sale
}

/** Resolves when `fits` answers something. */
export async function until<Found>(fits: () => Found | undefined | false): Promise<Found> {
  for (;;) {
    const found = fits()
    if (found !== undefined && found !== false) return found
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** A till that was refused an activation, and closed: a refund is due. */
export async function refundDue(shop: Shop): Promise<string> {
  const till = await shop.till()
  await shop.accident('refuse', 2)
  await sell(till, 'R-1', CARD)
  const task = await until(() => till.tasks()[0]?.id)
  await till.close()
  await shop.calm()
  return task
}

/** A till whose activation is not taken because its password is wrong, and closed: a person is asked. */
export async function providerStuck(shop: Shop): Promise<string> {
  const till = await shop.till()
  await shop.accident('http-500', 2)
  await sell(till, 'R-1', CARD)
  await till.close()
  await shop.calm()
  await shop.setPassword('another')
  const again = await shop.till()
  const task = await until(() => again.tasks()[0]?.id)
  await again.close()
  await shop.setPassword(PASSWORD)
  return task
}
