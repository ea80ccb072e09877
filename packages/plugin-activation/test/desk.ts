// A till with the activation plugin for tests: real journal in a temporary folder, real HTTP, a hurried clock, paper
// that is kept, and a provider that answers what a test tells it to.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, done, type Printer, type PrintJob, type ReceiptDocument } from '@cashdesk/kernel'
import { type CatalogArticle, openTill, type SaleHandle, type Till, type TillOptions } from '@cashdesk/sdk'
import { type ActivationOptions, activation } from '../src/index.ts'

/** Articles as a register's catalog has them. The cards are those of the host's seed. */
export const MUSIC = '4260001190018'
export const GAMES = '4260001190025'
export const BLANK = '4260001190032'
export const PEN = '4006381333931'

const ARTICLES: { readonly [gtin: string]: CatalogArticle } = {
  [MUSIC]: { name: 'ContentCard Music', priceMinor: 2000, vat: null, facts: { prodid: '4967' } },
  [GAMES]: { name: 'ContentCard Games', priceMinor: 5000, vat: null, facts: { prodid: '4968' } },
  [BLANK]: { name: 'ContentCard without data', priceMinor: 1000, vat: null, group: 'contentcard' },
  [PEN]: { name: 'Pen', priceMinor: 199, vat: 1900 },
}

export const DEMO: Pick<ActivationOptions, 'user' | 'password' | 'cspid'> = {
  user: 'demo',
  password: 'demo-pass',
  cspid: '4711',
}

/** Delays up to this are cut to a twentieth, longer ones to a quarter: a busy machine still keeps within patience. */
const SHORT_MS = 2_000

/** Real time, but nobody sits through a delay: when a shortened timer rings, the clock jumps to where it was set. */
export class HurriedClock implements Clock {
  readonly #epoch = Date.now()
  readonly #start = performance.now()
  #skipped = 0

  now(): number {
    return Math.round(this.#epoch + this.monotonicMs())
  }

  monotonicMs(): number {
    return performance.now() - this.#start + this.#skipped
  }

  after(delayMs: number, wake: () => void): () => void {
    const due = this.monotonicMs() + delayMs
    const ring = (): void => {
      this.skip(Math.max(0, due - this.monotonicMs()))
      wake()
    }
    const timer = setTimeout(ring, delayMs / (delayMs <= SHORT_MS ? 20 : 4))
    return () => clearTimeout(timer)
  }

  skip(ms: number): void {
    this.#skipped += ms
  }
}

/** A printer port that keeps what it was given. */
class Paper implements Printer {
  readonly family = 'printer'
  readonly name = 'kept paper'
  readonly documents: ReceiptDocument[] = []
  open = async (): Promise<void> => undefined
  close = async (): Promise<void> => undefined
  health: Printer['health'] = () => ({
    family: 'printer',
    name: this.name,
    state: 'ready',
    counts: {},
    facts: {},
  })
  status: Printer['status'] = async () =>
    done({ online: true, cover: 'closed', paper: 'ok', drawer: 'closed' } as const)
  kickDrawer: Printer['kickDrawer'] = () => this.status()
  print: Printer['print'] = (job: PrintJob) => {
    this.documents.push(job.document)
    return this.status()
  }
}

export interface Desk {
  readonly till: Till
  readonly clock: HurriedClock
  readonly dir: string
  /** Every line of log, as text. */
  readonly log: string[]
  /** The text lines of every receipt so far. */
  lines(): readonly string[]
  /** Closes the till and opens it again on the same journal, as after a restart. */
  reopen(): Promise<Desk>
  /** Closes the till and removes its folder. */
  close(): Promise<void>
}

type DeskOptions = Partial<ActivationOptions> & {
  /** That of an earlier till, to go on where it ended. */
  readonly dir?: string
  /** For both roles. */
  readonly servers?: readonly string[]
  readonly secrets?: NonNullable<TillOptions['ports']>['secrets']
}

export async function openDesk(options: DeskOptions): Promise<Desk> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'cashdesk-activation-')))
  const { servers = [], secrets, dir: _, ...given } = options
  const clock = new HurriedClock()
  const paper = new Paper()
  const log: string[] = []
  const till = await openTill({
    dir,
    lane: '7',
    currency: 'EUR',
    catalog: gtin => ARTICLES[gtin],
    printer: paper,
    plugins: [activation({ ...DEMO, reservationServers: servers, activationServers: servers, ...given })],
    log: (level, message, detail) => void log.push(JSON.stringify([level, message, detail])),
    ports: { clock, ...(secrets ? { secrets } : {}) },
  })
  return {
    till,
    clock,
    dir,
    log,
    lines: () =>
      paper.documents.flatMap(({ blocks }) =>
        blocks.flatMap(block => (block.block === 'text' ? [block.text] : [])),
      ),
    reopen: async () => {
      await till.close()
      return openDesk({ ...options, dir })
    },
    close: async () => {
      await till.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Rings up a card, answers the prompt, and waits for the provider's word or the end of patience. */
export async function ringUp(sale: SaleHandle, gtin: string, serial: string): Promise<void> {
  const line = `l${sale.view().lines.length + 1}`
  await sale.add({ line, gtin })
  const prompt = sale.view().prompts.find(each => each.line === line)
  if (prompt) await sale.answer(prompt.id, serial)
  await until(sale, view => !view.waitsFor.includes('provider'))
}

type View = ReturnType<SaleHandle['view']>

/** Waits for a durable state of the sale. */
export function until(sale: SaleHandle, wanted: (view: View) => boolean): Promise<View> {
  return new Promise(resolve => {
    let stop = (): void => undefined
    const look = (view: View): void => {
      if (!wanted(view)) return
      stop()
      resolve(view)
    }
    stop = sale.on('changed', look)
    look(sale.view())
  })
}

/** Every byte below `dir`. */
export async function everyFile(dir: string): Promise<Buffer> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile())
  return Buffer.concat(await Promise.all(files.map(file => readFile(join(file.parentPath, file.name)))))
}

// ── a provider that answers what a test tells it to ─────────────────────────────────────────────────────

export interface Asked {
  /** Path and query as they came. */
  readonly url: string
  readonly method: string
  readonly key: string | undefined
  readonly query: { readonly [name: string]: string }
}

/** `drop` destroys the connection without an answer. */
export type Reply = { readonly status: number; readonly body: string | object } | 'drop'

export interface Provider {
  readonly url: string
  readonly asked: Asked[]
  reply: (asked: Asked) => Reply
  close(): Promise<void>
}

/** The answer that docs/host-activation.md gives when all is well. */
export function wellDone({ query, key }: Asked): Reply {
  const result = {
    '1': 'reserved',
    '2': 'activated',
    '3': 'released',
    '4': 'activated',
    '5': 'renewed',
    '6': 'voided',
  }
  const action = query['action'] as keyof typeof result
  const operation = action === '4' ? query['operation'] : key
  return { status: 200, body: { result: result[action], operation, expiresInMs: 900_000 } }
}

export async function startProvider(reply: (asked: Asked) => Reply = wellDone): Promise<Provider> {
  const asked: Asked[] = []
  const server: Server = createServer((request, response) => {
    const call = askedOf(request)
    asked.push(call)
    answer(provider.reply(call), request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const provider: Provider = {
    url: `http://127.0.0.1:${port}`,
    asked,
    reply,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  return provider
}

function askedOf({ url = '', method = '', headers }: IncomingMessage): Asked {
  const key = headers['idempotency-key']
  return {
    url,
    method,
    key: typeof key === 'string' ? key : undefined,
    query: Object.fromEntries(new URL(url, 'http://till').searchParams),
  }
}

function answer(reply: Reply, request: IncomingMessage, response: ServerResponse): void {
  if (reply === 'drop') return void request.socket.destroy()
  const json = typeof reply.body === 'object'
  response.writeHead(reply.status, { 'content-type': json ? 'application/json' : 'text/html' })
  response.end(json ? JSON.stringify(reply.body) : reply.body)
}

/** An address at which nobody listens. */
export async function deadServer(): Promise<string> {
  const provider = await startProvider()
  await provider.close()
  return provider.url
}
