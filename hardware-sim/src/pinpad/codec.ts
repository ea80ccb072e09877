// The simulated PIN pad's ear and mouth: bytes become signals and packets one at a time, and packets become bytes.
import { LINE } from './tables.ts'

export type Heard =
  | { readonly what: 'taken' | 'again' | 'over' }
  | { readonly what: 'packet'; readonly admin: boolean; readonly text: string }
  /** Its check was wrong. */
  | { readonly what: 'broken-packet' }

/** A till that sends more than this without an end sends no packet. */
const LONGEST = 600

/** One byte after the other; holds at most one packet. */
export class Ear {
  #open: 'no' | 'packet' | 'admin' | 'check' = 'no'
  #admin = false
  #letters: number[] = []
  #sum = 0

  hear(bytes: Uint8Array): Heard[] {
    const heard: Heard[] = []
    for (const byte of bytes) {
      const one = this.#byte(byte)
      if (one !== undefined) heard.push(one)
    }
    return heard
  }

  #byte(byte: number): Heard | undefined {
    if (this.#open === 'check') return this.#check(byte)
    if (byte === LINE.packetStart || byte === LINE.adminStart) {
      this.#admin = byte === LINE.adminStart
      this.#open = this.#admin ? 'admin' : 'packet'
      this.#letters = []
      this.#sum = 0
      return undefined
    }
    if (this.#open === 'no') return signalOf(byte)
    this.#sum ^= byte
    if (byte === (this.#admin ? LINE.adminEnd : LINE.packetEnd)) this.#open = 'check'
    else if (this.#letters.length < LONGEST) this.#letters.push(byte)
    else this.#open = 'no'
    return undefined
  }

  #check(byte: number): Heard {
    this.#open = 'no'
    if (byte !== this.#sum) return { what: 'broken-packet' }
    return { what: 'packet', admin: this.#admin, text: Buffer.from(this.#letters).toString('latin1') }
  }
}

function signalOf(byte: number): Heard | undefined {
  if (byte === LINE.taken) return { what: 'taken' }
  if (byte === LINE.again) return { what: 'again' }
  return byte === LINE.over ? { what: 'over' } : undefined
}

/** The bytes of one packet; with `spoilt` its check is wrong. */
export function spoken(text: string, admin = false, spoilt = false): Uint8Array {
  const bytes = Buffer.alloc(text.length + 3)
  bytes[0] = admin ? LINE.adminStart : LINE.packetStart
  bytes.write(text, 1, 'latin1')
  bytes[text.length + 1] = admin ? LINE.adminEnd : LINE.packetEnd
  const sum = bytes.subarray(1, text.length + 2).reduce((check, byte) => check ^ byte, 0)
  bytes[text.length + 2] = spoilt ? sum ^ 0x55 : sum
  return bytes
}
