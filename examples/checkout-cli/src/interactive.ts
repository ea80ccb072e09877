// The register at a terminal: a person is the cashier, and decides what the customer does and which accident happens.
import { join } from 'node:path'
import { CashdeskError } from '@cashdesk/kernel'
import { formatAmount, type SaleView } from '@cashdesk/sdk'
import { intro, outro } from '@clack/prompts'
import { ACCIDENTS, type Accident } from './accidents.ts'
import { inNotes, looksMistyped } from './amount.ts'
import { ArmedAccident } from './armed.ts'
import { type Choice, choose, isMeant, spokenStory, type, typeAmount } from './ask.ts'
import { ARTICLES, articleOf, CARDS } from './catalog.ts'
import { Counter, inWords } from './counter.ts'
import { takeUp } from './recovery.ts'
import { RegisterProcess } from './register-process.ts'
import { newSaleId, payUntilKilled } from './scripted.ts'
import { Shop } from './shop.ts'

/** `accident` happens to the first sale. Answers the exit code. */
export async function runInteractive(dir: string, accident: Accident | undefined): Promise<number> {
  intro('Cashdesk: a register on simulated hardware')
  const shop = await Shop.open(dir)
  const desk = new Desk(shop, accident)
  try {
    await desk.startRegister()
    await desk.serve()
    outro('Good bye.')
    return 0
  } finally {
    await desk.close()
    await shop.close()
  }
}

/** An entry of the main menu. */
interface Action {
  readonly value: string
  readonly label: string
  readonly hint?: string
  readonly run: () => Promise<void>
}

const OTHER = 'other'
const PAID_OR_GONE: ReadonlySet<SaleView['state']> = new Set([
  'settling',
  'closed',
  'cancelled',
  'cancelling',
])

class Desk {
  readonly #shop: Shop
  #counter: Counter | undefined
  #sale: string | undefined
  readonly #accident: ArmedAccident
  #payments = 0
  #over = false

  constructor(shop: Shop, accident: Accident | undefined) {
    this.#shop = shop
    this.#accident = new ArmedAccident(accident)
  }

  async startRegister(): Promise<void> {
    this.#counter?.leave()
    const register = await RegisterProcess.start(join(this.#shop.dir, 'till'), this.#shop.addresses)
    this.#counter = new Counter(this.#shop, register, spokenStory)
    await takeUp(this.#counter, 'keep')
    const { unfinished } = await register.call('standing', {})
    // A sale that nobody has paid for yet goes on where it stood.
    const front = unfinished.find(sale => sale.state === 'open' || sale.state === 'tendering')
    this.#sale = front?.id
    this.#payments = front?.payments.length ?? 0
    if (front) spokenStory.say(`Sale ${front.id} is still ${front.state}: go on with it, or cancel it`)
  }

  async close(): Promise<void> {
    await this.#counter?.register.stop()
  }

  async serve(): Promise<void> {
    while (!this.#over) {
      const view = await this.#view()
      if (view?.state === 'settling') await this.#finish(view.id)
      if (view && PAID_OR_GONE.has(view.state)) {
        this.#sale = undefined
        continue
      }
      const actions = await this.#actions(view)
      const chosen = await choose(this.#headline(view), actions)
      const action = actions.find(each => each.value === chosen)
      // What the till refuses is said, and the day goes on.
      await (action?.run() ?? this.#quit()).catch(tellRefusal)
    }
  }

  get #at(): Counter {
    if (!this.#counter) throw new CashdeskError('register.closed')
    return this.#counter
  }

  async #view(): Promise<SaleView | undefined> {
    return this.#sale === undefined ? undefined : await this.#at.view(this.#sale)
  }

  #headline(view: SaleView | undefined): string {
    const accident = this.#accident.name ? `   (about to happen: ${this.#accident.name})` : ''
    if (!view) return `What now?${accident}`
    const count = view.lines.filter(line => line.state === 'active').length
    return `${count} ${count === 1 ? 'line' : 'lines'}, ${this.#at.money(view.totals.openMinor)} to pay${accident}`
  }

  async #actions(view: SaleView | undefined): Promise<readonly Action[]> {
    const { tasks } = await this.#at.register.call('standing', {})
    const lines = view?.lines.filter(line => line.state === 'active') ?? []
    const actions: (Action | false)[] = [
      { value: 'scan', label: 'Scan an article', run: () => this.#scan() },
      lines.length > 0 && { value: 'card', label: 'Pay by card', run: () => this.#pay('card') },
      lines.length > 0 && { value: 'cash', label: 'Pay in cash', run: () => this.#pay('cash') },
      lines.length > 0 && { value: 'void', label: 'Take a line off', run: () => this.#voidLine() },
      view !== undefined && { value: 'cancel', label: 'Cancel the sale', run: () => this.#cancel() },
      { value: 'accident', label: 'Let an accident happen', run: () => this.#chooseAccident() },
      !this.#shop.hostIsUp && { value: 'host', label: 'Start the host again', run: () => this.#startHost() },
      { value: 'tasks', label: `Tasks (${tasks.length})`, run: () => this.#tasks() },
      view === undefined && { value: 'day', label: 'End of day', run: () => this.#endOfDay() },
      { value: 'quit', label: 'Quit', run: () => this.#quit() },
    ]
    return actions.filter(action => action !== false)
  }

  // ── ringing up ────────────────────────────────────────────────────────────────────────────────────────

  async #scan(): Promise<void> {
    const code = await choose('Which code?', [
      ...[...ARTICLES, ...CARDS].map(({ gtin, name, priceMinor }) => ({
        value: gtin,
        label: name,
        hint: this.#at.money(priceMinor),
      })),
      { value: OTHER, label: 'Another code …', hint: 'type it' },
    ])
    const text = code === OTHER ? await type('The code', '4260001190018') : code
    if (text === undefined) return
    const sale = await this.#open()
    const view = await this.#at.view(sale)
    if (view.state === 'tendering') await this.#at.register.call('reopen', { sale })
    if (view.prompts.length === 0) await this.#at.scan(sale, text)
    await this.#answerPrompt(sale, articleOf(text)?.facts?.['prodid'])
  }

  async #open(): Promise<string> {
    if (this.#sale === undefined) {
      const sale = newSaleId()
      await this.#at.open(sale)
      this.#sale = sale
      this.#payments = 0
    }
    return this.#sale
  }

  async #answerPrompt(sale: string, prodid: unknown): Promise<void> {
    const [prompt] = (await this.#at.view(sale)).prompts
    if (!prompt) return
    const cards = this.#shop.hostIsUp ? await this.#shop.host.freeCards(String(prodid ?? '')) : []
    const chosen = await choose(prompt.text, [
      ...cards.map(({ serial }) => ({ value: serial, label: serial, hint: 'free at the host' })),
      { value: OTHER, label: 'Another serial …', hint: 'type it' },
    ])
    const serial = chosen === OTHER ? await type('The serial') : chosen
    if (serial === undefined) {
      // No serial, no card: the line goes, and its question with it.
      if (prompt.line !== undefined) await this.#at.register.call('voidLine', { sale, line: prompt.line })
      return
    }
    await this.#accidentBefore('beforeSerial', sale, serial)
    await this.#at.scanSerial(sale, serial)
  }

  async #voidLine(): Promise<void> {
    const sale = await this.#open()
    const { lines, state } = await this.#at.view(sale)
    const active = lines.filter(line => line.state === 'active')
    const line = await choose(
      'Which line?',
      active.map(({ id, article, grossMinor }) => ({
        value: id,
        label: article.name,
        hint: this.#at.money(grossMinor),
      })),
    )
    if (line === undefined) return
    if (state === 'tendering') await this.#at.register.call('reopen', { sale })
    await this.#at.register.call('voidLine', { sale, line })
    spokenStory.say('Taken off')
  }

  async #cancel(): Promise<void> {
    const sale = await this.#open()
    const { state } = await this.#at.register.call('cancel', { sale, reason: 'cancelled by the cashier' })
    spokenStory.say(`Sale ${sale} is ${state}`)
    this.#sale = undefined
  }

  // ── paying ────────────────────────────────────────────────────────────────────────────────────────────

  async #pay(by: 'card' | 'cash'): Promise<void> {
    const sale = await this.#open()
    const { totals } = await this.#at.view(sale)
    const given = by === 'cash' ? await this.#given(totals.openMinor) : undefined
    if (by === 'cash' && given === undefined) return
    const accident = await this.#accidentBefore('beforePayment', sale, await this.#serial(sale), by)
    if (accident?.killedAt) return await this.#killed(sale, accident)
    this.#payments += 1
    const result = await this.#at.pay(sale, `payment-${this.#payments}`, by, given)
    if (result.outcome === 'done' && result.openMinor === 0) await this.#finish(sale)
  }

  /** What the customer hands over; asked back when it looks like a slip of the finger. */
  async #given(dueMinor: number): Promise<number | undefined> {
    const due = this.#at.money(dueMinor)
    const notes = formatAmount(inNotes(dueMinor), 'EUR')
    for (;;) {
      const given = await typeAmount(`${due} to pay. How much is given?`, notes)
      if (given === undefined || !looksMistyped(given, dueMinor)) return given
      if (await isMeant(`${this.#at.money(given)} for ${due}: is that right?`)) return given
    }
  }

  /** Paid: the receipt, the host's word on every card, and whatever an accident still has in store. */
  async #finish(sale: string): Promise<void> {
    const { receipt } = await this.#at.finish(sale)
    const tooLate = await this.#accident.afterSale({ counter: this.#at, sale, serial: '' })
    this.#at.show(receipt ?? (await this.#at.print(sale)))
    await this.#showCards(sale)
    if (tooLate) spokenStory.say(tooLate)
    this.#sale = undefined
  }

  async #serial(sale: string): Promise<string> {
    return (await this.#at.view(sale)).claims.find(claim => claim.serial !== undefined)?.serial ?? ''
  }

  async #showCards(sale: string): Promise<void> {
    for (const { serial } of (await this.#at.view(sale)).claims) {
      if (serial === undefined) continue
      const state = this.#shop.hostIsUp
        ? (await this.#shop.host.card(serial)).state
        : 'not to be asked: it is down'
      spokenStory.say(`The host says: card ${serial} is ${state}`)
    }
  }

  async #killed(sale: string, accident: Accident): Promise<void> {
    await payUntilKilled(this.#at, sale, `payment-${this.#payments + 1}`, accident.killedAt ?? 'paid')
    await this.#shop.host.behave()
    spokenStory.heading('The register is dead. It is started again')
    await this.startRegister()
    if ((await this.#at.view(sale)).state === 'closed') this.#at.show((await this.#at.receipts()).at(-1))
    await this.#showCards(sale)
    spokenStory.say(`What the till did: ${accident.till}`)
  }

  // ── accidents and the rest of the day ─────────────────────────────────────────────────────────────────

  async #chooseAccident(): Promise<void> {
    const none: Choice = { value: 'none', label: 'none' }
    const name = await choose('What is to happen?', [
      none,
      ...ACCIDENTS.map(({ name, happens }) => ({ value: name, label: name, hint: happens })),
    ])
    if (name !== undefined) this.#accident.arm(ACCIDENTS.find(each => each.name === name))
  }

  /** Answers the accident that has happened now, if one has. */
  async #accidentBefore(
    when: 'beforeSerial' | 'beforePayment',
    sale: string,
    serial: string,
    by?: 'card' | 'cash',
  ): Promise<Accident | undefined> {
    const accident = this.#accident.take(when, by)
    if (!accident) return undefined
    spokenStory.heading(`Accident: ${accident.happens}`)
    await accident[when]?.({ counter: this.#at, sale, serial })
    return accident
  }

  async #startHost(): Promise<void> {
    await this.#shop.startHost()
    spokenStory.say('The host is up; the till delivers what waits for it')
  }

  async #tasks(): Promise<void> {
    const { tasks } = await this.#at.register.call('standing', {})
    if (tasks.length === 0) return spokenStory.say('Nothing is left for a person to settle.')
    const id = await choose(
      'Which task?',
      tasks.map(task => ({ value: task.id, label: task.kind, hint: inWords(task.error) })),
    )
    const task = tasks.find(each => each.id === id)
    if (!task) return
    const action = await choose(
      inWords(task.error),
      task.actions.map(each => ({ value: each, label: each })),
    )
    const reason = action === undefined ? undefined : await type('Why?', 'the terminal’s slip says so')
    if (action === undefined || reason === undefined) return
    await this.#at.register.call('resolve', { task: task.id, action, operator: '17', reason })
    spokenStory.say('Settled, with your reason in the journal')
  }

  async #endOfDay(): Promise<void> {
    const { terminalMinor, tillMinor, tasks } = await this.#at.register.call('endOfDay', {})
    spokenStory.say(
      `The terminal booked ${this.#at.money(terminalMinor)}, the till ${this.#at.money(tillMinor)}`,
    )
    spokenStory.say(
      tasks.length === 0 ? 'The books agree; no task is open' : `${tasks.length} tasks are open`,
    )
  }

  async #quit(): Promise<void> {
    this.#over = true
  }
}

function tellRefusal(thrown: unknown): void {
  if (!(thrown instanceof CashdeskError)) throw thrown
  spokenStory.say(inWords(thrown.report))
}
