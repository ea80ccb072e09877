// One connection from a register: cuts its bytes into messages, hands over one at a time, and matches the
// register's answers with what the terminal asked.
import type { Stop } from '@cashdesk/kernel'
import type { Timing, Wire } from '../wire.ts'
import { type Apdu, ApduReader, writeApdu } from './codec.ts'
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
  #question: { readonly asked: number; readonly answer: (answer: Answer) => void } | undefined
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
  reply(control: number, data?: Buffer): void {
    void this.send(writeApdu(control, data))
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
    return new Promise(resolve => {
      const stop = this.#timing.clock.after(waitMs, () => settle({ kind: 'silent' }))
      const settle = (answer: Answer): void => {
        stop()
        this.#question = undefined
        resolve(answer)
      }
      this.#order += 1
      this.#question = { asked: this.#order, answer: settle }
      void this.send(bytes)
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
      this.#events.command(this, apdu)
      return
    }
    // An answer that is older than the question is no answer to it.
    if (this.#question === undefined || arrived < this.#question.asked) return
    const code = apdu.control & 0xff
    const positive = reply === REPLY.positive || code === 0
    this.#question.answer({ kind: 'answer', positive, code, data: apdu.data })
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
