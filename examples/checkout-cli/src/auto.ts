// A run without anybody at the keyboard: the shop opens, what the last run left is taken up, the scripted sale is rung
// up, its accident played to its end, and every witness heard.
import { join } from 'node:path'
import type { BookEntry } from '@cashdesk/hardware-sim'
import type { Recovered, SaleView } from '@cashdesk/sdk'
import type { Accident } from './accidents.ts'
import { Counter, type Receipt } from './counter.ts'
import { takeUp } from './recovery.ts'
import { RegisterProcess } from './register-process.ts'
import { type Report, reportOn } from './report.ts'
import { newSaleId, type Played, ringUp } from './scripted.ts'
import { Shop } from './shop.ts'
import type { Story } from './story.ts'

export interface AutoOptions {
  /** Holds till, host and devices' books. */
  readonly dir: string
  /** There can be a next run in this folder: a killed register is left to it. */
  readonly kept: boolean
  readonly accident?: Accident
  readonly story: Story
}

/** What is in flight at the end resolves within this. */
const SETTLE_MS = 30_000
/** The terminal finds out within this that its register is gone. */
const TERMINAL_MS = 5_000

export async function runScripted(options: AutoOptions): Promise<Report> {
  const { dir, story } = options
  story.say('Starting the host and the devices, each a process of its own')
  const shop = await Shop.open(dir)
  try {
    return await new ScriptedRun(shop, options).run()
  } finally {
    await shop.close()
  }
}

class ScriptedRun {
  readonly #shop: Shop
  readonly #options: AutoOptions
  #counter: Counter | undefined

  constructor(shop: Shop, options: AutoOptions) {
    this.#shop = shop
    this.#options = options
  }

  async run(): Promise<Report> {
    const { accident } = this.#options
    try {
      const before = (await this.#shop.terminal.state()).books.length
      let counter = await this.#startRegister()
      let recovered = await takeUp(counter, 'cancel')
      // Recovered payments belong to the sales of earlier runs.
      let played = await ringUp(counter, newSaleId(), accident)
      if (played.killed) {
        await this.#afterKill(played)
        if (this.#options.kept) return await this.#report(played, recovered, before)
        counter = await this.#startRegister()
        recovered = await takeUp(counter, 'cancel')
        played = await this.#afterRestart(counter, played)
      }
      if (this.#shop.hostIsUp) await counter.register.call('idle', { timeoutMs: SETTLE_MS })
      return await this.#report({ ...played, view: await counter.view(played.sale) }, recovered, before)
    } finally {
      await this.#counter?.register.stop()
    }
  }

  async #startRegister(): Promise<Counter> {
    this.#counter?.leave()
    const register = await RegisterProcess.start(join(this.#options.dir, 'till'), this.#shop.addresses)
    this.#counter = new Counter(this.#shop, register, this.#options.story)
    return this.#counter
  }

  /** The register is dead. What the world looks like now. */
  async #afterKill({ serial, view }: Played): Promise<void> {
    const { story } = this.#options
    story.heading('The register is dead')
    await this.#shop.host.behave()
    const last = await this.#terminalAtRest()
    story.say(
      `The last thing its journal knows: the sale is ${view.state}, its payment ${paymentState(view)}`,
    )
    story.say(`The terminal’s books: ${last ? `${last.kind} ${last.state} (${last.why})` : 'nothing'}`)
    story.say(`The host: the card is ${(await this.#shop.host.card(serial)).state}`)
    if (this.#options.kept) story.say('Run again with the same --dir: the till takes this sale up by itself')
  }

  /** Paid before the kill: that sale is the one that counts. Unpaid: the customer comes again. */
  async #afterRestart(counter: Counter, killed: Played): Promise<Played> {
    const view = await counter.view(killed.sale)
    if (view.state === 'cancelled') return await ringUp(counter, newSaleId())
    const receipt: Receipt | undefined = (await counter.receipts()).at(-1)
    counter.show(receipt)
    return { ...killed, view, receipt, killed: false }
  }

  async #terminalAtRest(): Promise<BookEntry | undefined> {
    const until = Date.now() + TERMINAL_MS
    for (;;) {
      const { dialogue, books } = await this.#shop.terminal.state()
      if (dialogue === null || Date.now() > until) return books.at(-1)
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }

  async #report(played: Played, recovered: readonly Recovered[], booksBefore: number): Promise<Report> {
    const { accident, dir } = this.#options
    const counter = this.#counter
    const standing = played.killed ? undefined : await counter?.register.call('standing', {})
    if (!this.#shop.hostIsUp) {
      // The till is closed first: whoever looks at the host now must not help it deliver.
      await counter?.register.stop()
      await this.#shop.startHost()
    }
    const { state: card } = await this.#shop.host.card(played.serial)
    const { books } = await this.#shop.terminal.state()
    return reportOn({
      ...played,
      card,
      accident,
      recovered: standing?.recovered ?? recovered,
      tasks: standing?.tasks ?? [],
      journal: standing?.journal ?? { dir: join(dir, 'till'), records: counter?.register.records ?? 0 },
      books: books.slice(booksBefore),
    })
  }
}

function paymentState(view: SaleView): string {
  return view.payments.at(-1)?.state ?? 'not begun'
}
