// The payment terminal as the till sees it: orders in, outcomes out. It keeps the link open and registered, lets one
// order run at a time, and finds out what became of an order whose end it did not see.
import {
  type Clock,
  type DeviceHealth,
  type DevicePorts,
  type DeviceState,
  done,
  type ErrorReport,
  type Facts,
  type OperationId,
  type Outcome,
  type PaymentExpectation,
  type PaymentFacts,
  type PaymentHooks,
  type PaymentOrder,
  refused,
  report,
  type Terminal,
  type TerminalTotals,
  unknown,
} from '@cashdesk/kernel'
import { CHARSET_CODES } from './charset.ts'
import * as commands from './commands.ts'
import type { DialogueEnd, Limits } from './dialogue.ts'
import { type Counterpart, Exchange } from './exchange.ts'
import { type Look, look } from './look.ts'
import { judge } from './match.ts'
import { moneyOutcome, resultReport, totalsOutcome } from './outcome.ts'
import { overSerial, type SerialTransport } from './serial-transport.ts'
import { type Settings, settingsOf, type ZvtOptions } from './settings.ts'
import { readRegistration } from './status.ts'

/** Attempts of one `query`, whatever its time allows. */
const MAX_QUERY_ATTEMPTS = 500

/**
 * A ZVT terminal (PA00P015 rev. 13.08) on the network, or on any transport.
 * @throws CashdeskError `config.invalid`, `value.currency`
 */
export function zvtTerminal(options: ZvtOptions): Terminal {
  return new ZvtTerminal(settingsOf(options))
}

class ZvtTerminal implements Terminal {
  readonly family = 'terminal'
  readonly name: string
  readonly #settings: Settings
  #ports: DevicePorts | undefined
  #exchange: Exchange | undefined
  #serial: SerialTransport | undefined
  /** The registration of the present connection; undefined answer: registered. */
  #registration: Promise<ErrorReport | undefined> | undefined
  #order = false
  /** An order ended unknown: the terminal's last transaction is evidence, and stays as it is. */
  #unresolved = false
  #state: DeviceState = 'closed'
  #trouble: ErrorReport | undefined
  #facts: Facts = {}
  #told = ''
  readonly #wakers: Set<() => void> = new Set()

  constructor(settings: Settings) {
    this.#settings = settings
    this.name = settings.transport.name
  }

  // ── device ──────────────────────────────────────────────────────────────────────────────────────────

  async open(ports: DevicePorts): Promise<void> {
    if (this.#exchange) return
    this.#ports = ports
    const { transport, framing, charset, timeouts } = this.#settings
    this.#become('opening')
    this.#serial = framing === 'serial' ? overSerial(transport, ports.clock, timeouts) : undefined
    const exchange = new Exchange(
      this.#serial ?? transport,
      ports.clock,
      { charset, openTimeoutMs: timeouts.openMs },
      {
        up: () => {
          if (this.#exchange === exchange) this.#registration = this.#register(exchange)
        },
        down: error => {
          if (this.#exchange !== exchange) return
          this.#registration = undefined
          ports.log('warn', 'terminal not connected', { name: this.name, code: error.code })
          this.#become('absent', report('terminal.absent', { name: this.name, reason: error.code }))
        },
        note: facts => {
          this.#facts = { ...this.#facts, ...facts }
        },
      },
    )
    this.#exchange = exchange
  }

  health(): DeviceHealth {
    const { link, counts } = this.#exchange ?? {}
    const busy = this.#order && this.#state === 'ready'
    return {
      family: 'terminal',
      name: this.name,
      state: busy ? 'busy' : this.#state,
      ...(this.#trouble && { trouble: this.#trouble }),
      counts: { ...counts, ...link?.counts, ...this.#serial?.counts },
      facts: this.#facts,
    }
  }

  async close(): Promise<void> {
    const exchange = this.#exchange
    if (!exchange) return
    const { clock } = this.#ports ?? {}
    const { timeouts, logOffOnClose } = this.#settings
    const idle = !this.#order && this.#state === 'ready' && exchange.link.isUp
    this.#exchange = undefined
    for (const wake of [...this.#wakers]) wake()
    if (idle && logOffOnClose && !this.#unresolved) {
      const limits = { ...this.#limits(timeouts.closeMs), t3Ms: timeouts.closeMs }
      await exchange.run(commands.logOff(), limits, {})
    }
    const gone = exchange.close()
    if (clock) await Promise.race([gone, this.#pause(clock, timeouts.closeMs)])
    for (const wake of [...this.#wakers]) wake()
    this.#registration = undefined
    this.#become('closed')
  }

  // ── orders ──────────────────────────────────────────────────────────────────────────────────────────

  pay(order: PaymentOrder, hooks: PaymentHooks): Promise<Outcome<PaymentFacts>> {
    return this.#money(order, hooks, amount => commands.authorisation(amount))
  }

  refund(order: PaymentOrder, hooks: PaymentHooks): Promise<Outcome<PaymentFacts>> {
    return this.#money(order, hooks, amount => commands.refund(this.#settings.password, amount))
  }

  async reverse(
    order: PaymentOrder,
    original: PaymentFacts,
    hooks: PaymentHooks,
  ): Promise<Outcome<PaymentFacts>> {
    const { receipt } = original
    if (receipt === undefined || !/^[0-9]{1,4}$/.test(receipt))
      return refused(report('value.malformed', { field: 'original.receipt' }))
    const { password } = this.#settings
    return this.#money(order, hooks, amount => commands.reversal(password, receipt, amount), original)
  }

  async endOfDay(_op: OperationId, hooks: PaymentHooks): Promise<Outcome<TerminalTotals>> {
    return this.#alone(refused(report('terminal.busy')), async () => {
      const { exchange, trouble } = await this.#ready()
      if (trouble) return refused(trouble)
      const end = await this.#run(exchange, commands.endOfDay(this.#settings.password), hooks)
      return totalsOutcome(end, this.#settings.currency)
    })
  }

  async query(expected: PaymentExpectation): Promise<Outcome<PaymentFacts>> {
    // Busy is no evidence: only the terminal's own record can say that nothing was booked.
    return this.#alone(unknown(report('terminal.busy')), async () => {
      const outcome = await this.#resolve(expected)
      this.#unresolved = outcome.outcome === 'unknown'
      return outcome
    })
  }

  async last(): Promise<Outcome<PaymentFacts | null>> {
    return this.#alone(refused(report('terminal.busy')), async () => {
      const { exchange, trouble } = await this.#ready()
      if (trouble) return refused(trouble)
      const { password, currency, timeouts } = this.#settings
      const seen = await look(exchange, password, this.#limits(timeouts.queryMs))
      if (seen.saw === 'occupied') return refused(report('terminal.busy'))
      if (seen.saw === 'lost') return unknown(report('terminal.no-answer'))
      const { shown } = seen
      if (shown.shows === 'refusal') return refused(resultReport(shown.code))
      if (shown.shows !== 'transaction') return done(null)
      const { facts, resultCode } = shown.report
      const { amountMinor } = facts
      return resultCode === 0 && amountMinor !== undefined
        ? done({ currency, ...facts, amountMinor })
        : unknown(report('terminal.cannot-tell', { reason: 'the last transaction did not succeed' }))
    })
  }

  // ── how ─────────────────────────────────────────────────────────────────────────────────────────────

  async #money(
    order: PaymentOrder,
    hooks: PaymentHooks,
    command: (amount: commands.Amount) => commands.Command,
    alreadyReversed?: PaymentFacts,
  ): Promise<Outcome<PaymentFacts>> {
    const wrong = this.#check(order)
    if (wrong) return refused(wrong)
    return this.#alone(refused(report('terminal.busy')), async () => {
      const { exchange, trouble } = await this.#ready()
      if (trouble) return refused(trouble)
      if (hooks.signal?.aborted) return refused(report('tender.cancelled'))
      const { currencyDigits: currency } = this.#settings
      const end = await this.#run(exchange, command({ minor: order.amountMinor, currency }), hooks)
      const outcome = moneyOutcome(end, alreadyReversed)
      this.#unresolved = outcome.outcome === 'unknown'
      this.#ports?.log(this.#unresolved ? 'warn' : 'info', 'terminal order ended', {
        op: order.op,
        outcome: outcome.outcome,
        ...(outcome.outcome !== 'done' && { code: outcome.error.code }),
      })
      return outcome
    })
  }

  /** What is wrong with an order, before anything is sent. */
  #check({ amountMinor, currency }: PaymentOrder): ErrorReport | undefined {
    if (!Number.isSafeInteger(amountMinor) || amountMinor <= 0)
      return report('value.amount', { field: 'amountMinor', value: String(amountMinor).slice(0, 32) })
    if (amountMinor > commands.MAX_AMOUNT)
      return report('terminal.amount', { amountMinor, maximum: commands.MAX_AMOUNT })
    if (currency !== this.#settings.currency)
      return report('value.currency', { currency: String(currency).slice(0, 8) })
    return undefined
  }

  /** One order at a time. */
  async #alone<T>(busy: Outcome<T>, work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    if (this.#order) return busy
    this.#order = true
    this.#tell()
    try {
      return await work()
    } finally {
      this.#order = false
      this.#tell()
    }
  }

  async #run(exchange: Exchange, command: commands.Command, hooks: PaymentHooks): Promise<DialogueEnd> {
    const { onApproval, onPrint, onMessage, signal } = hooks
    const counterpart: Counterpart = {
      ask: onApproval && (facts => onApproval(facts)),
      print: onPrint && (lines => onPrint(lines)),
      say: onMessage && (text => onMessage(text)),
    }
    const abort = (): void => exchange.abort()
    signal?.addEventListener('abort', abort, { once: true })
    try {
      return await exchange.run(command, this.#limits(this.#settings.timeouts.wholeMs), counterpart)
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  async #resolve(expected: PaymentExpectation): Promise<Outcome<PaymentFacts>> {
    const { clock } = this.#ports ?? {}
    const { password, profile, timeouts } = this.#settings
    let reason = 'not open'
    const deadlineMs = (clock?.monotonicMs() ?? 0) + timeouts.queryMs
    for (let attempt = 0; clock && attempt < MAX_QUERY_ATTEMPTS; attempt += 1) {
      const leftMs = deadlineMs - clock.monotonicMs()
      if (leftMs <= 0 || !this.#exchange) break
      const { exchange, trouble } = await this.#ready(Math.min(leftMs, timeouts.openMs))
      const seen: Look = trouble ? { saw: 'lost' } : await look(exchange, password, this.#limits(leftMs))
      if (seen.saw === 'shown') return judge(expected, seen.shown, profile)
      reason = trouble?.code ?? seen.saw
      await this.#pause(clock, Math.min(timeouts.retryMs, leftMs))
    }
    return unknown(report('terminal.no-answer', { reason }))
  }

  /** Connected, registered and alive; or why not, with nothing sent that moves money. */
  async #ready(
    withinMs: number = this.#settings.timeouts.openMs,
  ): Promise<
    | { readonly exchange: Exchange; readonly trouble?: never }
    | { readonly exchange?: never; readonly trouble: ErrorReport }
  > {
    const exchange = this.#exchange
    if (!exchange) return { trouble: report('terminal.absent', { name: this.name, reason: 'not open' }) }
    const first = await this.#connected(exchange, withinMs)
    if (first) return { trouble: first }
    if (exchange.quietMs < this.#settings.timeouts.staleMs) return { exchange }
    // A link that was silent for long may be dead without knowing it: better to find out before the payment.
    await exchange.run(commands.statusEnquiry(), this.#limits(withinMs), {})
    const second = await this.#connected(exchange, withinMs)
    return second ? { trouble: second } : { exchange }
  }

  async #connected(exchange: Exchange, withinMs: number): Promise<ErrorReport | undefined> {
    try {
      await exchange.link.whenUp(withinMs)
    } catch {
      return report('terminal.absent', { name: this.name })
    }
    const earlier = await this.#registration
    if (!earlier || !exchange.link.isUp) return this.#absence(exchange)
    // The terminal said no, perhaps only for a moment: this order may ask again.
    this.#registration = this.#register(exchange)
    return (await this.#registration) ?? this.#absence(exchange)
  }

  #absence(exchange: Exchange): ErrorReport | undefined {
    const here = exchange === this.#exchange && exchange.link.isUp && this.#registration !== undefined
    return here ? undefined : report('terminal.absent', { name: this.name })
  }

  async #register(exchange: Exchange): Promise<ErrorReport | undefined> {
    const { registration, timeouts } = this.#settings
    const command = commands.registration(registration)
    const end = await exchange.run(command, this.#limits(timeouts.queryMs), {})
    if (end.how === 'completed') {
      const { facts, charsetCode } = readRegistration(end.data)
      const { charset } = registration
      if (charset !== undefined && charsetCode === CHARSET_CODES[charset]) exchange.speak(charset)
      this.#facts = { ...this.#facts, ...facts }
      this.#ports?.log('info', 'terminal registered', { name: this.name })
      this.#become('ready')
      return undefined
    }
    if (end.how === 'broken' || end.how === 'not-sent') return report('terminal.absent', { name: this.name })
    const trouble = resultReport(end.code)
    this.#become('absent', trouble)
    return trouble
  }

  #limits(wholeMs: number): Limits {
    const { t3Ms, t4Ms, approvalMs } = this.#settings.timeouts
    return { t3Ms, t4Ms, approvalMs, wholeMs }
  }

  /** Until the time has passed, or `close` wakes it. */
  #pause(clock: Clock, ms: number): Promise<void> {
    return new Promise(resolve => {
      const wake = (): void => {
        stop()
        this.#wakers.delete(wake)
        resolve()
      }
      const stop = clock.after(ms, wake)
      this.#wakers.add(wake)
    })
  }

  #become(state: DeviceState, trouble?: ErrorReport): void {
    this.#state = state
    this.#trouble = trouble
    this.#tell()
  }

  #tell(): void {
    const health = this.health()
    const told = `${health.state} ${health.trouble?.code ?? ''}`
    if (told === this.#told) return
    this.#told = told
    this.#ports?.healthChanged(health)
  }
}
