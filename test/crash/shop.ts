// The shop that survives the register's deaths: the host behind its line, the terminal with its books, the printer with
// its paper. They run in the supervisor's process; the register only ever sees their sockets.
import { join } from 'node:path'
import { type PrinterSim, startPrinterSim, startTerminalSim, type TerminalSim } from '@cashdesk/hardware-sim'
import { DEVELOPMENT_ADMIN_TOKEN, type Host, startHost } from '@cashdesk/host'
import { CARD, CARDS_PER_SHOP, serialOf } from './goods.ts'
import { Line } from './line.ts'
import type { Happening, Place } from './protocol.ts'

const PRODUCT = '4967'

export class Shop {
  readonly dir: string
  readonly line: Line
  readonly terminal: TerminalSim
  readonly printer: PrinterSim
  readonly hostUrl: string
  readonly paper: readonly string[]
  readonly smallJournal: boolean
  readonly #host: Host
  #cardsUsed = 0
  #trials = 0

  private constructor(
    dir: string,
    parts: {
      readonly host: Host
      readonly line: Line
      readonly terminal: TerminalSim
      readonly printer: PrinterSim
      readonly paper: readonly string[]
      readonly smallJournal: boolean
    },
  ) {
    this.dir = dir
    this.#host = parts.host
    this.hostUrl = parts.host.url
    this.line = parts.line
    this.terminal = parts.terminal
    this.printer = parts.printer
    this.paper = parts.paper
    this.smallJournal = parts.smallJournal
  }

  static async open(dir: string, smallJournal = false): Promise<Shop> {
    const paper: string[] = []
    const serials = Array.from({ length: CARDS_PER_SHOP }, (_, index) => serialOf(index))
    const [host, terminal, printer] = await Promise.all([
      startHost({
        store: { kind: 'memory' },
        accidents: true,
        seed: {
          articles: [{ prodid: PRODUCT, name: CARD.name, gtin: CARD.gtin }],
          cards: serials.map(serial => ({ serial, prodid: PRODUCT })),
        },
      }),
      startTerminalSim({ speed: 0, books: join(dir, 'terminal-books.json') }),
      startPrinterSim({ pictures: false, onReceipt: receipt => void paper.push(receipt.text) }),
    ])
    const line = await Line.to(host.url)
    return new Shop(dir, { host, terminal, printer, paper, line, smallJournal })
  }

  get place(): Place {
    return {
      dir: this.dir,
      host: this.line.url,
      terminalPort: this.terminal.port,
      printerPort: this.printer.port,
      smallJournal: this.smallJournal,
    }
  }

  /** Cards that nobody has touched. */
  freshSerials(count: number): readonly string[] {
    const from = this.#cardsUsed
    this.#cardsUsed += count
    return Array.from({ length: count }, (_, index) => serialOf(from + index))
  }

  nextTrial(): string {
    this.#trials += 1
    return `T${this.#trials}`
  }

  /** A shop is left for a new one before its cards run out and its journal grows long. */
  get isOld(): boolean {
    return this.#cardsUsed > CARDS_PER_SHOP - 10 || this.#trials >= MAX_TRIALS
  }

  async happen(happening: Happening): Promise<void> {
    switch (happening.place) {
      case 'line':
        return happening.name === 'up' ? this.line.up() : this.line.down()
      case 'host':
        return this.misbehave(happening.name, happening.action, { once: true })
      case 'terminal':
        this.terminal.accident(happening.name, happening.args)
        return
      case 'printer':
        this.printer.accident(happening.name, happening.args)
    }
  }

  async misbehave(name: string, action: number, more: object): Promise<void> {
    await this.#accidents('POST', { name, match: { action }, ...more })
  }

  /** Whatever was wrong is right again: the trial is over, or the rest of it shall heal. */
  async heal(): Promise<void> {
    await this.line.up()
    await this.#accidents('DELETE')
    this.terminal.accident('approve')
    this.printer.accident('paper-in')
  }

  async #accidents(method: string, body?: object): Promise<void> {
    const given =
      body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    await (await fetch(`${this.hostUrl}/accidents`, { method, ...given })).text()
  }

  async close(): Promise<void> {
    await this.line.down()
    await Promise.all([this.#host.close(), this.terminal.close(), this.printer.close()])
  }
}

/** The longer the journal, the longer each start. */
const MAX_TRIALS = 40

export const ADMIN_TOKEN: string = DEVELOPMENT_ADMIN_TOKEN
