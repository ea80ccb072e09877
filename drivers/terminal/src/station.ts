// The terminal's place at the till: it keeps the link open and registered, tells how it is, and runs one dialogue after
// the other. What is ordered, and what an end means for the money, is the driver's business.
import {
  type Clock,
  type DeviceHealth,
  type DevicePorts,
  type DeviceState,
  type ErrorReport,
  type Facts,
  type Log,
  report,
  type Stop,
  type TerminalServiceHooks,
} from '@cashdesk/kernel'
import { CHARSET_CODES } from './charset.ts'
import * as commands from './commands.ts'
import type { DialogueEnd, Limits } from './dialogue.ts'
import { type Counterpart, Exchange } from './exchange.ts'
import { resultReport } from './outcome.ts'
import { overSerial, type SerialTransport } from './serial-transport.ts'
import type { Settings } from './settings.ts'
import { readRegistration } from './status.ts'

/** Longest pause before a terminal that refused the registration is asked again; the first is `retryMs`, then doubled. */
const MAX_ASK_AGAIN_MS = 30_000

/** Ready to be spoken to; or why not, with nothing sent that moves money. */
export type Readiness =
  | { readonly exchange: Exchange; readonly trouble?: never }
  | { readonly exchange?: never; readonly trouble: ErrorReport }

export class Station {
  readonly name: string
  readonly #settings: Settings
  #ports: DevicePorts | undefined
  #exchange: Exchange | undefined
  #serial: SerialTransport | undefined
  /** The registration of the present connection; undefined answer: registered. */
  #registration: Promise<ErrorReport | undefined> | undefined
  #order = false
  #state: DeviceState = 'closed'
  #trouble: ErrorReport | undefined
  #facts: Facts = {}
  #told = ''
  readonly #wakers: Set<() => void> = new Set()
  /** Asks a terminal again that refused the registration: it may have been at something else. */
  #askAgain: Stop = () => undefined
  #refusals = 0

  constructor(settings: Settings) {
    this.#settings = settings
    this.name = settings.transport.name
  }

  get isOpen(): boolean {
    return this.#exchange !== undefined
  }

  get clock(): Clock | undefined {
    return this.#ports?.clock
  }

  readonly log: Log = (...line) => this.#ports?.log(...line)

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
          this.#askAgain()
          this.#registration = undefined
          ports.log('warn', 'terminal not connected', { name: this.name, code: error.code })
          // Why in the words of the line, and who has it: `error.code` says the same of every cause.
          this.#become(
            'absent',
            report('terminal.absent', { reason: error.code, ...error.detail, name: this.name }),
          )
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

  async close(mayLogOff: boolean): Promise<void> {
    const exchange = this.#exchange
    if (!exchange) return
    const { clock } = this.#ports ?? {}
    const { timeouts, logOffOnClose } = this.#settings
    const idle = !this.#order && this.#state === 'ready' && exchange.link.isUp
    this.#exchange = undefined
    this.#askAgain()
    for (const wake of [...this.#wakers]) wake()
    if (idle && mayLogOff && logOffOnClose) {
      const limits = { ...this.limits(timeouts.closeMs), t3Ms: timeouts.closeMs }
      await exchange.run(commands.logOff(), limits, {})
    }
    const gone = exchange.close()
    if (clock) await Promise.race([gone, this.pause(clock, timeouts.closeMs)])
    for (const wake of [...this.#wakers]) wake()
    this.#registration = undefined
    this.#become('closed')
  }

  /** One order at a time; undefined while another one runs. */
  async alone<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.#order) return undefined
    this.#order = true
    this.#tell()
    try {
      return await work()
    } finally {
      this.#order = false
      this.#tell()
    }
  }

  /** Runs one dialogue with the till's hooks. */
  async run(
    exchange: Exchange,
    command: commands.Command,
    hooks: TerminalServiceHooks,
    ask?: Counterpart['ask'],
  ): Promise<DialogueEnd> {
    const { onPrint, onMessage, onQuestion, signal } = hooks
    const counterpart: Counterpart = {
      ask,
      print: onPrint && (lines => onPrint(lines)),
      say: onMessage && (text => onMessage(text)),
      question: onQuestion && (question => onQuestion(question)),
    }
    const abort = (): void => exchange.abort()
    signal?.addEventListener('abort', abort, { once: true })
    try {
      return await exchange.run(command, this.limits(this.#settings.timeouts.wholeMs), counterpart)
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Hands the terminal back; the next order registers anew. */
  async logOff(exchange: Exchange): Promise<DialogueEnd> {
    const end = await this.run(exchange, commands.logOff(), {})
    if (exchange === this.#exchange) this.#registration = Promise.resolve(report('terminal.absent'))
    return end
  }

  /** Connected, registered and alive; or why not, with nothing sent that moves money. */
  async ready(withinMs: number = this.#settings.timeouts.openMs): Promise<Readiness> {
    const exchange = this.#exchange
    if (!exchange) return { trouble: report('terminal.absent', { name: this.name, reason: 'not open' }) }
    const first = await this.#connected(exchange, withinMs)
    if (first) return { trouble: first }
    if (exchange.quietMs < this.#settings.timeouts.staleMs) return { exchange }
    // A link that was silent for long may be dead without knowing it: better to find out before the payment.
    await exchange.run(commands.statusEnquiry(this.#settings.password), this.limits(withinMs), {})
    const second = await this.#connected(exchange, withinMs)
    return second ? { trouble: second } : { exchange }
  }

  async #connected(exchange: Exchange, withinMs: number): Promise<ErrorReport | undefined> {
    try {
      await exchange.link.whenUp(withinMs)
    } catch {
      return report('terminal.absent', { name: this.name })
    }
    const earlier = await this.#registered(withinMs)
    if (!earlier || !exchange.link.isUp) return this.#absence(exchange)
    // The terminal said no, perhaps only for a moment: this order may ask again.
    this.#registration = this.#register(exchange)
    return (await this.#registered(withinMs)) ?? this.#absence(exchange)
  }

  /** What became of the registration, as far as an order waits for it. */
  #registered(withinMs: number): Promise<ErrorReport | undefined> | undefined {
    const { clock } = this.#ports ?? {}
    if (!clock) return this.#registration
    const registration = this.#registration
    return (
      registration &&
      new Promise(resolve => {
        const stop = clock.after(withinMs, () =>
          resolve(report('terminal.absent', { name: this.name, reason: 'the registration does not end' })),
        )
        void registration.then(trouble => {
          stop()
          resolve(trouble)
        })
      })
    )
  }

  #absence(exchange: Exchange): ErrorReport | undefined {
    const here = exchange === this.#exchange && exchange.link.isUp && this.#registration !== undefined
    return here ? undefined : report('terminal.absent', { name: this.name })
  }

  async #register(exchange: Exchange): Promise<ErrorReport | undefined> {
    const { registration, timeouts } = this.#settings
    exchange.countMessages(false)
    const command = commands.registration(registration)
    const end = await exchange.run(command, this.limits(timeouts.queryMs), {})
    if (end.how === 'completed') {
      const { facts, charsetCode } = readRegistration(end.data)
      const { charset } = registration
      if (registration.messageSequence && facts['messageSequence'] === '000000') exchange.countMessages(true)
      if (charset !== undefined && charsetCode === CHARSET_CODES[charset]) exchange.speak(charset)
      this.#facts = { ...this.#facts, ...facts }
      this.#refusals = 0
      this.#ports?.log('info', 'terminal registered', { name: this.name })
      this.#become('ready')
      return undefined
    }
    if (end.how === 'broken' || end.how === 'not-sent') return report('terminal.absent', { name: this.name })
    const trouble = resultReport(end.code)
    if (exchange !== this.#exchange) return trouble
    this.#become('absent', trouble)
    const pauseMs = Math.min(timeouts.retryMs * 2 ** this.#refusals, MAX_ASK_AGAIN_MS)
    this.#refusals = Math.min(this.#refusals + 1, 16)
    this.#askAgainIn(pauseMs, exchange)
    return trouble
  }

  /** Nobody may order anything for hours, and the register wants to know when the terminal is there. */
  #askAgainIn(pauseMs: number, exchange: Exchange): void {
    this.#askAgain()
    const stop = this.#ports?.clock.after(pauseMs, () => {
      if (exchange !== this.#exchange || !exchange.link.isUp || this.#state !== 'absent') return
      // An order asks by itself.
      if (this.#order) return this.#askAgainIn(pauseMs, exchange)
      this.#registration = this.#register(exchange)
    })
    this.#askAgain = stop ?? (() => undefined)
  }

  limits(wholeMs: number): Limits {
    const { t3Ms, t4Ms, approvalMs, questionMs } = this.#settings.timeouts
    return { t3Ms, t4Ms, approvalMs, questionMs, wholeMs }
  }

  /** Until the time has passed, or `close` wakes it. */
  pause(clock: Clock, ms: number): Promise<void> {
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
