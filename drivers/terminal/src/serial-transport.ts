// A transport that carries whole APDUs over any byte stream by the serial protocol: a line, or a box on the network
// that hands its bytes on to one. What does not get through in all its repeats ends the connection.
import {
  CashdeskError,
  type Clock,
  type Connection,
  type Stop,
  type Transport,
  type TransportListener,
} from '@cashdesk/kernel'
import {
  type LineCounts,
  type LineEffect,
  type LineInput,
  type LineTimer,
  type LineTimes,
  SerialLine,
} from './serial-line.ts'

/** How long a line that is given up may take to close before its owner is told anyway. */
const CLOSE_MS = 1_000
/** Pieces kept of what came before the connection was there: a terminal says nothing unasked. */
const MAX_EARLY = 64

/** A transport with what its lines have seen, over all connections. */
export interface SerialTransport extends Transport {
  readonly counts: LineCounts
}

/** Wraps `transport`. Each connection starts with a fresh line: what one side still waited for is gone with the other. */
export function overSerial(transport: Transport, clock: Clock, times: LineTimes): SerialTransport {
  const total = { repeats: 0, naks: 0, duplicates: 0, noise: 0 }
  let line: SerialLine | undefined
  const settle = (): void => {
    const { counts } = line ?? {}
    line = undefined
    if (!counts) return
    total.repeats += counts.repeats
    total.naks += counts.naks
    total.duplicates += counts.duplicates
    total.noise += counts.noise
  }
  return {
    name: transport.name,
    get counts() {
      const { repeats = 0, naks = 0, duplicates = 0, noise = 0 } = line?.counts ?? {}
      return {
        repeats: total.repeats + repeats,
        naks: total.naks + naks,
        duplicates: total.duplicates + duplicates,
        noise: total.noise + noise,
      }
    },
    async open(listener, options) {
      settle()
      const fresh = new SerialLine(times)
      line = fresh
      const runner = new Runner(fresh, transport.name, clock, listener)
      const connection = await transport.open(
        { data: bytes => runner.take({ in: 'bytes', bytes }), closed: cause => runner.closed(cause) },
        options,
      )
      return runner.over(connection)
    },
  }
}

/** Performs the effects of one connection's line, in order. */
class Runner {
  readonly #line: SerialLine
  readonly #name: string
  readonly #clock: Clock
  readonly #listener: TransportListener
  readonly #timers: Map<LineTimer, Stop> = new Map()
  #connection: Connection | undefined
  /** Bytes that came before the system handed the connection over. */
  readonly #early: Uint8Array[] = []
  /** Holds the input that is being worked on and what its effects brought about: a handful. */
  readonly #inbox: LineInput[] = []
  /** Everything that was handed to the connection has left, or never will. */
  #written: Promise<unknown> = Promise.resolve()
  #closing = false
  #ended = false

  constructor(line: SerialLine, name: string, clock: Clock, listener: TransportListener) {
    this.#line = line
    this.#name = name
    this.#clock = clock
    this.#listener = listener
  }

  over(connection: Connection): Connection {
    this.#connection = connection
    for (const bytes of this.#early.splice(0)) this.take({ in: 'bytes', bytes })
    return {
      write: async apdu => {
        if (this.#ended || this.#closing) throw new CashdeskError('transport.closed', { name: this.#name })
        this.take({ in: 'send', apdu })
      },
      close: async () => {
        this.#closing = true
        this.#stopAll()
        // The last ACK is still on its way: without it the terminal says its last word again, to whoever comes next.
        await this.#within(CLOSE_MS, this.#written)
        return await connection.close()
      },
    }
  }

  take(input: LineInput): void {
    if (this.#ended || this.#closing) return
    if (!this.#connection) {
      if (input.in === 'bytes' && this.#early.length < MAX_EARLY) this.#early.push(input.bytes)
      return
    }
    this.#inbox.push(input)
    if (this.#inbox.length > 1) return
    for (let next = this.#inbox[0]; next !== undefined; next = this.#inbox[0]) {
      for (const effect of this.#line.take(next)) this.#perform(effect)
      this.#inbox.shift()
    }
  }

  closed(cause?: CashdeskError): void {
    if (this.#ended) return
    this.#ended = true
    this.#stopAll()
    this.#listener.closed(cause)
  }

  #perform(effect: LineEffect): void {
    switch (effect.do) {
      case 'write': {
        // A write that fails is a lost connection, and the connection says so itself.
        const written = this.#connection?.write(effect.bytes).catch(() => undefined)
        this.#written = Promise.all([this.#written, written])
        return
      }
      case 'deliver':
        return this.#listener.data(effect.apdu)
      case 'timer':
        return this.#timer(effect.timer, effect.afterMs)
      case 'fail':
        return this.#fail(new CashdeskError('transport.closed', { name: this.#name, reason: effect.why }))
    }
  }

  /** A line can be opened again only when it is closed: the loss is told then, or soon. */
  #fail(cause: CashdeskError): void {
    if (this.#ended) return
    this.#ended = true
    this.#stopAll()
    let told = false
    const tell = (): void => {
      if (told) return
      told = true
      stop()
      this.#listener.closed(cause)
    }
    const stop = this.#clock.after(CLOSE_MS, tell)
    void this.#connection?.close().then(tell, tell)
  }

  #timer(timer: LineTimer, afterMs: number | undefined): void {
    this.#timers.get(timer)?.()
    this.#timers.delete(timer)
    if (afterMs === undefined) return
    // The second step lets bytes in that were waiting while this process was busy with something else.
    const first = this.#clock.after(afterMs, () => {
      const second = this.#clock.after(1, () => {
        this.#timers.delete(timer)
        this.take({ in: 'tick', timer })
      })
      this.#timers.set(timer, second)
    })
    this.#timers.set(timer, first)
  }

  #within(limitMs: number, work: Promise<unknown>): Promise<void> {
    return new Promise(resolve => {
      const stop = this.#clock.after(limitMs, resolve)
      void work.then(() => {
        stop()
        resolve()
      })
    })
  }

  #stopAll(): void {
    for (const stop of this.#timers.values()) stop()
    this.#timers.clear()
  }
}
