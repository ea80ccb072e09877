// Byte streams over the simulated network: a pair of one-way pipes that keep the order of bytes, and nothing else.
import {
  type CancelSignal,
  CashdeskError,
  type Connection,
  type Transport,
  type TransportListener,
} from '@cashdesk/kernel'
import type { NetworkWeather } from './network-accidents.ts'
import type { Prng } from './random.ts'

/** What a simulated device holds of a stream: it speaks with `data`, and may hang up. */
export interface PeerSide {
  /** Bytes to the till; after the end of the stream they go nowhere. */
  data(bytes: Uint8Array): void
  close(): void
}

/**
 * A simulated device: called for every stream that is opened to it, it answers with what listens to the till, or
 * with undefined where nobody is there: the opening is then refused.
 */
export type Peer = (side: PeerSide) => TransportListener | undefined

const NOBODY: TransportListener = { data: () => undefined, closed: () => undefined }

/** How long an opening may take when the caller does not say. */
const OPEN_TIMEOUT_MS = 3000
/** Bytes on their way in one direction; with more, the stream breaks behind them. */
const MAX_ON_WAY_BYTES = 16 * 1024 * 1024
/** Pieces into which one chunk may fall. */
const MAX_PIECES = 5

export function transportOver(weather: NetworkWeather, prng: Prng, name: string, peer: Peer): Transport {
  return {
    name,
    async open(listener, { timeoutMs = OPEN_TIMEOUT_MS, signal } = {}) {
      if (signal?.aborted === true) throw unreachable(name, 'aborted')
      const own = prng.fork()
      const refused = weather.draw('connectRefused', own)
      const unanswered = weather.draw('connectUnanswered', own)
      const wayMs = weather.latencyMs(own)
      if (refused) weather.played('connectRefused')
      else if (unanswered) weather.played('connectUnanswered')
      const answerMs = unanswered && !refused ? Number.POSITIVE_INFINITY : wayMs
      await waitFor(weather, name, answerMs, timeoutMs, signal)
      if (refused) throw unreachable(name, 'ECONNREFUSED')
      if (weather.isOut()) throw unreachable(name, 'EHOSTUNREACH')
      const stream = new Stream(weather, own, name, listener, peer)
      if (stream.isRefused) throw unreachable(name, 'ECONNREFUSED')
      return stream.till
    },
  }
}

/** Resolves when the other side's answer is there. */
function waitFor(
  weather: NetworkWeather,
  name: string,
  answerMs: number,
  timeoutMs: number,
  signal: CancelSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const inTime = answerMs <= timeoutMs
    const stop = weather.clock.after(inTime ? answerMs : timeoutMs, () => {
      signal?.removeEventListener('abort', aborted)
      if (inTime) resolve()
      else reject(new CashdeskError('transport.timeout', { name, timeoutMs }))
    })
    const aborted = (): void => {
      stop()
      reject(unreachable(name, 'aborted'))
    }
    signal?.addEventListener('abort', aborted, { once: true })
  })
}

type Side = 'till' | 'peer'

/** One open stream with its two ends; each end hears `closed` once and nothing after it. */
class Stream {
  readonly till: Connection
  readonly #name: string
  readonly #listeners: { readonly [side in Side]: TransportListener }
  /** By the side they lead to. */
  readonly #pipes: { readonly [side in Side]: Pipe }
  readonly #open = new Set<Side>(['till', 'peer'])
  /** The device was not there. */
  readonly isRefused: boolean

  constructor(weather: NetworkWeather, prng: Prng, name: string, listener: TransportListener, peer: Peer) {
    this.#name = name
    this.#pipes = {
      peer: new Pipe(weather, prng.fork(), this.#endOf('peer')),
      till: new Pipe(weather, prng.fork(), this.#endOf('till')),
    }
    this.till = {
      write: async bytes => {
        if (!this.#open.has('till')) throw lost(name, 'ended')
        this.#pipes.peer.send(bytes)
      },
      close: async () => this.#close('till', 'peer'),
    }
    let hungUp = false
    const peerListener = peer({
      data: bytes => {
        if (!hungUp && this.#open.has('peer')) this.#pipes.till.send(bytes)
      },
      close: () => {
        hungUp = true
        // Not at once: a device may hang up in the very call that tells it of the stream.
        weather.clock.after(0, () => this.#close('peer', 'till'))
      },
    })
    this.isRefused = peerListener === undefined
    if (this.isRefused) this.#open.clear()
    this.#listeners = { till: listener, peer: peerListener ?? NOBODY }
  }

  #endOf(side: Side): PipeEnd {
    return {
      data: bytes => this.#listeners[side].data(bytes),
      ended: () => this.#end(side, lost(this.#name, 'ended')),
      broken: reason => {
        this.#end('peer', lost(this.#name, reason))
        this.#end('till', lost(this.#name, reason))
      },
    }
  }

  /** What is on its way to the other side still arrives there, then the end. */
  #close(side: Side, other: Side): void {
    if (!this.#open.has(side)) return
    this.#pipes[other].end()
    this.#end(side)
  }

  #end(side: Side, cause?: CashdeskError): void {
    if (!this.#open.delete(side)) return
    this.#pipes[side].stop()
    this.#listeners[side].closed(cause)
  }
}

interface PipeEnd {
  data(bytes: Uint8Array): void
  ended(): void
  broken(reason: string): void
}

/** One direction of a stream. */
class Pipe {
  readonly #weather: NetworkWeather
  readonly #prng: Prng
  readonly #end: PipeEnd
  #onWayBytes = 0
  /** In the order in which it was sent; every timer takes the first, so that rounding reorders nothing. */
  #onWay: (() => void)[] = []
  /** When the last of what is on its way arrives, monotonic. */
  #lastDueMs = 0
  /** A chunk that waits for the next one. */
  #held: { readonly bytes: Uint8Array; readonly stop: () => void } | undefined
  #over = false

  constructor(weather: NetworkWeather, prng: Prng, end: PipeEnd) {
    this.#weather = weather
    this.#prng = prng
    this.#end = end
  }

  send(bytes: Uint8Array): void {
    if (this.#over || bytes.length === 0 || this.#onWayBytes > MAX_ON_WAY_BYTES) return
    const waits = this.#weather.draw('chunksJoined', this.#prng)
    this.#onWayBytes += bytes.length
    if (this.#onWayBytes > MAX_ON_WAY_BYTES) this.#arrive(0, () => this.#end.broken('ENOBUFS'))
    else if (this.#held !== undefined) this.#join(this.#held.bytes, bytes)
    else if (waits) this.#hold(Uint8Array.from(bytes))
    else this.#dispatch(Uint8Array.from(bytes))
  }

  /** The orderly end, behind all that was sent. */
  end(): void {
    this.#release()
    this.#arrive(0, () => this.#end.ended())
  }

  /** Whatever is still on its way arrives nowhere. */
  stop(): void {
    this.#over = true
    this.#onWay = []
    this.#held?.stop()
    this.#held = undefined
  }

  #hold(bytes: Uint8Array): void {
    const stop = this.#weather.clock.after(this.#weather.delayMs(this.#prng), () => this.#release())
    this.#held = { bytes, stop }
  }

  #join(first: Uint8Array, second: Uint8Array): void {
    this.#held?.stop()
    this.#held = undefined
    this.#weather.played('chunksJoined')
    const both = new Uint8Array(first.length + second.length)
    both.set(first)
    both.set(second, first.length)
    this.#dispatch(both)
  }

  /** Nothing came to join it. */
  #release(): void {
    const held = this.#held
    this.#held = undefined
    held?.stop()
    if (held !== undefined) this.#dispatch(held.bytes)
  }

  #dispatch(chunk: Uint8Array): void {
    const prng = this.#prng
    const delayed = this.#weather.draw('chunkDelayed', prng)
    const split = this.#weather.draw('chunkSplit', prng)
    const cut = this.#weather.draw('streamCut', prng)
    if (delayed) this.#weather.played('chunkDelayed')
    let wayMs = this.#weather.latencyMs(prng) + (delayed ? this.#weather.delayMs(prng) : 0)
    const whole = cut ? chunk.subarray(0, prng.below(chunk.length + 1)) : chunk
    if (split && whole.length > 1) this.#weather.played('chunkSplit')
    for (const piece of split ? pieces(whole, prng) : [whole]) {
      this.#arrive(wayMs, () => this.#deliver(piece))
      wayMs += this.#weather.latencyMs(prng)
    }
    if (!cut) return
    this.#arrive(0, () => {
      this.#weather.played('streamCut')
      this.#end.broken('ECONNRESET')
    })
  }

  #deliver(bytes: Uint8Array): void {
    this.#onWayBytes -= bytes.length
    if (bytes.length > 0) this.#end.data(Uint8Array.from(bytes))
  }

  /** Never before what was sent earlier. */
  #arrive(wayMs: number, arrive: () => void): void {
    const { clock } = this.#weather
    const nowMs = clock.monotonicMs()
    this.#lastDueMs = Math.max(this.#lastDueMs, nowMs + wayMs)
    this.#onWay.push(arrive)
    clock.after(this.#lastDueMs - nowMs, () => {
      const first = this.#onWay.shift()
      if (this.#over || first === undefined) return
      if (this.#weather.isOut()) this.#end.broken('ETIMEDOUT')
      else first()
    })
  }
}

/** Two or more pieces, none of them empty; one when there is nothing to cut. */
function pieces(bytes: Uint8Array, prng: Prng): Uint8Array[] {
  const found: Uint8Array[] = []
  let rest = bytes
  while (rest.length > 1 && found.length < MAX_PIECES - 1 && (found.length === 0 || prng.chance(0.5))) {
    const at = prng.between(1, rest.length - 1)
    found.push(rest.subarray(0, at))
    rest = rest.subarray(at)
  }
  return [...found, rest]
}

function unreachable(name: string, reason: string): CashdeskError {
  return new CashdeskError('transport.unreachable', { name, reason })
}

function lost(name: string, reason: string): CashdeskError {
  return new CashdeskError('transport.closed', { name, reason })
}
