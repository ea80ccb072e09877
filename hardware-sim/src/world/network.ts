// A simulated network for a whole world in one process: byte streams and requests in virtual time, with accidents
// that a seed decides, so that a run that went wrong can be had again.
import type { Clock, Http, Transport } from '@cashdesk/kernel'
import { type NetworkCounts, type NetworkOptions, NetworkWeather } from './network-accidents.ts'
import { httpOver, type SimServer } from './network-http.ts'
import { type Peer, transportOver } from './network-streams.ts'
import { Prng } from './random.ts'

export type {
  MsRange,
  NetworkAccidentName,
  NetworkAccidents,
  NetworkCounts,
  NetworkOptions,
} from './network-accidents.ts'
export type { SimServer } from './network-http.ts'
export type { Peer, PeerSide } from './network-streams.ts'

export interface SimNetworkOptions extends NetworkOptions {
  readonly clock: Clock
  /** A number, or a generator that is then drawn from only here. */
  readonly seed: number | Prng
}

export class SimNetwork {
  readonly #weather: NetworkWeather
  readonly #prng: Prng

  /** @throws CashdeskError `sim.usage` for what is no probability or no span */
  constructor({ clock, seed, ...options }: SimNetworkOptions) {
    this.#weather = new NetworkWeather(clock)
    this.#prng = typeof seed === 'number' ? new Prng(seed) : seed
    this.set(options)
  }

  /** How often each accident was played so far. */
  get accidents(): NetworkCounts {
    return this.#weather.counts
  }

  /** Changes what is named, from now on; what is on its way keeps its fate. @throws CashdeskError `sim.usage` */
  set(options: NetworkOptions): void {
    this.#weather.set(options)
  }

  /** No accident and no outage from now on; latency, delays and counts stay. */
  heal(): void {
    this.#weather.heal()
  }

  /** A way to a simulated device; `peer` is called for every stream that opens. */
  transport(name: string, peer: Peer): Transport {
    return transportOver(this.#weather, this.#prng.fork(), name, peer)
  }

  /** A way to a simulated server: one attempt per `send`. */
  http(serve: SimServer): Http {
    return httpOver(this.#weather, this.#prng.fork(), serve)
  }
}
