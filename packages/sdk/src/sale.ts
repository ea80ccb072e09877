// A sale in the register's hands. Every method may be called again with the same ids and comes to the same result;
// what it answers is durable. Money operations answer `done | refused | unknown` and throw only for misuse.
import type { CancelSignal, ErrorReport, Refused, Stop, Unknown } from '@cashdesk/kernel'
import { CashdeskError, lineId, refused, report, saleId, tenderId, unknown } from '@cashdesk/kernel'
import { type Command, parseCommand } from './commands.ts'
import type { TillCore } from './core.ts'
import type { CatalogArticle } from './options.ts'
import type { ClaimView, LineView, PaymentView, PromptView, SaleView, TaskView } from './view.ts'

/** What a register hears about a sale. */
export interface SaleEvents {
  changed: (view: SaleView) => void
  prompt: (prompt: PromptView) => void
  /** A scan or command that changed nothing, and why. */
  refused: (error: ErrorReport) => void
  /** What the terminal displays while it works. */
  message: (text: string) => void
}

interface PaymentDone {
  readonly outcome: 'done'
  readonly payment: PaymentView
  /** What is still open after it. */
  readonly openMinor: number
}

/** A payment nobody can tell about yet; the till goes on asking. */
interface PaymentUnknown extends Unknown {
  readonly payment: PaymentView
  readonly task?: TaskView
}

export type PaymentResult = PaymentDone | (Refused & { readonly payment?: PaymentView }) | PaymentUnknown

/** How a sale ended for the customer. */
export interface Ended {
  readonly state: SaleView['state']
  readonly claims: readonly ClaimView[]
  readonly paper: SaleView['paper']
  readonly view: SaleView
}

type Given<Type extends Command['type']> = Omit<Command<Type>, 'type' | 'sale'>

/** A pending question is resolved within seconds; only then does `pay` answer `unknown`. */
const RESOLVE_WITHIN_MS = 20_000

export class SaleHandle {
  readonly id: string
  readonly #core: TillCore
  readonly #stops: Set<Stop> = new Set()

  /** Made by `till.sale`. */
  constructor(core: TillCore, id: string) {
    this.#core = core
    this.id = id
  }

  /** The durable state as one JSON snapshot. */
  view(): SaleView {
    const view = this.#core.loop.view(saleId(this.id))
    if (!view) {
      const code = this.#core.loop.forgot(saleId(this.id)) ? 'sale.long-ended' : 'sale.unknown'
      throw new CashdeskError(code, { sale: this.id })
    }
    return view
  }

  /** Listens. Prompts that are open already are told at once. Returns what ends it. */
  on<Name extends keyof SaleEvents>(name: Name, listener: SaleEvents[Name]): Stop {
    const stop = this.#core.listen(this.id, name, listener)
    this.#stops.add(stop)
    return () => {
      stop()
      this.#stops.delete(stop)
    }
  }

  /** Adds a line by GTIN or with an article of the register's own. Answers the line, which may have been refused. */
  async add(given: Given<'add'> & { readonly article?: CatalogArticle }): Promise<LineView> {
    const command = parseCommand('add', { type: 'add', sale: this.id, ...given })
    await this.#core.addLine(command)
    const line = this.view().lines.find(each => each.id === command.line)
    if (!line) throw new CashdeskError('line.unknown', { line: command.line })
    return line
  }

  async voidLine(line: string): Promise<void> {
    const command = parseCommand('voidLine', { type: 'voidLine', sale: this.id, line })
    await this.#core.take({ type: 'line.void', sale: saleId(this.id), line: lineId(command.line) })
  }

  /** Answers a prompt: from a screen here, or by scanning. */
  async answer(prompt: string, value: string): Promise<void> {
    const command = parseCommand('answer', { type: 'answer', sale: this.id, prompt, value })
    await this.#core.answerPrompt(command)
  }

  /** A coupon, member number or other code that a basket plugin knows. */
  async claim(code: string): Promise<void> {
    await this.#core.claimBasket(parseCommand('claim', { type: 'claim', sale: this.id, code }))
  }

  /** Freezes the basket and waits until every reservation stands. Throws if it cannot be paid for as it is. */
  async total(): Promise<SaleView> {
    await this.#core.take({ type: 'sale.total', sale: saleId(this.id) })
    return this.#core.loop.until(() => {
      const view = this.view()
      if (view.ready || !['open', 'tendering'].includes(view.state)) return view
      // Back to ringing up: something on the basket was refused meanwhile.
      return view.state === 'open' && view.waitsFor.length === 0 && !this.#core.totalling(this.id)
        ? view
        : undefined
    })
  }

  async reopen(): Promise<void> {
    await this.#core.take({ type: 'sale.reopen', sale: saleId(this.id) })
  }

  /**
   * Takes a payment. Waits for reservations first, and for the terminal as long as it takes.
   * @param given `amount` in minor units, always positive, or `rest`; `given` is what the customer handed over in cash
   * @param options `signal` asks the terminal to abort, which may come too late: the outcome tells
   */
  async pay(
    given: Given<'pay'>,
    options: { readonly signal?: CancelSignal; readonly resolveWithinMs?: number } = {},
  ): Promise<PaymentResult> {
    const command = parseCommand('pay', { type: 'pay', sale: this.id, ...given })
    const missing = await this.#readyFor(command.id)
    if (missing) return missing
    const release = options.signal
      ? this.#core.performer.abortable(saleId(this.id), tenderId(command.id), options.signal)
      : undefined
    try {
      let taken = await this.#refusable(() => this.#core.tender(command))
      if ('outcome' in taken && taken.error.code === 'claim.pending') {
        // A reservation is being renewed, so that it outlives this payment: wait for that, then ask once more.
        const still = await this.#readyFor(command.id)
        if (still) return still
        taken = await this.#refusable(() => this.#core.tender(command))
      }
      if ('outcome' in taken) return taken
      return await this.#paymentEnd(command.id, options.resolveWithinMs ?? RESOLVE_WITHIN_MS)
    } finally {
      release?.()
    }
  }

  /** Presses the total if nobody did, and waits until money may be taken. Answers why it may not. */
  async #readyFor(payment: string): Promise<Refused | undefined> {
    const before = this.view()
    if (before.payments.some(each => each.id === payment)) return undefined
    if (before.ready || (before.state !== 'open' && before.state !== 'tendering')) return undefined
    const total = await this.#refusable(() => this.total())
    if ('outcome' in total) return total
    const lost = lostSince(before, total)
    // The customer agreed to another total: nothing is taken before the cashier has seen the new one.
    return lost || total.state === 'open' ? refused(lost ?? report('claim.pending')) : undefined
  }

  /** Waits for the end of a payment that was `unknown`. */
  async payment(id: string, options: { readonly resolveWithinMs?: number } = {}): Promise<PaymentResult> {
    return this.#paymentEnd(id, options.resolveWithinMs ?? RESOLVE_WITHIN_MS)
  }

  async #paymentEnd(id: string, resolveWithinMs: number): Promise<PaymentResult> {
    let late = false
    let stop: Stop | undefined
    try {
      return await this.#core.loop.until((): PaymentResult | undefined => {
        const view = this.view()
        const payment = view.payments.find(each => each.id === id)
        if (!payment) return refused(report('tender.pending', { payment: id }))
        if (payment.state === 'unknown' && !stop) {
          stop = this.#core.options.clock.after(resolveWithinMs, () => {
            late = true
            this.#core.loop.look()
          })
        }
        return resultOf(view, payment, late)
      })
    } finally {
      stop?.()
    }
  }

  /** Depth b: the register took the payment itself. `revision` and `totalMinor` are those of the view it was taken for. */
  async paid(given: Given<'paid'>): Promise<SaleView> {
    const command = parseCommand('paid', { type: 'paid', sale: this.id, ...given })
    await this.#core.paid(command)
    return this.view()
  }

  async park(): Promise<void> {
    await this.#core.take({ type: 'sale.park', sale: saleId(this.id) })
  }

  async resume(): Promise<void> {
    await this.#core.take({ type: 'sale.resume', sale: saleId(this.id) })
  }

  /** Lets everything go: reservations are released, payments reversed. Answers when that is under way for good. */
  async cancel(reason?: string): Promise<SaleView> {
    await this.#core.take({
      type: 'sale.cancel',
      sale: saleId(this.id),
      ...(reason === undefined ? {} : { reason }),
    })
    return this.view()
  }

  /** After the payment: waits for commits within the budget, prints, closes. The paper says what is true. */
  async finish(given: Given<'finish'> = {}): Promise<Ended> {
    const { commitBudgetMs } = parseCommand('finish', { type: 'finish', sale: this.id, ...given })
    await this.#core.take({
      type: 'sale.finish',
      sale: saleId(this.id),
      ...(commitBudgetMs === undefined ? {} : { budgetMs: commitBudgetMs }),
    })
    return this.#core.loop.until(() => {
      const view = this.view()
      return view.state === 'settling'
        ? undefined
        : { state: view.state, claims: view.claims, paper: view.paper, view }
    })
  }

  /** Prints the receipt again; marked COPY if the first one may exist. */
  async print(): Promise<SaleView['paper']> {
    await this.#core.take({ type: 'sale.print', sale: saleId(this.id) })
    return this.#core.loop.until(() => {
      const { paper } = this.view()
      return paper.state === 'printing' ? undefined : paper
    })
  }

  /** What a fiscal device wants on the receipt. */
  async fiscal(given: Given<'fiscal'>): Promise<void> {
    const { lines, qr } = parseCommand('fiscal', { type: 'fiscal', sale: this.id, ...given })
    await this.#core.take({
      type: 'sale.fiscal',
      sale: saleId(this.id),
      fiscal: { block: 'fiscal', lines, ...(qr === undefined ? {} : { qr }) },
    })
  }

  /** Stops listening. The sale itself goes on. */
  close(): void {
    for (const stop of this.#stops) stop()
    this.#stops.clear()
  }

  /** What the sale's state or the money forbids is an outcome; a malformed call still throws. */
  async #refusable<Value>(call: () => Promise<Value>): Promise<Value | Refused> {
    try {
      return await call()
    } catch (thrown) {
      if (!(thrown instanceof CashdeskError) || !REFUSALS.has(thrown.report.code.split('.')[0] ?? ''))
        throw thrown
      return refused(thrown.report)
    }
  }
}

/** Why the basket is no longer what the cashier saw: a line or a coupon that was refused meanwhile. */
function lostSince(before: SaleView, now: SaleView): ErrorReport | undefined {
  const active = new Set(before.lines.flatMap(line => (line.state === 'active' ? [line.id] : [])))
  const granted = new Set(before.claims.flatMap(claim => (claim.state === 'refused' ? [] : [claim.id])))
  const line = now.lines.findLast(each => each.state === 'refused' && active.has(each.id))
  if (line) return line.error ?? report('claim.refused')
  const claim = now.claims.findLast(each => each.state === 'refused' && granted.has(each.id))
  return claim && now.totals.totalMinor > before.totals.totalMinor
    ? (claim.error ?? report('claim.refused'))
    : undefined
}

const REFUSALS: ReadonlySet<string> = new Set(['sale', 'tender', 'terminal', 'claim', 'prompt', 'line'])

function resultOf(view: SaleView, payment: PaymentView, late: boolean): PaymentResult | undefined {
  switch (payment.state) {
    case 'done':
    case 'owed':
      return { outcome: 'done', payment, openMinor: view.totals.openMinor }
    case 'refused':
      return { ...refused(payment.error ?? report('tender.declined')), payment }
    case 'reversed':
      return { ...refused(payment.error ?? report('tender.cancelled')), payment }
    case 'unknown': {
      const task = view.tasks.find(each => each.kind === 'payment-unresolved')
      // A person has to decide: waiting longer would only hide it.
      if (!late && !task) return undefined
      return {
        ...unknown(report('tender.unresolved', { payment: payment.id })),
        payment,
        ...(task ? { task } : {}),
      }
    }
    default:
      return undefined
  }
}
