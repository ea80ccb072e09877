// A register reduced to its wire, for tests and for trying a terminal by hand: writes hex, reads one message after
// the other as hex, and cuts messages with code of its own.
import { connect, type Socket } from 'node:net'

/** The positive answer. */
export const OK = '80 00 00'

/** Owns one connection. Nothing is acknowledged by itself except in `acknowledgeAll`. */
export class BareRegister {
  readonly socket: Socket
  readonly gone: Promise<void>
  #bytes: Buffer = Buffer.alloc(0)
  #wake: () => void = () => {}
  #ended = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('data', chunk => {
      this.#bytes = Buffer.concat([this.#bytes, chunk])
      this.#wake()
    })
    this.gone = new Promise(resolve => {
      socket.on('close', () => {
        this.#ended = true
        this.#wake()
        resolve()
      })
    })
  }

  static async at(port: number): Promise<BareRegister> {
    const socket = connect(port, '127.0.0.1')
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return new BareRegister(socket)
  }

  write(hex: string): void {
    this.socket.write(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
  }

  /** One byte a packet. */
  async trickle(hex: string): Promise<void> {
    for (const byte of Buffer.from(hex.replaceAll(' ', ''), 'hex')) {
      this.socket.write(Buffer.from([byte]))
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  /** The next message as hex, or `gone` when the terminal hung up. */
  async read(): Promise<string> {
    for (;;) {
      const bytes = this.#bytes
      if (bytes.length >= 3) {
        const long = bytes[2] === 0xff
        const end = long ? (bytes.length < 5 ? Infinity : 5 + bytes.readUInt16LE(3)) : 3 + bytes.readUInt8(2)
        if (bytes.length >= end) {
          this.#bytes = bytes.subarray(end)
          return bytes.subarray(0, end).toString('hex')
        }
      }
      if (this.#ended) return 'gone'
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  /** Writes, then reads that many messages. */
  async say(hex: string, answers = 1): Promise<string[]> {
    this.write(hex)
    const read: string[] = []
    for (let index = 0; index < answers; index += 1) read.push(await this.read())
    return read
  }

  /** Acknowledges everything up to 06 0F or 06 1E, and answers what was received. */
  async acknowledgeAll(hex: string): Promise<string[]> {
    return [...(await this.say(hex)), ...(await this.acknowledgeRest())]
  }

  /** The same for what is still to come of a dialogue. */
  async acknowledgeRest(): Promise<string[]> {
    const received: string[] = []
    for (;;) {
      const next = await this.read()
      received.push(next)
      if (next === 'gone') return received
      this.write(OK)
      if (next.startsWith('060f') || next.startsWith('061e')) return received
    }
  }
}
