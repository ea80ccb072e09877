// A line on which everything goes wrong that goes wrong on lines, decided by a seed: bytes split, joined and delayed, a cable
// pulled and plugged in, noise, a device that is dead, one that takes one program at a time. It stands before any transport.
import {
  CashdeskError,
  type Clock,
  type Connection,
  type Transport,
  type TransportListener,
} from '@cashdesk/kernel'

export interface LineAccidents {
  readonly seed: number
  readonly clock: Clock
  /** Longest pause before what arrived is handed on, ms. Default 0: at once. */
  readonly delayMs?: number
  /** Hand on what arrived in pieces of at most so many bytes. Default: as it came. */
  readonly splitBytes?: number
}

/** At most so many pieces of one arrival: a flood is not cut into single bytes. */
const MOST_PIECES = 64

export class TroubledLine implements Transport {
  readonly name: string
  /** Openings tried, connections open now, and the most of them at once. */
  tried = 0
  live = 0
  most = 0
  /** The device neither hears nor answers, but the line is there. */
  dead = false
  readonly #inner: Transport
  readonly #accidents: LineAccidents
  #state: number
  #plugged = true
  #current: { readonly connection: Connection; readonly listener: TransportListener } | undefined

  constructor(inner: Transport, accidents: LineAccidents) {
    this.#inner = inner
    this.#accidents = accidents
    this.#state = (accidents.seed * 2_654_435_761 + 1) >>> 0
    this.name = inner.name
  }

  async open(
    listener: TransportListener,
    options: Parameters<Transport['open']>[1] = {},
  ): Promise<Connection> {
    this.tried += 1
    if (!this.#plugged)
      throw new CashdeskError('transport.unreachable', { name: this.name, reason: 'unplugged' })
    const line = new Ordered(listener, this.#accidents, limit => this.#below(limit))
    let ended = false
    const end = (cause?: CashdeskError): void => {
      if (ended) return
      ended = true
      this.live -= 1
      if (this.#current?.listener === listener) this.#current = undefined
      line.ended(cause)
    }
    const inner = await this.#inner.open(
      { data: bytes => (this.dead ? undefined : line.data(bytes)), closed: end },
      options,
    )
    this.live += 1
    this.most = Math.max(this.most, this.live)
    const connection: Connection = {
      write: async bytes => {
        if (ended) throw new CashdeskError('transport.closed', { name: this.name, reason: 'ended' })
        if (!this.dead) await inner.write(bytes)
      },
      close: () => inner.close(),
    }
    this.#current = { connection, listener: { data: bytes => line.atOnce(bytes), closed: end } }
    // Pulled while it opened.
    if (!this.#plugged) await this.unplug()
    return connection
  }

  /** Pulls the cable: what is on its way is lost, and nothing opens until `plug`. */
  async unplug(): Promise<void> {
    this.#plugged = false
    const current = this.#current
    this.#current = undefined
    current?.listener.closed(new CashdeskError('transport.closed', { name: this.name, reason: 'unplugged' }))
    await current?.connection.close().catch(() => undefined)
  }

  plug(): void {
    this.#plugged = true
  }

  /** So many bytes of noise arrive, as if the device had sent them. */
  flood(bytes: number): void {
    for (let left = bytes; left > 0; left -= 4096) {
      const noise = Uint8Array.from({ length: Math.min(left, 4096) }, () => this.#below(256))
      this.#current?.listener.data(noise)
    }
  }

  /** xorshift, 32 bits. */
  #below(limit: number): number {
    this.#state ^= this.#state << 13
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    this.#state >>>= 0
    return this.#state % limit
  }
}

/** Hands on in order, in pieces and late; what is still on its way when the line ends is lost. */
class Ordered {
  readonly #listener: TransportListener
  readonly #accidents: LineAccidents
  readonly #below: (limit: number) => number
  #waiting: Uint8Array[] = []
  #running = false
  #over = false

  constructor(listener: TransportListener, accidents: LineAccidents, below: (limit: number) => number) {
    this.#listener = listener
    this.#accidents = accidents
    this.#below = below
  }

  data(bytes: Uint8Array): void {
    const { splitBytes, delayMs = 0 } = this.#accidents
    if (this.#over) return
    if (splitBytes === undefined && delayMs === 0) return this.#listener.data(bytes)
    const least = Math.ceil(bytes.length / MOST_PIECES)
    for (let at = 0; at < bytes.length; ) {
      const size = Math.max(least, 1 + this.#below(splitBytes ?? bytes.length))
      this.#waiting.push(bytes.slice(at, at + size))
      at += size
    }
    if (!this.#running) this.#next()
  }

  /** Before what waits: a flood does not queue. */
  atOnce(bytes: Uint8Array): void {
    if (!this.#over) this.#listener.data(bytes)
  }

  ended(cause?: CashdeskError): void {
    if (this.#over) return
    this.#over = true
    this.#waiting = []
    this.#listener.closed(cause)
  }

  /** Sometimes alone, sometimes joined with what came behind it. */
  #next(): void {
    const { clock, delayMs = 0 } = this.#accidents
    this.#running = this.#waiting.length > 0 && !this.#over
    if (!this.#running) return
    clock.after(this.#below(delayMs + 1), () => {
      const pieces = this.#waiting.splice(0, 1 + this.#below(3))
      if (!this.#over && pieces.length > 0)
        this.#listener.data(Uint8Array.from(pieces.flatMap(piece => [...piece])))
      this.#next()
    })
  }
}
