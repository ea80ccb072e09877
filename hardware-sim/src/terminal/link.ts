// One connection from a register: cuts its bytes into messages, hands over one at a time, and matches the
// register's answers with what the terminal asked.
import type { Stop } from '@cashdesk/kernel'
import type { Timing, Wire } from '../wire.ts'
import { type Apdu, ApduReader, writeApdu } from './codec.ts'
import { hasPlace, MessageSequence, numbered, numberOf } from './sequence.ts'
import { REPLY } from './tables.ts'

/** What became of something the terminal sent: an answer (80 or 84), nothing in time, or the link broke. */
export type Answer =
  | { readonly kind: 'answer'; readonly positive: boolean; readonly code: number; readonly data: Buffer }
  | { readonly kind: 'silent' }
  | { readonly kind: 'lost' }

export interface LinkEvents {
  readonly command: (link: Link, apdu: Apdu) => void
  readonly lost: (link: Link) => void
}

/** The register may not have more messages waiting: it is never master of more than one command. */
const MAX_WAITING = 64

export class Link {
  readonly #wire: Wire
  readonly #timing: Timing
  readonly #events: LinkEvents
  readonly #t3Ms: number
  readonly #reader = new ApduReader()
  readonly #waiting: { readonly apdu: Apdu; readonly arrived: number }[] = []
  #question:
    | {
        readonly asked: number
        readonly number: number | undefined
        readonly answer: (answer: Answer) => void
      }
    | undefined
  #sequence: MessageSequence | undefined
  /** The last answer to a command. */
  #reply: { readonly control: number; readonly data: Buffer } | undefined
  /** The number of the command that is carried out, for its answers. */
  #commandNumber: number | undefined
  #order = 0
  #pumping = false
  #ended = false
  #deaf = false
  #partial: Stop | undefined
  #alive = true

  constructor(wire: Wire, timing: Timing, events: LinkEvents, t3Ms: number) {
    this.#wire = wire
    this.#timing = timing
    this.#events = events
    this.#t3Ms = t3Ms
  }

  /** From now on it hears the register. */
  listen(): void {
    this.#wire.listen({ data: chunk => this.#receive(chunk), ended: () => this.#end() })
  }

  get alive(): boolean {
    return this.#alive
  }

  /** Answers a command of the register. */
  reply(control: number, data: Buffer = Buffer.alloc(0)): void {
    const number = this.#sequence === undefined ? undefined : this.#commandNumber
    this.#reply = { control, data }
    void this.send(number === undefined ? writeApdu(control, data) : numbered(control, data, number))
  }

  /** From the next command on both number their messages (1F73), or not. */
  number(isNumbered: boolean): void {
    this.#sequence = isNumbered ? new MessageSequence() : undefined
  }

  /** Resolves when the bytes left, or cannot any more. */
  send(bytes: Buffer): Promise<void> {
    if (!this.#alive) return Promise.resolve()
    return new Promise(resolve => {
      this.#wire.write(bytes, resolve)
    })
  }

  /** Sends a command and waits for the register's 80 or 84. */
  ask(bytes: Buffer, waitMs: number): Promise<Answer> {
    if (!this.#alive) return Promise.resolve({ kind: 'lost' })
    const number = hasPlace(bytes) ? this.#sequence?.next() : undefined
    const sent = number === undefined ? bytes : withNumber(bytes, number)
    return new Promise(resolve => {
      const stop = this.#timing.clock.after(waitMs, () => settle({ kind: 'silent' }))
      const settle = (answer: Answer): void => {
        stop()
        this.#question = undefined
        resolve(answer)
      }
      this.#order += 1
      this.#question = { asked: this.#order, number, answer: settle }
      void this.send(sent)
    })
  }

  /** From here on nothing that arrives is read. */
  deafen(): void {
    this.#deaf = true
    this.#waiting.length = 0
  }

  /** Breaks the link. What was already sent still arrives. */
  cut(): void {
    this.deafen()
    this.#wire.end()
    this.#lose()
  }

  #receive(chunk: Buffer): void {
    if (this.#deaf || !this.#alive) return
    const apdus = this.#reader.push(chunk)
    for (const apdu of apdus) {
      this.#order += 1
      this.#waiting.push({ apdu, arrived: this.#order })
    }
    if (this.#waiting.length > MAX_WAITING) {
      this.cut()
      return
    }
    // A message that does not become complete within T3 costs the connection (PA00P016 ch. 5.2.5, case b).
    if (apdus.length > 0) {
      this.#partial?.()
      this.#partial = undefined
    }
    if (this.#reader.midway) this.#partial ??= this.#timing.clock.after(this.#t3Ms, () => this.cut())
    if (!this.#pumping) this.#pump()
  }

  // One message, then everything it set off, then the next: an answer and a new command may share a packet.
  #pump(): void {
    const next = this.#waiting.shift()
    this.#pumping = next !== undefined
    if (next !== undefined) {
      this.#deliver(next.apdu, next.arrived)
      this.#timing.turn(() => this.#pump())
    } else if (this.#ended) this.#lose()
  }

  #deliver(apdu: Apdu, arrived: number): void {
    const reply = apdu.control >> 8
    if (reply !== REPLY.positive && reply !== REPLY.negative) {
      this.#command(apdu)
      return
    }
    // An answer that is older than the question is no answer to it.
    if (this.#question === undefined || arrived < this.#question.asked) return
    const { number } = this.#question
    if (number !== undefined && (numberOf(apdu) ?? number) !== number) return
    const code = apdu.control & 0xff
    const positive = reply === REPLY.positive || code === 0
    this.#question.answer({ kind: 'answer', positive, code, data: apdu.data })
  }

  #command(apdu: Apdu): void {
    const number = this.#sequence === undefined ? undefined : numberOf(apdu)
    this.#commandNumber = number
    if (this.#sequence?.take(number) !== false) {
      this.#reply = undefined
      this.#events.command(this, apdu)
      // It did not hear our answer: it gets it once more, and nothing is done twice.
    } else if (this.#reply !== undefined) this.reply(this.#reply.control, this.#reply.data)
  }

  #end(): void {
    this.#ended = true
    if (!this.#pumping) this.#lose()
  }

  #lose(): void {
    if (!this.#alive) return
    this.#alive = false
    this.#partial?.()
    this.#question?.answer({ kind: 'lost' })
    this.#events.lost(this)
  }
}

function withNumber(bytes: Buffer, number: number): Buffer {
  const [apdu] = new ApduReader().push(bytes)
  return apdu === undefined ? bytes : numbered(apdu.control, apdu.data, number)
}
