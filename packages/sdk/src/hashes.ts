// A set of hashes, four to eight bytes each: a journal of years knows millions of ids, and a Set would take forty.

/** A hash and one more fits 32 bits, and is a small integer to V8. */
const BITS = 30
const FIRST_PLACES = 1_024
/** Half of the places stay empty at least, so that a look ends soon. */
const FILLED = 0.5

export class Hashes {
  /** Hashes plus one, each at the place it names or behind it; 0 where there is none. */
  #places: Uint32Array = new Uint32Array(FIRST_PLACES)
  #size = 0

  get size(): number {
    return this.#size
  }

  has(id: string): boolean {
    return this.hasHash(hashOf(id))
  }

  add(id: string): void {
    this.addHash(hashOf(id))
  }

  hasHash(hash: number): boolean {
    return this.#places[this.#placeOf(hash)] !== 0
  }

  addHash(hash: number): void {
    const place = this.#placeOf(hash)
    if (this.#places[place] !== 0) return
    this.#places[place] = hash + 1
    this.#size += 1
    if (this.#size > this.#places.length * FILLED) this.#grow()
  }

  clear(): void {
    this.#places = new Uint32Array(FIRST_PLACES)
    this.#size = 0
  }

  *values(): Generator<number, void, undefined> {
    for (const each of this.#places) if (each !== 0) yield each - 1
  }

  /** Where the hash is, or would be. */
  #placeOf(hash: number): number {
    const mask = this.#places.length - 1
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const found = this.#places[place]
      if (found === 0 || found === hash + 1) return place
    }
  }

  #grow(): void {
    const before = this.#places
    this.#places = new Uint32Array(before.length * 2)
    for (const each of before) if (each !== 0) this.#places[this.#placeOf(each - 1)] = each
  }
}

/** FNV-1a. */
function hashOf(id: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193)
  return hash >>> (32 - BITS)
}
