// How a pad makes a key per transaction: it holds future keys in registers, uses each once, derives the next ones from
// it and forgets it (ANSI X9.24-1 and X9.24-3, the device's side). The host derives the same keys from the other end.
import { encrypt } from './block.ts'

/** One key, and the serial number that tells the host which. */
export interface OneKey {
  readonly key: Buffer
  readonly ksn: string
}

/** What differs between the two standards. */
interface Scheme {
  /** Bits of the counter: that many registers. */
  readonly bits: number
  /** A counter with more ones than this is skipped. */
  readonly ones: number
  /** The key for `counter` from the key whose counter has one 1 fewer. */
  child(parent: Buffer, counter: number): Buffer
  /** What a PIN is encrypted with. */
  pinKey(key: Buffer, counter: number): Buffer
  ksn(counter: number): string
}

/** The registers of one pad. */
export class FutureKeys {
  readonly #scheme: Scheme
  readonly #registers: (Buffer | undefined)[] = []
  #counter: number

  /** `next` is the counter of the first key that is used; the keys before it are gone. */
  constructor(scheme: Scheme, initialKey: Buffer, next = 1) {
    this.#scheme = scheme
    this.#counter = next
    let parent = initialKey
    let above = 0
    for (let bit = scheme.bits - 1; bit >= 0; bit -= 1) {
      const weight = 2 ** bit
      if (ones(above) < scheme.ones) this.#registers[bit] = scheme.child(parent, above + weight)
      if (Math.floor(next / weight) % 2 === 1) {
        above += weight
        parent = this.#registers[bit] ?? parent
        if (above !== next) this.#registers[bit] = undefined
      }
    }
  }

  /** The counter of the next key. */
  get counter(): number {
    return this.#counter
  }

  /** The next key, used once; undefined when there is none any more. */
  take(): OneKey | undefined {
    const { bits, ones: most } = this.#scheme
    const counter = this.#counter
    const bit = lowestBit(counter)
    const key = this.#registers[bit]
    if (counter >= 2 ** bits || key === undefined) return undefined
    if (ones(counter) < most) {
      for (let lower = bit - 1; lower >= 0; lower -= 1) {
        this.#registers[lower] = this.#scheme.child(key, counter + 2 ** lower)
      }
      this.#counter += 1
    } else this.#counter += 2 ** bit
    this.#registers[bit] = undefined
    return { key: this.#scheme.pinKey(key, counter), ksn: this.#scheme.ksn(counter) }
  }
}

/** How many ones a counter has. */
export function ones(counter: number): number {
  let count = 0
  for (let rest = counter; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2
  return count
}

function lowestBit(counter: number): number {
  let bit = 0
  while (bit < 53 && Math.floor(counter / 2 ** bit) % 2 === 0) bit += 1
  return bit
}

/** Turns these bits of a double-length key around: the left half's variant of itself. */
const HALF_VARIANT = Buffer.from('c0c0c0c000000000c0c0c0c000000000', 'hex')
/** Makes the PIN key of a transaction's key. */
const PIN_VARIANT = Buffer.from('00000000000000ff00000000000000ff', 'hex')

const mixed = (one: Buffer, other: Buffer): Buffer =>
  Buffer.from(one.map((byte, at) => byte ^ (other[at] ?? 0)))

/** ANSI X9.24-1, triple DES. `serial` is the KSN of 20 hexadecimal digits, whose last 21 bits do not count. */
export function tdesScheme(serial: string): Scheme {
  const fixed = (BigInt(`0x${serial}`) >> 21n) << 21n
  const ksn = (counter: number): string =>
    (fixed | BigInt(counter)).toString(16).toUpperCase().padStart(20, '0')
  const half = (key: Buffer, register: Buffer): Buffer => {
    const [left, right] = [key.subarray(0, 8), key.subarray(8)]
    return mixed(encrypt('tdes', left, mixed(register, right)), right)
  }
  return {
    bits: 21,
    ones: 10,
    ksn,
    child: (parent, counter) => {
      const register = Buffer.from(ksn(counter).slice(4), 'hex')
      return Buffer.concat([half(mixed(parent, HALF_VARIANT), register), half(parent, register)])
    },
    pinKey: key => mixed(key, PIN_VARIANT),
  }
}

/** ANSI X9.24-3, AES; working keys as long as the initial key. `keyId` is the initial key's id, 16 digits. */
export function aesScheme(keyId: string, keyBytes: 16 | 32): Scheme {
  const algorithm = keyBytes === 16 ? '0002' : '0004'
  const length = (keyBytes * 8).toString(16).padStart(4, '0')
  const counted = (counter: number): string => counter.toString(16).padStart(8, '0')
  const derived = (key: Buffer, usage: string, counter: number): Buffer => {
    const blocks = Array.from({ length: keyBytes / 16 }, (_, at) =>
      Buffer.from(`010${at + 1}${usage}${algorithm}${length}${keyId.slice(8)}${counted(counter)}`, 'hex'),
    )
    return encrypt('aes', key, Buffer.concat(blocks))
  }
  return {
    bits: 32,
    ones: 16,
    ksn: counter => `${keyId}${counted(counter)}`.toUpperCase(),
    child: (parent, counter) => derived(parent, '8000', counter),
    pinKey: (key, counter) => derived(key, '1000', counter),
  }
}
