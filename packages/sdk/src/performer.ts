// Does in the world what the checkout asked for: one attempt at a time per operation, in the order of its queue, and
// never before its intent is durable. Whatever comes back becomes an input.
import type { Lane } from '@cashdesk/checkout'
import { entry, headOf, type Outbox, type OutboxEntry } from '@cashdesk/journal'
import type {
  Answer,
  Call,
  CancelSignal,
  Clock,
  Effect,
  Input,
  Intent,
  Leg,
  Log,
  OperationId,
  PaymentExpectation,
  PaymentFacts,
  PaymentHooks,
  Printer,
  ProviderEffect,
  ReceiptBlock,
  Sale,
  SaleId,
  Stop,
  TenderId,
  Terminal,
  TerminalEffect,
  TerminalPrintLine,
} from '@cashdesk/kernel'
import {
  CashdeskError,
  maskCardNumbers,
  type Outcome,
  refused,
  report,
  reportOf,
  unknown,
} from '@cashdesk/kernel'
import { contextOf, defaultBlocks, describedBy, standingOf } from './context.ts'
import { PRINTER_LIMIT_MS, TERMINAL_LIMIT_MS } from './device-limits.ts'
import { isKnown } from './last-booked.ts'
import type { DurableStep, Taken } from './loop.ts'
import type { TillOptions } from './options.ts'
import type { PinEntries } from './pin-entry.ts'
import type { PinWanted, Plugin } from './plugin.ts'
import type { Providers } from './provider.ts'
import { receiptOf } from './receipt-of.ts'

/** Provider calls under way at once: enough to drain a backlog, few enough to leave the till its line. */
const MAX_PROVIDER_CALLS = 16
/** Of these, calls that are made again: a backlog, however long and slow, leaves room for what a sale waits for now. */
const MAX_REPEATED_CALLS = 12

export interface PerformerOptions {
  readonly clock: Clock
  readonly log: Log
  readonly lane: Lane
  readonly outbox: Outbox
  readonly plugins: ReadonlyMap<string, Plugin>
  readonly providers: Providers
  readonly terminal?: Terminal
  readonly printer?: Printer
  readonly pins: PinEntries
  /** The terminal's last transaction that is resolved. */
  readonly lastBooked: () => Pick<PaymentExpectation, 'before' | 'beforeAt'>
  readonly submit: (input: Input) => Promise<Taken>
  /** For the screen: what the terminal displays. */
  readonly message: (sale: SaleId, message: string) => void
  /** Lines the terminal wants on paper. */
  readonly slip: (lines: readonly TerminalPrintLine[]) => void
  /** Absent: whatever the terminal asks, the answer is no. */
  readonly question?: NonNullable<TillOptions['onQuestion']>
}

export class Performer {
  readonly #options: PerformerOptions
  readonly #inFlight: Map<OperationId, Promise<void>> = new Map()
  /** The last attempt of each open operation that left: none leaves twice, however often its queue is looked at. */
  readonly #begun: Map<OperationId, number> = new Map()
  readonly #signals: Map<string, CancelSignal> = new Map()
  /** Queues whose heads wait for room: first attempts, which a sale waits for, and repeated ones. No longer than the outbox. */
  readonly #waiting: { readonly first: Set<string>; readonly repeated: Set<string> } = {
    first: new Set(),
    repeated: new Set(),
  }
  /** Limits that run now: a till that closes leaves no timer behind. */
  readonly #limits: Set<Stop> = new Set()
  #providerCalls = 0
  #repeatedCalls = 0
  #stopped = false

  constructor(options: PerformerOptions) {
    this.#options = options
  }

  /** Completes intents before they are journaled: the call is described once, the receipt composed once. */
  materialise(intents: readonly Intent[]): readonly Intent[] {
    return intents.map(intent => {
      const effect = this.#materialised(intent)
      return effect === intent.effect ? intent : { ...intent, effect }
    })
  }

  #materialised({ op, effect }: Intent): Effect {
    const sale = 'sale' in effect ? this.#options.lane.sales.get(effect.sale) : undefined
    const { config } = this.#options.lane
    if (!sale || !config) return effect
    if (effect.type === 'print')
      return { ...effect, document: receiptOf(sale, config, claim => this.#claimBlocks(sale, claim)) }
    if (effect.type !== 'provider') return effect
    const plugin = this.#options.plugins.get(effect.plugin)
    const described = describedBy(this.#options.lane, op, effect)
    if (!plugin || !described) return effect
    return { ...effect, call: plugin.describe(effect.operation, described.context, described.operation) }
  }

  #claimBlocks(sale: Sale, claim: Sale['claims'][number]): readonly ReceiptBlock[] {
    const standing = standingOf(claim)
    const { config } = this.#options.lane
    if (!standing || !config) return []
    // What a person put right is beyond what a plugin has words for.
    if (claim.state === 'refunded') return defaultBlocks(sale, claim, standing)
    try {
      const blocks = this.#options.plugins
        .get(claim.plugin)
        ?.receipt(contextOf(sale, claim, config), standing, claim.error)
      return blocks ?? defaultBlocks(sale, claim, standing)
    } catch (thrown) {
      this.#options.log('error', 'A plugin failed to say what the receipt should say.', {
        plugin: claim.plugin,
        ...reportOf(thrown, 'plugin.threw'),
      })
      return defaultBlocks(sale, claim, standing)
    }
  }

  /** A step is durable: whatever it put at the head of its queue leaves now. */
  performed({ queues, step }: DurableStep): void {
    for (const event of step.events) {
      if (event.type !== 'op.settled') continue
      this.#begun.delete(event.op)
      this.#options.pins.end(event.op)
      // What a person decided: the terminal is free again.
      this.#options.terminal?.settle?.(event.op)
    }
    for (const queue of queues) this.#wake(queue)
  }

  #wake(queue: string): void {
    if (this.#stopped) return
    const head = headOf(this.#options.outbox, queue)
    if (head?.state !== 'sent' || this.#inFlight.has(head.op)) return
    if (this.#begun.get(head.op) === head.attempt) return
    const provider = head.intent.effect.type === 'provider'
    const repeated = provider && head.attempt > 1
    if (provider && !this.#hasRoom(repeated)) {
      this.#waiting[repeated ? 'repeated' : 'first'].add(queue)
      return
    }
    const via = head.next === 'query' ? 'query' : 'send'
    const attempt = this.#attemptOrAnswer(head)
    if (!attempt) return
    if (provider) this.#providerCalls += 1
    if (repeated) this.#repeatedCalls += 1
    this.#begun.set(head.op, head.attempt)
    const ended = attempt
      .catch((thrown: unknown): Answer => unknown(reportOf(thrown, 'transport.closed')))
      .then(async answer => {
        if (provider) this.#providerCalls -= 1
        if (repeated) this.#repeatedCalls -= 1
        // The line is free, though the answer is not durable yet: another sale's work may have it.
        if (provider) this.#wakeWaiting()
        // In flight until its answer is durable: till then the outbox still shows it as sent.
        await this.#options.submit({ type: 'answer', op: head.op, via, answer })
        this.#inFlight.delete(head.op)
        if (!entry(this.#options.outbox, head.op)) this.#begun.delete(head.op)
        this.#wake(queue)
      })
      .catch((thrown: unknown) => {
        // The journal failed or the till is closing: the answer is lost here and will be asked for after the restart.
        this.#options.log('warn', 'An answer came after the till stopped taking any.', {
          ...reportOf(thrown, 'register.closed'),
        })
      })
      .finally(() => this.#wakeWaiting())
    this.#inFlight.set(head.op, ended)
  }

  #hasRoom(repeated: boolean): boolean {
    return (
      this.#providerCalls < MAX_PROVIDER_CALLS && !(repeated && this.#repeatedCalls >= MAX_REPEATED_CALLS)
    )
  }

  #wakeWaiting(): void {
    this.#wakeWhile(this.#waiting.first, false)
    this.#wakeWhile(this.#waiting.repeated, true)
  }

  #wakeWhile(queues: Set<string>, repeated: boolean): void {
    for (const queue of queues) {
      if (!this.#hasRoom(repeated)) return
      queues.delete(queue)
      this.#wake(queue)
    }
  }

  #attemptOrAnswer(head: OutboxEntry): Promise<Answer> | undefined {
    try {
      return this.#attempt(head)
    } catch (thrown) {
      // A driver that throws before it promises anything: whether it did something first, nobody can tell.
      return Promise.resolve(unknown(reportOf(thrown, 'transport.closed')))
    }
  }

  /** Nothing to do for what this till has no device or plugin for: it stays where it is, with its task. */
  #attempt(head: OutboxEntry): Promise<Answer> | undefined {
    const { effect } = head.intent
    switch (effect.type) {
      case 'provider':
        return this.#provider(head, effect)
      case 'terminal':
        return this.#terminal(head, effect)
      case 'print':
        return this.#print(head, effect)
      case 'drawer':
        return this.#options.printer?.kickDrawer().then(outcome => answerOf('printer', outcome))
      case 'end-of-day':
        return this.#options.terminal
          ?.endOfDay(head.op, this.#hooks(head.op, undefined, undefined))
          .then(outcome => answerOf('totals', outcome))
    }
  }

  #provider(head: OutboxEntry, effect: ProviderEffect): Promise<Answer> | undefined {
    const { plugins, providers } = this.#options
    const plugin = plugins.get(effect.plugin)
    if (!plugin) return undefined
    const { operation } = effect
    if (head.next === 'query') {
      const described = describedBy(this.#options.lane, head.op, effect)
      if (!described) return undefined
      const { amountMinor: _, ...asked } = described.operation
      const call = plugin.describe('query', described.context, { ...asked, of: operation })
      return providers.perform(plugin, 'query', head.op, call)
    }
    const call = effect.call ?? { wire: 'none', error: report('plugin.missing', { plugin: effect.plugin }) }
    const { pin } = plugin
    if (!pin || operation !== 'reserve' || call.wire === 'none')
      return providers.perform(plugin, operation, head.op, call)
    const described = describedBy(this.#options.lane, head.op, effect)
    if (!described) return undefined
    const { context } = described
    return this.#withPin(head.op, plugin, call, context, () => pin(context, described.operation))
  }

  /** The customer's PIN first, and only where the provider is there to hear it. */
  async #withPin(
    op: OperationId,
    plugin: Plugin,
    call: Call,
    { sale, tender }: ReturnType<typeof contextOf>,
    wanted: () => PinWanted,
  ): Promise<Answer> {
    const { pins, providers, message } = this.#options
    const closed = providers.closedTo(plugin, 'reserve')
    if (closed) return closed
    const signal = tender && this.#signals.get(`${sale} ${tender.id}`)
    const entered = await pins.enter(op, wanted, {
      onMessage: text => message(sale, text),
      limitMs: plugin.participant.profile.reserveLimitMs,
      ...(signal ? { signal } : {}),
    })
    if (entered.outcome !== 'done') return refused(entered.error)
    return providers.perform(plugin, 'reserve', op, call, entered.data)
  }

  #terminal(head: OutboxEntry, effect: TerminalEffect): Promise<Answer> | undefined {
    const { terminal } = this.#options
    const leg = this.#options.lane.sales.get(effect.sale)?.legs.find(each => each.id === effect.tender)
    if (!terminal || !leg) return undefined
    const order = { op: head.op, amountMinor: effect.amountMinor, currency: effect.currency }
    const hooks = this.#hooks(head.op, effect.sale, effect.tender)
    const ordered = (): Promise<Outcome<PaymentFacts>> => {
      if (head.next === 'query') return terminal.query(this.#expected(head, effect, leg))
      if (effect.operation === 'pay') return terminal.pay(order, hooks)
      if (effect.operation === 'refund' || !effect.original) return terminal.refund(order, hooks)
      return terminal.reverse(order, effect.original, hooks)
    }
    return this.#limited(ordered(), TERMINAL_LIMIT_MS, 'terminal.no-answer').then(outcome =>
      answerOf('terminal', outcome),
    )
  }

  #print(head: OutboxEntry, effect: Extract<Effect, { type: 'print' }>): Promise<Answer> | undefined {
    const { printer } = this.#options
    if (!printer || !effect.document) return undefined
    // A second attempt means that the first one's end was not seen: the paper may exist.
    const job = { op: head.op, document: effect.document, copy: effect.copy || head.attempt > 1 }
    return this.#limited(printer.print(job), PRINTER_LIMIT_MS, 'printer.no-answer').then(outcome =>
      answerOf('printer', outcome),
    )
  }

  #hooks(op: OperationId, sale: SaleId | undefined, tender: TenderId | undefined): PaymentHooks {
    const { question } = this.#options
    const signal = tender === undefined ? undefined : this.#signals.get(`${sale} ${tender}`)
    return {
      // The acknowledgement waits for our own sync: only then may the terminal's commit point be reached.
      onApproval: async facts => {
        if (isKnown(facts, this.#options.lastBooked().before)) return 'reject'
        const taken = await this.#options.submit({ type: 'terminal.approved', op, facts })
        return taken.events.some(event => event.type === 'approval.rejected') ? 'reject' : 'accept'
      },
      onMessage: message => {
        if (sale !== undefined) this.#options.message(sale, message)
      },
      onPrint: async lines => {
        // The terminal counts our answer as printed, and its booking may hang on it: what is answered is kept first.
        const kept = lines.map(line => ({ ...line, text: maskCardNumbers(line.text) }))
        const { refusal } = await this.#options.submit({ type: 'terminal.slip', op, lines: kept })
        if (refusal) throw new CashdeskError(refusal.code, refusal.detail)
        this.#options.slip(kept)
      },
      ...(question && sale !== undefined && tender !== undefined
        ? { onQuestion: async asked => question(asked, { sale, payment: tender }) }
        : {}),
      ...(signal ? { signal } : {}),
    }
  }

  #expected(head: OutboxEntry, effect: TerminalEffect, leg: Leg): PaymentExpectation {
    return {
      op: head.op,
      kind: effect.operation,
      amountMinor: effect.amountMinor,
      currency: effect.currency,
      startedAt: head.since,
      // A reversal is asked about by its own evidence: the approval of what it takes back is not that.
      ...(leg.approved && leg.op === head.op ? { approved: leg.approved } : {}),
      ...(effect.original ? { original: effect.original } : {}),
      ...this.#options.lastBooked(),
    }
  }

  async #limited<Data>(
    outcome: Promise<Outcome<Data>>,
    limitMs: number,
    code: 'terminal.no-answer' | 'printer.no-answer',
  ): Promise<Outcome<Data>> {
    let stop = (): void => undefined
    const limit = new Promise<Outcome<Data>>(resolve => {
      stop = this.#options.clock.after(limitMs, () => resolve(unknown(report(code, { limitMs }))))
    })
    this.#limits.add(stop)
    try {
      return await Promise.race([outcome, limit])
    } finally {
      stop()
      this.#limits.delete(stop)
    }
  }

  /** Lets the register abort a payment that is about to be ordered. */
  abortable(sale: SaleId, tender: TenderId, signal: CancelSignal): () => void {
    const key = `${sale} ${tender}`
    this.#signals.set(key, signal)
    return () => void this.#signals.delete(key)
  }

  /** Starts nothing more; what is under way ends when its devices and sockets are closed. */
  stop(): void {
    this.#stopped = true
    this.#options.pins.endAll()
    for (const stop of this.#limits) stop()
  }

  async idle(): Promise<void> {
    await Promise.allSettled(this.#inFlight.values())
  }
}

type Done = Extract<Answer, { outcome: 'done' }>

function answerOf<Of extends Done['of']>(
  of: Of,
  outcome: Outcome<Extract<Done, { of: Of }>['data']>,
): Answer {
  // `of` and the data's type belong together by the signature; TypeScript cannot see it through the union.
  return outcome.outcome === 'done' ? ({ outcome: 'done', of, data: outcome.data } as Answer) : outcome
}
