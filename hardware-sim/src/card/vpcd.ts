// The line between a virtual card and vpcd, the virtual reader of the vsmartcard project: the card connects, and
// lies on the reader for as long as the connection lives.
import { connect, type Socket } from 'node:net'

/** Every frame is a length of two bytes, high byte first, and so many bytes. */
const LENGTH_BYTES = 2

/** A frame of one byte steers; everything longer is a command for the card. */
const CONTROL = { powerOff: 0x00, powerOn: 0x01, reset: 0x02, atr: 0x04 } as const

export interface VpcdListener {
  powered(): void
  atr(): Uint8Array
  /** Answers a command; undefined: the card stays silent. */
  command(apdu: Uint8Array): Promise<Uint8Array | undefined>
  /** The reader is there. */
  up(): void
  /** It is not, or not any more; also told when our own `close` ended it. */
  down(reason: string): void
}

export class VpcdLine {
  readonly #socket: Socket
  readonly #listener: VpcdListener
  #pending: Buffer = Buffer.alloc(0)
  #work: Promise<void> = Promise.resolve()

  constructor(host: string, port: number, listener: VpcdListener) {
    this.#listener = listener
    this.#socket = connect({ host, port, noDelay: true })
    let reason = 'the reader hung up'
    this.#socket.on('connect', () => listener.up())
    this.#socket.on('data', bytes => this.#arrived(bytes))
    this.#socket.on('error', error => {
      reason = error.message
    })
    this.#socket.on('close', () => listener.down(reason))
  }

  close(): void {
    this.#socket.destroy()
  }

  #arrived(bytes: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, bytes])
    while (this.#pending.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + this.#pending.readUInt16BE(0)
      if (this.#pending.length < end) return
      const frame = Uint8Array.from(this.#pending.subarray(LENGTH_BYTES, end))
      this.#pending = this.#pending.subarray(end)
      this.#work = this.#work.then(() => this.#take(frame))
    }
  }

  async #take(frame: Uint8Array): Promise<void> {
    if (frame.length > 1) {
      const answer = await this.#listener.command(frame)
      if (answer !== undefined) this.#send(answer)
      return
    }
    const [control] = frame
    if (control === CONTROL.atr) this.#send(this.#listener.atr())
    else if (control === CONTROL.powerOn || control === CONTROL.reset) this.#listener.powered()
  }

  #send(bytes: Uint8Array): void {
    if (!this.#socket.writable) return
    this.#socket.write(Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]))
  }
}
