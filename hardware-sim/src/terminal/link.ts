// One TCP connection from a register: cuts its bytes into messages, hands over one at a time, and matches the
// register's answers with what the terminal asked.
import type { Socket } from 'node:net'
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
  readonly #socket: Socket
  readonly #events: LinkEvents
  readonly #t3Ms: number
  readonly #reader = new ApduReader()
  readonly #waiting: { readonly apdu: Apdu; readonly arrived: number }[] = []
  #question: { readonly asked: number; readonly answer: (answer: Answer) => void } | undefined
  #order = 0
  #pumping = false
  #ended = false
  #deaf = false
  #partial: NodeJS.Timeout | undefined
  #alive = true

  constructor(socket: Socket, events: LinkEvents, t3Ms: number) {
    this.#socket = socket
    this.#events = events
    this.#t3Ms = t3Ms
    socket.setNoDelay(true)
    socket.on('data', chunk => this.#receive(chunk))
    socket.on('error', () => {})
    socket.on('end', () => this.#end())
    socket.on('close', () => this.#end())
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
      this.#socket.write(bytes, () => resolve())
    })
  }

  /** Sends a command and waits for the register's 80 or 84. */
  ask(bytes: Buffer, waitMs: number): Promise<Answer> {
    if (!this.#alive) return Promise.resolve({ kind: 'lost' })
    return new Promise(resolve => {
      const timer = setTimeout(() => settle({ kind: 'silent' }), waitMs)
      const settle = (answer: Answer): void => {
        clearTimeout(timer)
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
    this.#socket.destroySoon()
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
      clearTimeout(this.#partial)
      this.#partial = undefined
    }
    if (this.#reader.midway) this.#partial ??= setTimeout(() => this.cut(), this.#t3Ms)
    void this.#pump()
  }

  // One message, then everything it set off, then the next: an answer and a new command may share a packet.
  async #pump(): Promise<void> {
    if (this.#pumping) return
    this.#pumping = true
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#deliver(next.apdu, next.arrived)
      await new Promise(resolve => setImmediate(resolve))
    }
    this.#pumping = false
    if (this.#ended) this.#lose()
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
    clearTimeout(this.#partial)
    this.#question?.answer({ kind: 'lost' })
    this.#events.lost(this)
  }
}
