// The payment terminal as the till sees it: orders in, outcomes out. One order runs at a time, and what became of an
// order whose end was not seen is found out, never guessed.
import {
  type AgeCheck,
  type DeviceHealth,
  type DevicePorts,
  done,
  type ErrorReport,
  fromHex,
  type OperationId,
  type Outcome,
  type PaymentExpectation,
  type PaymentFacts,
  type PaymentHooks,
  type PaymentOrder,
  refused,
  report,
  type Terminal,
  type TerminalNotice,
  type TerminalServiceHooks,
  type TerminalTotals,
  unknown,
} from '@cashdesk/kernel'
import { checkAge, isAge } from './age.ts'
import * as commands from './commands.ts'
import type { DialogueEnd } from './dialogue.ts'
import type { Exchange } from './exchange.ts'
import { stateText } from './frames.ts'
import { type Look, look } from './look.ts'
import { judge } from './match.ts'
import { moneyOutcome, resultReport, serviceOutcome, totalsOutcome } from './outcome.ts'
import { type Settings, settingsOf, type ZvtOptions } from './settings.ts'
import { isSigned, signed, unsigned, wantsSignature } from './signature.ts'
import { Station } from './station.ts'
import { readEnquiry } from './status.ts'

/** Attempts of one `query`, whatever its time allows. */
const MAX_QUERY_ATTEMPTS = 500

/**
 * A ZVT terminal (PA00P015 rev. 13.08) on the network, on a serial line, or on any transport.
 * @throws CashdeskError `config.invalid`, `value.currency`
 */
export function zvtTerminal(options: ZvtOptions): Terminal {
  return new ZvtTerminal(settingsOf(options))
}

/** What is sent for a money order, and how it is undone if nobody confirms the signature. */
interface MoneyPlan {
  readonly command: (amount: commands.Amount, extras: commands.Extras) => commands.Command
  /** What it reverses: "already reversed" is success then. */
  readonly reverses?: PaymentFacts
  readonly undo?: (amount: commands.Amount, of: commands.Reserved) => commands.Command
}

const NONE = new Uint8Array(0)

class ZvtTerminal implements Terminal {
  readonly family = 'terminal'
  readonly name: string
  readonly #settings: Settings
  readonly #station: Station
  /** This order ended unknown: the terminal's last transaction is evidence, and stays as it is. */
  #unresolved: OperationId | undefined
  /** The order that is under way or asked about, unless a person decided on it meanwhile. */
  #current: OperationId | undefined
  /** TLV 1F1F of the last transaction, if that one is resolved and told it. */
  #mirror: Uint8Array = NONE

  constructor(settings: Settings) {
    this.#settings = settings
    this.#station = new Station(settings)
    this.name = this.#station.name
  }

  // ── device ──────────────────────────────────────────────────────────────────────────────────────────

  open(ports: DevicePorts): Promise<void> {
    return this.#station.open(ports)
  }

  health(): DeviceHealth {
    return this.#station.health()
  }

  close(): Promise<void> {
    return this.#station.close(this.#unresolved === undefined)
  }

  get unresolved(): OperationId | undefined {
    return this.#unresolved
  }

  settle(op: OperationId): void {
    if (this.#current === op) this.#current = undefined
    if (this.#unresolved !== op) return
    this.#unresolved = undefined
    this.#station.log('warn', 'terminal order settled by a person', { op })
  }

  // ── money ───────────────────────────────────────────────────────────────────────────────────────────

  pay(order: PaymentOrder, hooks: PaymentHooks): Promise<Outcome<PaymentFacts>> {
    const { password, partialApproval: partial, tips } = this.#settings
    return this.#money(order, hooks, {
      command: (amount, extras) => commands.authorisation(amount, { ...extras, partial, tips }),
      undo: (amount, of) => commands.reversal(password, of, amount),
    })
  }

  refund(order: PaymentOrder, hooks: PaymentHooks): Promise<Outcome<PaymentFacts>> {
    const { password } = this.#settings
    return this.#money(order, hooks, {
      command: (amount, extras) => commands.refund(password, amount, extras),
    })
  }

  async reverse(
    order: PaymentOrder,
    original: PaymentFacts,
    hooks: PaymentHooks,
  ): Promise<Outcome<PaymentFacts>> {
    const { receipt, trace } = original
    if (!isReceipt(receipt)) return refused(report('value.malformed', { field: 'original.receipt' }))
    const { password } = this.#settings
    return this.#money(order, hooks, {
      command: (amount, extras) => commands.reversal(password, { receipt, trace }, amount, extras),
      reverses: original,
    })
  }

  reserve(order: PaymentOrder, hooks: PaymentHooks): Promise<Outcome<PaymentFacts>> {
    return this.#money(order, hooks, {
      command: (amount, extras) => commands.reservation(amount, extras),
      undo: (amount, { receipt }) => commands.reservationReversal({ receipt }, amount),
    })
  }

  book(order: PaymentOrder, reservation: PaymentFacts, hooks: PaymentHooks): Promise<Outcome<PaymentFacts>> {
    return this.#reserved(reservation, of =>
      this.#money(order, hooks, { command: (amount, extras) => commands.bookTotal(of, amount, extras) }),
    )
  }

  release(
    order: PaymentOrder,
    reservation: PaymentFacts,
    hooks: PaymentHooks,
  ): Promise<Outcome<PaymentFacts>> {
    const whole = order.amountMinor === reservation.amountMinor
    const command = whole ? commands.reservationReversal : commands.partialReversal
    return this.#reserved(reservation, of =>
      this.#money(order, hooks, {
        command: (amount, extras) => command(of, amount, extras),
        ...(whole && { reverses: reservation }),
      }),
    )
  }

  endOfDay(_op: OperationId, hooks: PaymentHooks): Promise<Outcome<TerminalTotals>> {
    return this.#unblocked<TerminalTotals>(async exchange => {
      const { password, currency } = this.#settings
      const end = await this.#station.run(exchange, commands.endOfDay(password, this.#extras()), hooks)
      const outcome = totalsOutcome(end, currency)
      this.#remember(end, outcome.outcome)
      return outcome
    })
  }

  async query(expected: PaymentExpectation): Promise<Outcome<PaymentFacts>> {
    // Busy is no evidence: only the terminal's own record can say that nothing was booked.
    const asked = await this.#station.alone(async () => {
      this.#current = expected.op
      const outcome = this.#signedOff(await this.#resolve(expected))
      this.#ended(expected.op, outcome)
      return outcome
    })
    return asked ?? unknown(report('terminal.busy'))
  }

  async last(): Promise<Outcome<PaymentFacts | null>> {
    return this.#alone<PaymentFacts | null>(async exchange => {
      const { password, currency, timeouts } = this.#settings
      const seen = await look(exchange, password, this.#station.limits(timeouts.queryMs))
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

  // ── service ─────────────────────────────────────────────────────────────────────────────────────────

  reprint(_op: OperationId, hooks: TerminalServiceHooks): Promise<Outcome<TerminalNotice>> {
    return this.#service(commands.reprint(this.#settings.password), hooks)
  }

  diagnose(_op: OperationId, hooks: TerminalServiceHooks): Promise<Outcome<TerminalNotice>> {
    return this.#service(commands.diagnosis(), hooks)
  }

  initialise(_op: OperationId, hooks: TerminalServiceHooks): Promise<Outcome<TerminalNotice>> {
    return this.#service(commands.initialisation(this.#settings.password), hooks)
  }

  async checkAge(_op: OperationId, years: number, hooks: TerminalServiceHooks): Promise<Outcome<AgeCheck>> {
    if (!isAge(years)) return refused(report('value.malformed', { field: 'years' }))
    const { questionMs } = this.#settings.timeouts
    return this.#unblocked(exchange => checkAge(this.#station, exchange, years, hooks, questionMs))
  }

  async setTime(_op: OperationId, time: string): Promise<Outcome<TerminalNotice>> {
    const parts = /^20(\d\d)-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)$/.exec(time)
    const [month, day, hour, minute, second] = (parts ?? []).slice(2).map(Number)
    const inRange = (value: number | undefined, least: number, most: number): boolean =>
      value !== undefined && value >= least && value <= most
    const real = inRange(month, 1, 12) && inRange(day, 1, 31) && inRange(hour, 0, 23)
    if (!parts || !real || !inRange(minute, 0, 59) || !inRange(second, 0, 59))
      return refused(report('value.malformed', { field: 'time' }))
    const digits = parts.slice(1).join('')
    const { password } = this.#settings
    return this.#service(commands.setTime(password, digits.slice(0, 6), digits.slice(6)), {})
  }

  status(): Promise<Outcome<TerminalNotice>> {
    return this.#alone<TerminalNotice>(async exchange => {
      const end = await this.#station.run(exchange, commands.statusEnquiry(this.#settings.password), {})
      const outcome = serviceOutcome(end)
      if (outcome.outcome !== 'done' || end.how !== 'completed') return outcome
      const { state, softwareVersion } = readEnquiry(end.data)
      return done({
        ...outcome.data,
        ...(state !== undefined && { state: stateText(state) }),
        facts: softwareVersion === undefined ? {} : { softwareVersion },
      })
    })
  }

  logOff(): Promise<Outcome<TerminalNotice>> {
    return this.#unblocked<TerminalNotice>(async exchange =>
      serviceOutcome(await this.#station.logOff(exchange)),
    )
  }

  // ── how ─────────────────────────────────────────────────────────────────────────────────────────────

  async #money(order: PaymentOrder, hooks: PaymentHooks, plan: MoneyPlan): Promise<Outcome<PaymentFacts>> {
    const wrong = this.#check(order)
    if (wrong) return refused(wrong)
    return this.#unblocked<PaymentFacts>(async exchange => {
      if (hooks.signal?.aborted) return refused(report('tender.cancelled'))
      this.#current = order.op
      const { currencyDigits: currency } = this.#settings
      const command = plan.command({ minor: order.amountMinor, currency }, this.#extras())
      const asks = this.#settings.signature === 'ask' && plan.undo !== undefined
      const { onApproval, onQuestion } = hooks
      // Nobody could be asked: better now, while the terminal has not booked.
      const ask = async (facts: PaymentFacts): Promise<'accept' | 'reject'> =>
        asks && wantsSignature(facts) && !onQuestion ? 'reject' : await onApproval(facts)
      const end = await this.#station.run(exchange, command, hooks, ask)
      let outcome = moneyOutcome(end, plan.reverses)
      this.#remember(end, outcome.outcome)
      if (asks && outcome.outcome === 'done' && wantsSignature(outcome.data))
        outcome = await this.#sign(exchange, outcome.data, hooks, plan)
      this.#ended(order.op, outcome)
      this.#station.log(outcome.outcome === 'unknown' ? 'warn' : 'info', 'terminal order ended', {
        op: order.op,
        outcome: outcome.outcome,
        ...(outcome.outcome !== 'done' && { code: outcome.error.code }),
      })
      return outcome
    })
  }

  /** The payment stands and its slip is printed: a person looks at the signature, or it is taken back. */
  async #sign(
    exchange: Exchange,
    facts: PaymentFacts,
    { onQuestion, onMessage, onPrint, signal }: PaymentHooks,
    { undo }: MoneyPlan,
  ): Promise<Outcome<PaymentFacts>> {
    const { clock } = this.#station
    const { timeouts, currencyDigits: currency } = this.#settings
    if (clock && onQuestion && (await isSigned(facts, onQuestion, clock, timeouts.questionMs, signal)))
      return signed(facts)
    const { receipt, trace } = facts
    if (!undo || !isReceipt(receipt)) return unsigned(refused(report('terminal.cannot-tell')))
    const command = undo({ minor: facts.amountMinor, currency }, { receipt, trace })
    const hooks = { ...(onMessage && { onMessage }), ...(onPrint && { onPrint }) }
    const end = await this.#station.run(exchange, command, hooks, async () => 'accept')
    const reversal = moneyOutcome(end, facts)
    this.#remember(end, reversal.outcome)
    return unsigned(reversal)
  }

  /** A payment that waited for a yes when the till went down is for a person, even if the terminal booked it. */
  #signedOff(outcome: Outcome<PaymentFacts>): Outcome<PaymentFacts> {
    if (this.#settings.signature !== 'ask' || outcome.outcome !== 'done' || !wantsSignature(outcome.data))
      return outcome
    return unknown(report('terminal.cannot-tell', { reason: 'booked, and nobody confirmed the signature' }))
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

  /** One attempt is never forgotten over another one that somebody asks about. */
  #ended(op: OperationId, { outcome }: Outcome<PaymentFacts>): void {
    const open = this.#current === op
    this.#current = undefined
    if (outcome !== 'unknown') {
      if (this.#unresolved === op) this.#unresolved = undefined
    } else if (open) {
      this.#unresolved ??= op
    }
  }

  /** One order at a time, at a terminal that is there. */
  async #alone<T>(work: (exchange: Exchange) => Promise<Outcome<T>>): Promise<Outcome<T>> {
    const outcome = await this.#station.alone(async () => {
      const { exchange, trouble } = await this.#station.ready()
      return trouble ? refused(trouble) : await work(exchange)
    })
    return outcome ?? refused(report('terminal.busy'))
  }

  /** What would put another transaction on top of the evidence waits until that is used. */
  async #unblocked<T>(work: (exchange: Exchange) => Promise<Outcome<T>>): Promise<Outcome<T>> {
    if (this.#unresolved !== undefined) return refused(report('terminal.blocked', { op: this.#unresolved }))
    return this.#alone(work)
  }

  async #reserved(
    { receipt, trace, authorisation }: PaymentFacts,
    work: (of: commands.Reserved) => Promise<Outcome<PaymentFacts>>,
  ): Promise<Outcome<PaymentFacts>> {
    if (!isReceipt(receipt)) return refused(report('value.malformed', { field: 'reservation.receipt' }))
    return work({ receipt, trace, authorisation })
  }

  #service(command: commands.Command, hooks: TerminalServiceHooks): Promise<Outcome<TerminalNotice>> {
    return this.#unblocked<TerminalNotice>(async exchange => {
      if (hooks.signal?.aborted) return refused(report('tender.cancelled'))
      return serviceOutcome(await this.#station.run(exchange, command, hooks))
    })
  }

  /** The number to mirror is the last transaction's, as it told it; where it told none or its end is open, none. */
  #remember(end: DialogueEnd, outcome: Outcome<unknown>['outcome']): void {
    if (end.how === 'not-sent' || end.how === 'not-accepted') return
    const told = outcome === 'unknown' ? undefined : end.seen.last?.mirroredReceipt
    this.#mirror = told === undefined ? NONE : fromHex(told)
  }

  #extras(): commands.Extras {
    return this.#settings.profile.mirrorsReceipt && this.#unresolved === undefined
      ? { mirror: this.#mirror }
      : {}
  }

  async #resolve(expected: PaymentExpectation): Promise<Outcome<PaymentFacts>> {
    const { clock } = this.#station
    const { password, profile, timeouts } = this.#settings
    let reason = 'not open'
    this.#mirror = NONE
    const deadlineMs = (clock?.monotonicMs() ?? 0) + timeouts.queryMs
    for (let attempt = 0; clock && attempt < MAX_QUERY_ATTEMPTS; attempt += 1) {
      const leftMs = deadlineMs - clock.monotonicMs()
      if (leftMs <= 0 || !this.#station.isOpen) break
      const { exchange, trouble } = await this.#station.ready(Math.min(leftMs, timeouts.openMs))
      const limits = this.#station.limits(leftMs)
      const seen: Look = trouble ? { saw: 'lost' } : await look(exchange, password, limits)
      if (seen.saw === 'shown') return judge(expected, seen.shown, profile)
      reason = trouble?.code ?? seen.saw
      await this.#station.pause(clock, Math.min(timeouts.retryMs, leftMs))
    }
    return unknown(report('terminal.no-answer', { reason }))
  }
}

function isReceipt(receipt: string | undefined): receipt is string {
  return receipt !== undefined && /^[0-9]{1,4}$/.test(receipt)
}
