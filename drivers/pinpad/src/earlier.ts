// What a pad answered before, so that it is known when it comes again: keys by their numbers, blocks by a keyed fingerprint.
// No block, no account and no key is kept.
import { type ErrorReport, type PinBlock, type PinRequest, report, sipHash } from '@cashdesk/kernel'

/** A pad has one key set or two; what is older than so many is forgotten. */
const MAX_DEVICES = 8
const MAX_BLOCKS = 16

interface Print {
  readonly block: bigint
  /** For which account and under which key it was made. */
  readonly about: bigint
}

export class EarlierAnswers {
  /** The number of the last key, by the device part of its KSN. */
  readonly #counters: Map<string, number> = new Map()
  readonly #prints: Print[] = []
  readonly #secret: string

  /** @param secret 32 hexadecimal digits, unguessable */
  constructor(secret: string) {
    this.#secret = secret
  }

  /**
   * Why the block cannot be the answer to `request`; undefined: it can. Under DUKPT the number of the key rises with
   * every entry (ANSI X9.24-1 ch. 5, X9.24-3 ch. 6). Under master and session keys the same PIN for the same account
   * gives the same block of format 0: for another account or under another key it never does.
   */
  contradiction(block: PinBlock, request: PinRequest): ErrorReport | undefined {
    const mark = keyMark(block)
    if (mark !== undefined) {
      const last = this.#counters.get(mark.device)
      if (last === undefined || mark.counter > last) return undefined
      return report('pinpad.key-reused', { reason: mark.counter === last ? 'the same key' : 'an older key' })
    }
    const [print, about] = [this.#print(block.blockHex), this.#about(request)]
    const stale = this.#prints.some(each => each.block === print && each.about !== about)
    return stale ? report('pinpad.stale') : undefined
  }

  /** It was answered, to `request` or behind its end: nothing else is answered with it. */
  keep(block: PinBlock, request: PinRequest): void {
    const mark = keyMark(block)
    if (mark === undefined) {
      this.#prints.push({ block: this.#print(block.blockHex), about: this.#about(request) })
      if (this.#prints.length > MAX_BLOCKS) this.#prints.shift()
      return
    }
    const last = this.#counters.get(mark.device) ?? -1
    this.#counters.delete(mark.device)
    this.#counters.set(mark.device, Math.max(last, mark.counter))
    const [oldest] = this.#counters.keys()
    if (this.#counters.size > MAX_DEVICES && oldest !== undefined) this.#counters.delete(oldest)
  }

  #about({ account, key }: PinRequest): bigint {
    return this.#print(`a${account}${key.scheme === 'dukpt' ? '' : `b${key.workingKey.toLowerCase()}`}`)
  }

  /** Of hexadecimal digits, 64 bits at a time. */
  #print(hexadecimal: string): bigint {
    const words = hexadecimal.match(/.{1,16}/g) ?? []
    return words.reduce((sum, word) => sipHash(this.#secret, sum ^ BigInt(`0x${word}`)), BigInt(words.length))
  }
}

/** The device part of a KSN and the number of the key in it. */
interface KeyMark {
  readonly device: string
  readonly counter: number
}

/** TDES (ANSI X9.24-1): the last 21 of 80 bits count. AES (X9.24-3): the last 32 of 96. */
function keyMark({ ksnHex }: PinBlock): KeyMark | undefined {
  if (ksnHex === undefined) return undefined
  const bits = ksnHex.length === 24 ? 32n : 21n
  const serial = BigInt(`0x${ksnHex}`)
  return { device: (serial >> bits).toString(16), counter: Number(serial & ((1n << bits) - 1n)) }
}
