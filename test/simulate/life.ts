// One life of the till: the ports it is given. When it dies, nothing of it reaches disk, network or timers any more,
// whatever its code still believes to be under way.
import type { Clock, Connection, Http, Random, Stop, Transport, TransportListener } from '@cashdesk/kernel'

/** How it died. `power`: what was not synced may be lost. `kill`: only the process ended. */
export type Death = 'power' | 'kill'

/** A promise nobody will ever hear of. */
export function never<Value>(): Promise<Value> {
  return new Promise(() => undefined)
}

export class Life {
  readonly number: number
  /** Resolves when it died. */
  readonly ended: Promise<Death>
  readonly clock: Clock
  /** True once the till has opened: before that it recovers. */
  isOpen = false
  /** A sync failed: nobody knows what the disk holds. */
  diskFailed = false
  #alive = true
  #end: (death: Death) => void = () => undefined
  readonly #stops: Set<Stop> = new Set()
  readonly #connections: Set<Connection> = new Set()
  readonly #base: Clock

  constructor(number: number, base: Clock) {
    this.number = number
    this.#base = base
    this.ended = new Promise(resolve => {
      this.#end = resolve
    })
    this.clock = {
      now: () => base.now(),
      monotonicMs: () => base.monotonicMs(),
      after: (delayMs, wake) => this.#after(delayMs, wake),
    }
  }

  get alive(): boolean {
    return this.#alive
  }

  die(death: Death): void {
    if (!this.#alive) return
    this.#alive = false
    for (const stop of this.#stops) stop()
    this.#stops.clear()
    // The operating system closes what the process had open; what was written before still arrives.
    for (const connection of this.#connections) void connection.close().catch(() => undefined)
    this.#connections.clear()
    this.#end(death)
  }

  #after(delayMs: number, wake: () => void): Stop {
    if (!this.#alive) return () => undefined
    const stop = this.#base.after(delayMs, () => {
      this.#stops.delete(stop)
      if (this.#alive) wake()
    })
    this.#stops.add(stop)
    return () => {
      this.#stops.delete(stop)
      stop()
    }
  }

  /** Time that passes for this life alone: it never comes to an end for a dead one. */
  pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      this.#after(ms, resolve)
    })
  }

  /** What a port brings back, heard only by the living. */
  heard<Value>(work: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      work.then(
        value => {
          if (this.#alive) resolve(value)
        },
        (thrown: unknown) => {
          if (this.#alive) reject(thrown)
        },
      )
    })
  }

  random(base: Random): Random {
    return { bytes: length => base.bytes(length) }
  }

  http(base: Http): Http {
    return { send: request => (this.#alive ? this.heard(base.send(request)) : never()) }
  }

  transport(base: Transport): Transport {
    return {
      name: base.name,
      open: async (listener, options) => {
        if (!this.#alive) return never()
        const opening = base.open(this.#ears(listener), options)
        opening.then(
          connection => {
            if (this.#alive) this.#connections.add(connection)
            else void connection.close().catch(() => undefined)
          },
          () => undefined,
        )
        const connection = await this.heard(opening)
        return {
          write: bytes => (this.#alive ? this.heard(connection.write(bytes)) : never()),
          close: () => {
            this.#connections.delete(connection)
            return this.#alive ? this.heard(connection.close()) : never()
          },
        }
      },
    }
  }

  #ears(listener: TransportListener): TransportListener {
    return {
      data: bytes => {
        if (this.#alive) listener.data(bytes)
      },
      closed: cause => {
        if (this.#alive) listener.closed(cause)
      },
    }
  }
}
