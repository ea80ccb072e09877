// One dialogue in which the terminal is master: what it may send between the register's command and 06 0F or 06 1E,
// how long it waits for each answer, and where an accident strikes.
import type { Clock } from '@cashdesk/kernel'
import type { Accident, DialogueKind } from './accidents.ts'
import { type Field, type TlvObject, writeApdu, writeFields, writeText, writeTlv } from './codec.ts'
import type { Answer, Link } from './link.ts'
import { BMP, COMMAND, CONFIG, RESULT } from './tables.ts'

/** What the register agreed with the terminal (06 00). */
export interface Registration {
  readonly registered: boolean
  readonly config: number
  /** The register named a currency, so the terminal names it, too. */
  readonly currency: boolean
  /** The register sent a TLV container, so the terminal may. */
  readonly tlv: boolean
  readonly blocks: boolean
  /** The commands that the terminal may send beside those that need no leave (tag 26). */
  readonly permitted: readonly number[]
  /** Both number their messages (1F73). */
  readonly numbered: boolean
  readonly charset: number
  readonly width: number
  /** Tags that the register sent and the terminal agrees to: only these are echoed. */
  readonly agreed: readonly number[]
}

/**
 * The moments of a dialogue at which something can be made to happen, in their order: a crash, a cut, a power cut.
 * `sent` is what left; what is cut then still arrives. `answered` is the register's word, whatever it says.
 */
export type TerminalPoint =
  | 'authorised'
  | 'declined'
  | 'status-sent'
  | 'status-answered'
  | 'print-sent'
  | 'print-answered'
  | 'booked'
  | 'reversed'
  | 'settled'
  | 'completion-sent'

export interface TalkLimits {
  readonly clock: Clock
  readonly onPoint: ((point: TerminalPoint, kind: DialogueKind) => void) | undefined
  /** An accident that was switched on in the middle of a dialogue has struck. */
  readonly onStruck: (accident: Accident) => void
  /** For the answer to anything but 04 0F and print commands. */
  readonly t3Ms: number
  /** For the register's word on a payment, unless 06 01 says otherwise. */
  readonly answerMs: number
}

/** Garbage in place of a status: fields that break off, or noise that promises a message which never comes. */
const GARBLED = {
  fields: writeApdu(COMMAND.status, Buffer.from([BMP.result, 0x00, BMP.amount, 0x00, 0x00])),
  frame: Buffer.from('c3a5ffffff00ee10427f', 'hex'),
} as const

export class Talk {
  readonly kind: DialogueKind
  readonly link: Link
  readonly registration: Registration
  /** While true the register's 06 B0 is obeyed. */
  abortable = true
  /** The terminal was switched off in the middle of it: nothing is written into the books any more. */
  isOff = false
  readonly #limits: TalkLimits
  #aborted = false
  #accident: Accident | undefined
  #isLate = false
  #wake: (() => void) | undefined

  constructor(
    kind: DialogueKind,
    link: Link,
    registration: Registration,
    accident: Accident | undefined,
    limits: TalkLimits,
  ) {
    this.kind = kind
    this.link = link
    this.registration = registration
    this.#accident = accident
    this.#limits = limits
  }

  /** What is to go wrong in it. */
  get accident(): Accident | undefined {
    return this.#accident
  }

  /** Somebody switches an accident on, or off, while it runs: it strikes if its moment is still to come. */
  turn(accident: Accident | undefined): void {
    this.#accident = accident
    this.#isLate = accident !== undefined
    const isCustomer = accident?.name === 'abort-by-customer' || accident?.name === 'card-removed'
    if (isCustomer && this.abortable) this.interrupt()
  }

  /** The accident, if it is of this name: now it has struck. */
  strikes(name: Accident['name']): Accident | undefined {
    const accident = this.#accident
    if (accident?.name !== name) return undefined
    if (this.#isLate) {
      this.#isLate = false
      this.#limits.onStruck(accident)
    }
    return accident
  }

  get aborted(): boolean {
    return this.#aborted
  }

  /** Nothing more can be done for the register. */
  get over(): boolean {
    return this.#aborted || !this.link.alive
  }

  /** Answers the register's command positively; false where the accident is that nobody answers. */
  accept(): boolean {
    if (this.#isSilentAt('command')) return false
    this.link.reply(0x8000)
    return true
  }

  /** The dialogue has come to this. What is made to happen here has happened when it returns. */
  reached(point: TerminalPoint): void {
    this.#limits.onPoint?.(point, this.kind)
  }

  /** The register sent 06 B0, or the link broke: no pause goes on. */
  abort(): void {
    this.#aborted = true
    this.interrupt()
  }

  interrupt(): void {
    this.#wake?.()
  }

  /** Waits; false when meanwhile the dialogue was aborted or the link lost. */
  async pause(ms: number): Promise<boolean> {
    if (ms > 0 && !this.over) {
      await new Promise<void>(resolve => {
        const stop = this.#limits.clock.after(ms, resolve)
        this.#wake = () => {
          stop()
          resolve()
        }
      })
      this.#wake = undefined
    }
    return !this.over
  }

  /** Shows an intermediate status, if the register wants them. False when the dialogue is over. */
  async show(message: number): Promise<boolean> {
    if (this.over) return false
    if ((this.registration.config & CONFIG.intermediateStatus) === 0) return true
    await this.#tell(writeApdu(COMMAND.intermediate, Buffer.from([message])))
    return !this.over
  }

  /** Sends 04 0F, or what the accident makes of it, and waits for the register's word. */
  async status(fields: readonly Field[], waitMs: number = this.#limits.answerMs): Promise<Answer> {
    if (this.strikes('lose-link-before-status')) return this.#lose()
    if (this.#isSilentAt('status')) {
      return (await this.pause(waitMs)) ? { kind: 'silent' } : { kind: 'lost' }
    }
    const garbled = this.strikes('garble')
    const bytes = garbled === undefined ? statusApdu(fields) : GARBLED[garbled.what]
    if (this.strikes('lose-link-after-status')) {
      this.link.deafen()
      await this.link.send(bytes)
      return this.#lose()
    }
    return await this.#ask(bytes, waitMs, 'status')
  }

  /** Sends one print command and waits for the register's word. */
  async print(command: Buffer, index: number): Promise<Answer> {
    if (index > 0 && this.strikes('lose-link-between-prints')) return this.#lose()
    return await this.#ask(command, this.#limits.answerMs, 'print')
  }

  /** Asks the cashier something (04 0D, 04 0E), who may take `waitMs` to answer. */
  async question(control: number, objects: readonly TlvObject[], waitMs: number): Promise<Answer> {
    return await this.link.ask(writeApdu(control, writeFields([[BMP.tlv, writeTlv(objects)]])), waitMs)
  }

  /** In the character set that was agreed on. */
  text(words: string): Buffer {
    return writeText(words, this.registration.charset)
  }

  /** 04 01: the terminal's date and time. */
  async setTime(fields: readonly Field[]): Promise<void> {
    await this.#tell(writeApdu(COMMAND.setTime, writeFields(fields)))
  }

  /** 06 0F. Whatever happens to it changes nothing any more. */
  async complete(data?: Buffer): Promise<void> {
    if (this.strikes('lose-link-after-ack')) {
      this.#lose()
      return
    }
    if (this.#isSilentAt('completion')) return
    const told = this.#tell(writeApdu(COMMAND.completion, data))
    this.reached('completion-sent')
    await told
  }

  /** 06 1E, after a 04 0F with the same code where `fields` are given; `more` follows the code. */
  async fail(code: number, fields?: readonly Field[], currency?: Buffer, more?: Buffer): Promise<void> {
    if (fields !== undefined) await this.#tell(statusApdu([[BMP.result, Buffer.from([code])], ...fields]))
    const withCurrency = code === RESULT.wrongCurrency && currency !== undefined ? currency : Buffer.alloc(0)
    await this.#tell(
      writeApdu(COMMAND.failed, Buffer.concat([Buffer.from([code]), withCurrency, more ?? Buffer.alloc(0)])),
    )
  }

  #isSilentAt(when: Accident['when']): boolean {
    return this.#accident?.when === when && this.strikes('no-answer') !== undefined
  }

  async #ask(bytes: Buffer, waitMs: number, what: 'status' | 'print'): Promise<Answer> {
    const asked = this.link.ask(bytes, waitMs)
    this.reached(`${what}-sent`)
    const answer = await asked
    if (answer.kind === 'answer') this.reached(`${what}-answered`)
    return answer
  }

  // Who does not answer within T3 is gone (PA00P016 ch. 5.2.5, case a).
  async #tell(bytes: Buffer): Promise<void> {
    const answer = await this.link.ask(bytes, this.#limits.t3Ms)
    if (answer.kind === 'silent') this.link.cut()
  }

  #lose(): Answer {
    this.link.cut()
    return { kind: 'lost' }
  }
}

function statusApdu(fields: readonly Field[]): Buffer {
  return writeApdu(COMMAND.status, writeFields(fields))
}
