// The PIN pad as the till sees it: a request in, an encrypted block or a reason out. It keeps the link open, finds out
// whether a pad answers on it, lets one entry run at a time, and never hands an old answer to a new question.
import {
  CashdeskError,
  type DeviceHealth,
  type DevicePorts,
  type DeviceState,
  done,
  type ErrorReport,
  hex,
  type Outcome,
  type PinBlock,
  type PinHooks,
  type Pinpad,
  type PinRequest,
  refused,
  report,
  type Stop,
  type Transport,
} from '@cashdesk/kernel'
import {
  keepOpen,
  type Link,
  type SerialOptions,
  serialTransport,
  tcpTransport,
  waitAtMost,
} from '@cashdesk/transport'
import { EarlierAnswers } from './earlier.ts'
import { PACKET, packetBytes } from './frames.ts'
import { endOutcome } from './outcome.ts'
import { entryText, readAnswer, selectKeyBytes, showText } from './packets.ts'
import { CANCEL, PadSession, type Reaction, type SessionEnd, type Step } from './session.ts'
import { type PinpadOptions, type Settings, settingsOf } from './settings.ts'

/**
 * A PIN pad on a serial line: `{ path: 'COM3', baudRate: 9600 }`, or on any transport.
 * @throws CashdeskError `config.invalid`
 */
export function serialPinpad(
  options: PinpadOptions & (SerialOptions | { readonly transport: Transport }),
): Pinpad {
  const transport = 'transport' in options ? options.transport : serialTransport(options)
  return new StreamPinpad(transport, settingsOf(options, transport.name))
}

/** A PIN pad reached over TCP, itself or through a serial device server. @throws CashdeskError `config.invalid` */
export function tcpPinpad(options: PinpadOptions & { readonly host: string; readonly port: number }): Pinpad {
  const transport = tcpTransport({ host: options.host, port: options.port })
  return new StreamPinpad(transport, settingsOf(options, transport.name))
}

const TEST: Step = { bytes: packetBytes(PACKET.connectionTest, true), until: 'eot' }

class StreamPinpad implements Pinpad {
  readonly family = 'pinpad'
  readonly name: string
  readonly #transport: Transport
  readonly #settings: Settings
  #ports: DevicePorts | undefined
  #link: Link | undefined
  #session: PadSession
  #settle: ((end: SessionEnd) => void) | undefined
  #stopTimer: Stop | undefined
  #stopProbe: Stop | undefined
  /** Whether a pad answered on the present connection; undefined while there is none. */
  #probe: Promise<boolean> | undefined
  /** Something was asked of the pad and is not through. */
  #order = false
  /** An entry is on the wire. */
  #running = false
  /** `cancel` was called while an order waited for the pad. */
  #cancelled = false
  #earlier: EarlierAnswers | undefined
  /** The last request: what comes behind its end, and before the pad took another, belongs to it. */
  #last: PinRequest | undefined
  #state: DeviceState = 'closed'
  #trouble: ErrorReport | undefined
  #told = ''
  #counts: { entries: number; blocks: number; bytes: number } = { entries: 0, blocks: 0, bytes: 0 }

  constructor(transport: Transport, settings: Settings) {
    this.#transport = transport
    this.#settings = settings
    this.name = settings.name
    this.#session = new PadSession(settings.times)
  }

  async open(ports: DevicePorts): Promise<void> {
    await this.close()
    this.#ports = ports
    this.#session = new PadSession(this.#settings.times, this.#session.owing)
    this.#earlier ??= new EarlierAnswers(hex(ports.random.bytes(16)))
    this.#counts = { entries: 0, blocks: 0, bytes: 0 }
    this.#become('opening')
    this.#link = keepOpen(
      this.#transport,
      {
        up: () => this.#look(),
        down: error => {
          this.#forget()
          this.#become(error.report.retry === 'never' ? 'failed' : 'absent', error.report)
        },
        data: bytes => {
          this.#counts.bytes += bytes.length
          this.#react(this.#session.bytes(bytes, ports.clock.monotonicMs()))
        },
      },
      { clock: ports.clock },
    )
  }

  health(): DeviceHealth {
    const { connects = 0, vain = 0, losses = 0 } = this.#link?.counts ?? {}
    return {
      family: this.family,
      name: this.name,
      state: this.#order && this.#state === 'ready' ? 'busy' : this.#state,
      ...(this.#trouble === undefined ? {} : { trouble: this.#trouble }),
      counts: { ...this.#counts, ...this.#session.counts, connects, vain, losses },
      facts: { profile: this.#settings.profile.name },
    }
  }

  async close(): Promise<void> {
    const link = this.#link
    // A pad is not left asking for a PIN that nobody waits for any more.
    const told = this.#running ? link?.write(CANCEL.bytes).catch(() => undefined) : undefined
    this.#link = undefined
    this.#forget()
    const { clock } = this.#ports ?? {}
    if (told && clock)
      await waitAtMost(told, (delayMs, wake) => clock.after(delayMs, wake), this.#settings.times.settleMs)
    await link?.close()
    this.#become('closed')
    this.#ports = undefined
  }

  async enterPin(request: PinRequest, hooks: PinHooks = {}): Promise<Outcome<PinBlock>> {
    let steps: readonly Step[]
    try {
      steps = this.#stepsOf(request)
    } catch (thrown) {
      return refused(thrown instanceof CashdeskError ? thrown.report : report('pinpad.request'))
    }
    return await this.#alone(async () => {
      const absence = await this.#ready()
      if (absence !== undefined) return refused(absence)
      if (hooks.signal?.aborted === true || this.#cancelled) return refused(report('pinpad.stopped'))
      this.#counts.entries += 1
      hooks.onMessage?.('the customer enters the PIN')
      this.#running = true
      const end = await this.#run(steps, hooks)
      this.#running = false
      if (end.how === 'silent' && this.#link?.isUp === true) this.#look()
      const outcome = this.#read(end, request)
      this.#last = request
      // A pad that answered with something old may still ask its customer.
      if (end.how === 'answered' && outcome.outcome !== 'done' && this.#session.unclean) await this.#run([])
      this.#ports?.log(outcome.outcome === 'done' ? 'info' : 'warn', 'PIN entry ended', {
        op: request.op,
        account: `…${request.account.slice(-4)}`,
        outcome: outcome.outcome,
        ...(outcome.outcome === 'done' ? {} : { code: outcome.error.code }),
      })
      return outcome
    })
  }

  async show(text: string): Promise<Outcome<null>> {
    let bytes: Uint8Array
    try {
      bytes = packetBytes(showText(text))
    } catch (thrown) {
      return refused(thrown instanceof CashdeskError ? thrown.report : report('pinpad.request'))
    }
    return await this.#alone(async () => {
      const absence = await this.#ready()
      if (absence !== undefined) return refused(absence)
      const end = await this.#run([{ bytes, until: 'ack' }])
      return end.how === 'done' ? done(null) : endOutcome(end)
    })
  }

  async cancel(): Promise<void> {
    if (this.#order) {
      this.#cancelled = true
      if (this.#running) this.#stop()
      return
    }
    await this.#alone(async () => {
      if ((await this.#ready()) === undefined) await this.#run([CANCEL])
      return done(null)
    })
  }

  /** @throws CashdeskError `pinpad.request` */
  #stepsOf(request: PinRequest): readonly Step[] {
    const { key } = request
    const text = entryText(request, this.#settings.profile)
    const entry: Step = { bytes: packetBytes(text), until: 'answer' }
    if (key.scheme === 'dukpt' || key.masterKey === undefined) return [entry]
    return [{ bytes: selectKeyBytes(key.masterKey), until: 'eot' }, entry]
  }

  #read(end: SessionEnd, request: PinRequest): Outcome<PinBlock> {
    if (end.how !== 'answered') return endOutcome(end)
    const { profile, blockFormat } = this.#settings
    const answer = readAnswer(end.text, request.key.scheme, profile, blockFormat)
    if (answer.kind === 'empty') return refused(report('pinpad.cancelled', { reason: 'empty' }))
    if (answer.kind === 'error') return refused(answer.error)
    if (answer.kind === 'malformed') {
      this.#session.doubt()
      return endOutcome(end)
    }
    const contradiction = this.#earlier?.contradiction(answer.block, request)
    if (contradiction !== undefined) {
      this.#session.doubt()
      return refused(contradiction)
    }
    this.#earlier?.keep(answer.block, request)
    this.#counts.blocks += 1
    return done(answer.block)
  }

  /** An answer that nobody waits for: it is thrown away, and known should it come again. */
  #astray(text: string): void {
    const request = this.#last
    if (request === undefined) return
    const { profile, blockFormat } = this.#settings
    const answer = readAnswer(text, request.key.scheme, profile, blockFormat)
    if (answer.kind === 'block') this.#earlier?.keep(answer.block, request)
  }

  /** One thing at a time. */
  async #alone<T>(work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    if (this.#order) return refused(report('pinpad.busy'))
    this.#order = true
    this.#cancelled = false
    this.#tell()
    try {
      return await work()
    } finally {
      this.#order = false
      this.#tell()
    }
  }

  /** Connected, and a pad answers; or why not. */
  async #ready(): Promise<ErrorReport | undefined> {
    const link = this.#link
    const absent = (reason: string): ErrorReport => report('pinpad.absent', { name: this.name, reason })
    if (link === undefined) return absent('not open')
    try {
      await link.whenUp(this.#settings.openMs)
    } catch {
      return absent('not connected')
    }
    if ((await this.#probe) === true) return undefined
    if (this.#link !== link || !link.isUp) return absent('not connected')
    // It was silent, perhaps switched off: this request may knock again.
    this.#look()
    return (await this.#probe) === true ? undefined : absent('silent')
  }

  /** Finds out whether a pad answers on this connection, and looks again later where none does. */
  #look(): void {
    this.#stopProbe?.()
    this.#stopProbe = undefined
    const probe = this.#run([TEST]).then(({ how }) => how === 'done' || how === 'ended-by-pad')
    this.#probe = probe
    void probe.then(here => {
      if (this.#probe !== probe) return
      if (here) this.#become('ready')
      else this.#silent()
    })
  }

  #silent(): void {
    this.#become('absent', report('pinpad.absent', { name: this.name, reason: 'silent' }))
    this.#stopProbe = this.#ports?.clock.after(this.#settings.probeMs, () => {
      // An order that waits looks for itself.
      if (!this.#order) this.#look()
      else this.#silent()
    })
  }

  async #run(steps: readonly Step[], { signal }: PinHooks = {}): Promise<SessionEnd> {
    const { clock } = this.#ports ?? {}
    if (clock === undefined || this.#settle !== undefined) return { how: 'lost' }
    const stop = (): void => this.#stop()
    const ended = new Promise<SessionEnd>(resolve => {
      this.#settle = resolve
    })
    signal?.addEventListener('abort', stop, { once: true })
    this.#react(this.#session.start(steps, clock.monotonicMs()))
    try {
      return await ended
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }

  #stop(): void {
    const { clock } = this.#ports ?? {}
    if (clock !== undefined) this.#react(this.#session.stop(clock.monotonicMs()))
  }

  /** The connection is gone: so is what ran on it. */
  #forget(): void {
    this.#stopProbe?.()
    this.#stopProbe = undefined
    this.#probe = undefined
    this.#react(this.#session.lost())
  }

  #react({ send, end, strays = [] }: Reaction): void {
    for (const text of strays) this.#astray(text)
    for (const bytes of send) {
      // A write that fails is a loss, and the link tells it.
      this.#link?.write(bytes).catch(() => undefined)
    }
    this.#stopTimer?.()
    this.#stopTimer = undefined
    const { clock } = this.#ports ?? {}
    const { deadlineMs } = this.#session
    if (clock !== undefined && deadlineMs !== undefined) {
      this.#stopTimer = clock.after(Math.max(0, deadlineMs - clock.monotonicMs()), () =>
        this.#react(this.#session.tick(clock.monotonicMs())),
      )
    }
    if (end === undefined) return
    const settle = this.#settle
    this.#settle = undefined
    settle?.(end)
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
