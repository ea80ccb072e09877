// Seeded chance: one small generator that every simulator draws from, so that a run can be repeated from its
// seed, and a `Random` port on top of it for the parts that ask for unguessable bytes.
import type { Random } from '@cashdesk/kernel'

/** Turns 32 bits into a sequence of well mixed words (splitmix32). */
function mixer(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let word = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
    return (word ^ (word >>> 15)) | 0
  }
}

/** Deterministic numbers (sfc32). Good enough for simulation, never for secrets. */
export class Prng {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** @param seed any safe integer; equal seeds give equal sequences */
  constructor(seed: number) {
    const low = mixer(seed)
    this.#a = low()
    this.#b = low()
    this.#c = mixer(Math.floor(seed / 2 ** 32))()
    for (let round = 0; round < 12; round += 1) this.word()
  }

  /** 32 random bits as an integer from 0 to 2^32 − 1. */
  word(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** A number in [0, 1). */
  fraction(): number {
    return this.word() / 2 ** 32
  }

  /** An integer from 0 to `count` − 1; 0 when there is no choice. */
  below(count: number): number {
    return count <= 1 ? 0 : Math.floor(this.fraction() * count)
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  /** True with the given probability (0 to 1). */
  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  /** One of `items`, or undefined when there are none. */
  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)]
  }

  /** `items` in another order. */
  shuffled<T>(items: readonly T[]): T[] {
    return items
      .map(item => ({ item, order: this.word() }))
      .sort((a, b) => a.order - b.order)
      .map(({ item }) => item)
  }

  /** A generator of its own, so that one simulator's draws do not move another's. */
  fork(): Prng {
    return new Prng(this.word() * 2 ** 20 + (this.word() >>> 12))
  }
}

/** The `Random` port from a seed. Guessable by design: for simulation alone. */
export class SimRandom implements Random {
  readonly #prng: Prng

  constructor(seed: number) {
    this.#prng = new Prng(seed)
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let index = 0; index < length; index += 1) bytes[index] = this.#prng.word() & 0xff
    return bytes
  }
}
