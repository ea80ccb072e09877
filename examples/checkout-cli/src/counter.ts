// The counter in the shop: what a cashier and a customer do there, through the real devices, and what they see. Scans
// go through the scanner, payments through the terminal, receipts come out of the printer.
import { CashdeskError } from '@cashdesk/kernel'
import {
  type ErrorReport,
  explain,
  formatAmount,
  type LineView,
  type PaymentResult,
  type SaleView,
} from '@cashdesk/sdk'
import type { RegisterEvent } from './protocol.ts'
import type { RegisterProcess } from './register-process.ts'
import type { Shop } from './shop.ts'
import type { Story } from './story.ts'

/** From the beam on the code to the register's reaction. */
const SCAN_TIMEOUT_MS = 10_000
/** A provider is waited for by the till itself, for less than this. */
const RESERVATION_TIMEOUT_MS = 30_000
/** How often a payment that is `unknown` is waited for again before a person has to decide. */
const RESOLVE_ROUNDS = 3

/** A receipt that came out of the printer. */
export interface Receipt {
  readonly text: string
  /** Path of its picture. */
  readonly png: string
}

export class Counter {
  readonly shop: Shop
  readonly register: RegisterProcess
  readonly story: Story
  readonly #stop: () => void

  constructor(shop: Shop, register: RegisterProcess, story: Story) {
    this.shop = shop
    this.register = register
    this.story = story
    this.#stop = register.on(event => this.#overheard(event))
  }

  /** Nobody looks at this register any more. */
  leave(): void {
    this.#stop()
  }

  money(amountMinor: number): string {
    return `${formatAmount(amountMinor, 'EUR')} EUR`
  }

  async open(sale: string): Promise<SaleView> {
    const view = await this.register.call('open', { sale, operator: '17' })
    this.story.heading(`Sale ${sale}`)
    return view
  }

  view(sale: string): Promise<SaleView> {
    return this.register.call('view', { sale })
  }

  /** Holds a code in front of the scanner. Answers the new line, or why there is none. */
  async scan(sale: string, code: string): Promise<LineView | ErrorReport> {
    const before = new Set((await this.view(sale)).lines.map(line => line.id))
    const outcome = await this.#scanned(code, event => {
      if (event.event !== 'changed' || event.sale !== sale) return undefined
      return event.view.lines.find(line => !before.has(line.id))
    })
    if ('code' in outcome) this.story.say(`Not taken: ${inWords(outcome)}`)
    else this.story.say(`Scanned ${outcome.article.name}, ${this.money(outcome.grossMinor)}`)
    return outcome
  }

  /** Scans the serial the till asks for, and waits for the host's word on the card. */
  async scanSerial(sale: string, serial: string): Promise<SaleView | ErrorReport> {
    const view = await this.view(sale)
    const [prompt] = view.prompts
    if (!prompt) throw new CashdeskError('prompt.unknown', { sale })
    this.story.say(`The till asks: ${prompt.text}. Scanned ${serial}`)
    const outcome = await this.#scanned(serial, event => {
      if (event.event !== 'changed' || event.sale !== sale) return undefined
      return event.view.prompts.some(each => each.id === prompt.id) ? undefined : event.view
    })
    if ('code' in outcome) {
      this.story.say(`Not taken: ${inWords(outcome)}`)
      return outcome
    }
    const settled = await this.register.until('the reservation', RESERVATION_TIMEOUT_MS, () => {
      const now = this.register.view(sale)
      return now?.waitsFor.includes('provider') ? undefined : now
    })
    const claim = settled.claims.find(each => each.line === prompt.line)
    const line = settled.lines.find(each => each.id === prompt.line)
    if (line?.state === 'refused') {
      const why = line.error ?? claim?.error
      this.story.say(`The card is not sold: ${why ? inWords(why) : claim?.state}`)
    } else this.story.say(`The host has reserved the card for this sale`)
    return settled
  }

  /** By card: the customer does what the terminal says. By cash: hands over `given` cents. */
  async pay(sale: string, id: string, by: 'card' | 'cash', given?: number): Promise<PaymentResult> {
    this.story.say(
      given === undefined ? 'The customer pays by card' : `The customer hands over ${this.money(given)}`,
    )
    let result = await this.register.call('pay', { sale, id, by, ...(given === undefined ? {} : { given }) })
    for (let round = 1; result.outcome === 'unknown' && !result.task && round < RESOLVE_ROUNDS; round += 1) {
      this.story.say('Nobody knows yet whether that was paid; the till goes on asking the terminal')
      result = await this.register.call('payment', { sale, id })
    }
    if (result.outcome === 'done') {
      const { amountMinor, changeMinor = 0 } = result.payment
      const change = changeMinor === 0 ? '' : `, ${this.money(changeMinor)} change`
      this.story.say(`Paid: ${this.money(amountMinor)}${change}`)
    } else
      this.story.say(`${result.outcome === 'refused' ? 'Not paid' : 'Unknown'}: ${inWords(result.error)}`)
    return result
  }

  /** Ends a paid sale, and takes the receipt out of the printer if one came. */
  async finish(sale: string): Promise<{ readonly view: SaleView; readonly receipt: Receipt | undefined }> {
    const known = await this.receipts()
    const { view } = await this.register.call('finish', { sale })
    for (const claim of view.claims) if (claim.text !== claim.state) this.story.say(`Card ${claim.text}`)
    if (view.paper.error) this.story.say(`No receipt: ${inWords(view.paper.error)}`)
    return { view, receipt: await this.#newReceipt(known) }
  }

  /** Prints a receipt that could not be printed, or another copy. */
  async print(sale: string): Promise<Receipt | undefined> {
    const known = await this.receipts()
    const paper = await this.register.call('print', { sale })
    if (paper.error) this.story.say(`No receipt: ${inWords(paper.error)}`)
    return await this.#newReceipt(known)
  }

  /** Everything that came out of the printer, oldest first. */
  async receipts(): Promise<readonly Receipt[]> {
    const { receipts } = await this.shop.printer.state()
    return receipts.map(({ text, png }) => ({ text, png: png ?? '' }))
  }

  show(receipt: Receipt | undefined): void {
    if (!receipt) return
    this.story.paper('receipt', receipt.text)
    this.story.say(`Picture of the receipt: ${receipt.png}`)
  }

  async #newReceipt(known: readonly Receipt[]): Promise<Receipt | undefined> {
    const now = await this.receipts()
    return now.length > known.length ? now.at(-1) : undefined
  }

  async #scanned<Found>(
    code: string,
    look: (event: RegisterEvent) => Found | undefined,
  ): Promise<Found | ErrorReport> {
    let outcome: Found | ErrorReport | undefined
    const stop = this.register.on(event => {
      outcome ??= event.event === 'refused' ? event.error : look(event)
    })
    try {
      await this.shop.scanner.happens('scan', { code })
      return await this.register.until(`the scan of ${code}`, SCAN_TIMEOUT_MS, () => outcome)
    } finally {
      stop()
    }
  }

  #overheard(event: RegisterEvent): void {
    if (event.event === 'message') this.story.say(`Terminal: ${event.text}`)
  }
}

/** What happened, what it means for the money, what to do now, and what is known beside it. */
export function inWords(error: ErrorReport): string {
  const known = Object.entries(error.detail ?? {}).map(([name, value]) => `${name} ${String(value)}`)
  return known.length === 0 ? explain(error) : `${explain(error)} (${known.join(', ')})`
}
