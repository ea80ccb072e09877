// A card reader for the till: the session's glue to the reader process, the clock and the till.
import {
  CashdeskError,
  type DeviceHealth,
  type ErrorReport,
  type NfcHost,
  type NfcReader,
  type Outcome,
  refused,
  report,
  type Stop,
} from '@cashdesk/kernel'
import { AID, MAX_APDU_BYTES, WALLETS, type Wanted } from './frames.ts'
import type { BindingName } from './messages.ts'
import { type ReaderProcess, startReaderProcess } from './node-process.ts'
import { NfcSession, type SessionEvent, type Step } from './session.ts'

export interface NfcOptions {
  /** For messages, and the `source` of every tap; default `nfc`. */
  readonly name?: string
  /** Only readers whose name has this text in it (`cashdesk doctor` shows the names); default all of the service. */
  readonly reader?: string
  /** Is the NDEF message of a card read? Default true. */
  readonly ndef?: boolean
  /** Looks on every card for Apple VAS and Google Smart Tap passes; default false. */
  readonly wallets?: boolean
  /** Further applications to look for: name and AID in hexadecimal. At most 8. */
  readonly applications?: { readonly [name: string]: string }
  /**
   * The package that speaks PC/SC. `auto`: nfc-pcsc, and pcsc-mini where that is not built; on Windows the other way
   * round, because nfc-pcsc asks the user for an administrator's rights there. Default `auto`.
   */
  readonly binding?: 'auto' | BindingName
  /** Where pcscd listens, if not where it always does; Linux only. */
  readonly socket?: string
  /** How long a card may take for one answer, in ms; default 5000. */
  readonly answerMs?: number
}

const MAX_APPLICATIONS = 8
const DEFAULT_ANSWER_MS = 5000
/** Commands of one exchange: a card's personalisation takes some dozens. */
const MAX_COMMANDS = 256

/** A card reader on this machine's PC/SC service. @throws CashdeskError `config.invalid` */
export function nfcReader(options: NfcOptions = {}): NfcReader {
  return new PcscReader(options)
}

class PcscReader implements NfcReader {
  readonly family = 'nfc'
  readonly name: string
  readonly #session: NfcSession
  readonly #bindings: readonly BindingName[]
  readonly #socket: string | undefined
  readonly #reader: string
  #host: NfcHost | undefined
  #process: ReaderProcess | undefined
  #child = 0
  /** Processes that were killed and are not gone yet. */
  readonly #dying: Set<Promise<void>> = new Set()
  #stopTimer: Stop | undefined
  #said = ''
  #nextExchange = 1
  readonly #exchanges: Map<number, (outcome: Outcome<readonly Uint8Array[]>) => void> = new Map()

  constructor(options: NfcOptions) {
    this.name = options.name ?? 'nfc'
    const { answerMs = DEFAULT_ANSWER_MS, binding = 'auto' } = options
    if (!Number.isInteger(answerMs) || answerMs < 100 || answerMs > 60_000) {
      throw new CashdeskError('config.invalid', { field: 'answerMs', value: String(answerMs) })
    }
    const both: readonly BindingName[] =
      process.platform === 'win32' ? ['pcsc-mini', 'nfc-pcsc'] : ['nfc-pcsc', 'pcsc-mini']
    this.#bindings = binding === 'auto' ? both : [binding]
    this.#socket = options.socket
    this.#reader = options.reader ?? ''
    this.#session = new NfcSession({
      ndef: options.ndef ?? true,
      applications: applicationsOf(options),
      answerMs,
    })
  }

  async open(host: NfcHost): Promise<void> {
    await this.close()
    this.#host = host
    this.#take(this.#session.open(host.clock.monotonicMs()))
  }

  health(): DeviceHealth {
    const { state, trouble, counts, facts } = this.#session
    return {
      family: this.family,
      name: this.name,
      state,
      ...(trouble === undefined ? {} : { trouble }),
      counts,
      facts,
    }
  }

  async exchange(
    apdus: readonly Uint8Array[],
    options: { readonly card?: string } = {},
  ): Promise<Outcome<readonly Uint8Array[]>> {
    const host = this.#host
    if (host === undefined) return refused(report('nfc.no-card', { reason: 'the reader is closed' }))
    const fits =
      apdus.length <= MAX_COMMANDS && apdus.every(({ length }) => length >= 4 && length <= MAX_APDU_BYTES)
    if (!fits) return refused(report('value.malformed', { field: 'apdus' }))
    return new Promise(resolve => {
      const id = this.#nextExchange
      this.#nextExchange += 1
      this.#exchanges.set(id, resolve)
      this.#take(this.#session.exchange(id, apdus, options.card, host.clock.monotonicMs()))
    })
  }

  async close(): Promise<void> {
    this.#take(this.#session.close())
    this.#stopTimer?.()
    this.#stopTimer = undefined
    this.#host = undefined
    this.#said = ''
    const last = this.#process
    this.#process = undefined
    await Promise.all([last?.end(), ...this.#dying])
  }

  #take({ events, orders }: Step): void {
    const host = this.#host
    if (host === undefined) return
    for (const order of orders) {
      if (order.order === 'start') this.#start(order.child)
      else if (order.child === this.#child && order.order === 'tell') this.#process?.tell(order.message)
      else if (order.child === this.#child) this.#process?.kill()
    }
    for (const event of events) this.#tell(event, host)
    this.#sayHealth(host)
    this.#stopTimer?.()
    const { wakeMs } = this.#session
    this.#stopTimer =
      wakeMs === undefined
        ? undefined
        : host.clock.after(Math.max(1, wakeMs - host.clock.monotonicMs()), () =>
            this.#take(this.#session.tick(host.clock.monotonicMs())),
          )
  }

  #start(child: number): void {
    const last = this.#process
    if (last !== undefined) {
      const gone: Promise<void> = last.end().finally(() => this.#dying.delete(gone))
      this.#dying.add(gone)
    }
    this.#child = child
    const now = (): number => this.#host?.clock.monotonicMs() ?? 0
    this.#process = startReaderProcess(
      { bindings: this.#bindings, socket: this.#socket, reader: this.#reader },
      {
        message: raw => this.#take(this.#session.message(child, raw, now())),
        exited: reason => this.#take(this.#session.exited(child, reason, now())),
      },
    )
  }

  #tell(event: SessionEvent, host: NfcHost): void {
    switch (event.event) {
      case 'tap':
        host.tapped({ ...event.tap, source: this.name, at: host.clock.now() })
        return
      case 'removed':
        host.removed({ card: event.card, source: this.name, at: host.clock.now() })
        return
      case 'discard':
        host.discarded(new CashdeskError(event.error.code, { ...event.error.detail, source: this.name }))
        return
      case 'exchanged':
        this.#exchanges.get(event.id)?.(event.outcome)
        this.#exchanges.delete(event.id)
        return
    }
  }

  #sayHealth(host: NfcHost): void {
    const { state, trouble } = this.#session
    const says = `${state} ${codeOf(trouble)}`
    if (says === this.#said) return
    this.#said = says
    host.healthChanged(this.health())
  }
}

function codeOf(trouble: ErrorReport | undefined): string {
  return trouble?.code ?? ''
}

function applicationsOf(options: NfcOptions): readonly Wanted[] {
  const all: readonly Wanted[] = [
    ...(options.wallets === true ? WALLETS : []),
    ...Object.entries(options.applications ?? {}),
  ]
  const wrong = all.find(([, aid]) => !AID.test(aid))
  if (wrong !== undefined) throw new CashdeskError('config.invalid', { field: `applications.${wrong[0]}` })
  if (all.length > MAX_APPLICATIONS) throw new CashdeskError('config.invalid', { field: 'applications' })
  return all
}
