// A till with the activation plugin for tests: real journal in a temporary folder, real HTTP, a hurried clock, and
// paper that is kept.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CatalogArticle, openTill, type SaleHandle, type Till, type TillOptions } from '@cashdesk/sdk'
import { type ActivationOptions, activation } from '../src/index.ts'
import { HurriedClock } from './node-clock.ts'

type Printer = NonNullable<TillOptions['printer']>
type PrintJob = Parameters<Printer['print']>[0]

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

/** A printer port that keeps what it was given. */
class Paper implements Printer {
  readonly family = 'printer'
  readonly name = 'kept paper'
  readonly documents: PrintJob['document'][] = []
  open = async (): Promise<void> => undefined
  close = async (): Promise<void> => undefined
  health: Printer['health'] = () => ({
    family: 'printer',
    name: this.name,
    state: 'ready',
    counts: {},
    facts: {},
  })
  status: Printer['status'] = async () => ({
    outcome: 'done',
    data: { online: true, cover: 'closed', paper: 'ok', drawer: 'closed' },
  })
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
  const opening = openTill({
    dir,
    lane: '7',
    currency: 'EUR',
    catalog: gtin => ARTICLES[gtin],
    printer: paper,
    plugins: [activation({ ...DEMO, reservationServers: servers, activationServers: servers, ...given })],
    log: (level, message, detail) => void log.push(JSON.stringify([level, message, detail])),
    ports: { clock, ...(secrets ? { secrets } : {}) },
  })
  const till = await opening.catch(async (refused: unknown) => {
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true })
    throw refused
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
