// What a card says of itself when it is powered: the answer to reset (ISO/IEC 7816-3 ch. 8), which for contactless
// cards is written by the reader (PC/SC part 3, ch. 3.1.3.2.3).
import { hex, type NfcTechnology } from '@cashdesk/kernel'

/** A stretch of an answer to reset, and what it says. */
export interface AtrField {
  readonly offset: number
  readonly length: number
  readonly name: string
  readonly meaning: string
}

export interface AtrProblem {
  readonly offset: number
  readonly what: string
}

export interface Atr {
  readonly technology: NfcTechnology
  readonly product?: string
  /** Over radio, as far as the answer tells. */
  readonly contactless: boolean
  readonly historical: Uint8Array
  readonly fields: readonly AtrField[]
  /** Empty when it is well formed. */
  readonly problems: readonly AtrProblem[]
}

/** TS, T0, 32 bytes behind it: no answer is longer. */
const MAX_ATR_BYTES = 33

/** Registered application provider of the PC/SC workgroup, behind the tag 4F and its length. */
const PCSC_RID = 'a000000306'

/** Standards that a storage card's answer names (PC/SC part 3, supplemental document, table of SS). */
const STANDARDS: { readonly [ss: number]: readonly [string, NfcTechnology] } = {
  0x00: ['no information', 'other-storage'],
  0x01: ['ISO 14443 A, part 1', 'other-storage'],
  0x02: ['ISO 14443 A, part 2', 'other-storage'],
  0x03: ['ISO 14443 A, part 3', 'other-storage'],
  0x04: ['ISO 14443 A, part 4', 'iso-dep'],
  0x05: ['ISO 14443 B, part 1', 'other-storage'],
  0x06: ['ISO 14443 B, part 2', 'other-storage'],
  0x07: ['ISO 14443 B, part 3', 'other-storage'],
  0x08: ['ISO 14443 B, part 4', 'iso-dep'],
  0x09: ['ISO 15693, part 1', 'iso-15693'],
  0x0a: ['ISO 15693, part 2', 'iso-15693'],
  0x0b: ['ISO 15693, part 3', 'iso-15693'],
  0x0c: ['ISO 15693, part 4', 'iso-15693'],
  0x0d: ['contact, ISO 7816-10, I2C', 'contact'],
  0x0e: ['contact, ISO 7816-10, extended I2C', 'contact'],
  0x0f: ['contact, ISO 7816-10, 2-wire', 'contact'],
  0x10: ['contact, ISO 7816-10, 3-wire', 'contact'],
  0x11: ['FeliCa', 'felica'],
}

/** Products that a storage card's answer names (the same document, table of NN), as far as tills meet them. */
const PRODUCTS: { readonly [nn: number]: readonly [string, NfcTechnology] } = {
  0x0001: ['MIFARE Classic 1K', 'mifare-classic'],
  0x0002: ['MIFARE Classic 4K', 'mifare-classic'],
  0x0003: ['MIFARE Ultralight or NTAG', 'type-2'],
  0x0014: ['ICODE SLI', 'iso-15693'],
  0x0026: ['MIFARE Mini', 'mifare-classic'],
  0x002f: ['Jewel', 'other-storage'],
  0x0030: ['Topaz', 'other-storage'],
  0x0035: ['ICODE SLI-S', 'iso-15693'],
  0x0036: ['MIFARE Plus 2K, security level 1', 'mifare-classic'],
  0x0037: ['MIFARE Plus 4K, security level 1', 'mifare-classic'],
  0x0038: ['MIFARE Plus 2K, security level 2', 'mifare-classic'],
  0x0039: ['MIFARE Plus 4K, security level 2', 'mifare-classic'],
  0x003a: ['MIFARE Ultralight C', 'type-2'],
  0x003b: ['FeliCa', 'felica'],
  0x003d: ['MIFARE Ultralight EV1', 'type-2'],
  0xf004: ['Topaz', 'other-storage'],
  0xf011: ['FeliCa 212K', 'felica'],
  0xf012: ['FeliCa 424K', 'felica'],
}

const INTERFACE_NAMES = ['A', 'B', 'C', 'D'] as const

/** Reads an answer to reset. Takes anything: what is wrong stands in `problems`. */
export function readAtr(atr: Uint8Array): Atr {
  const fields: AtrField[] = []
  const problems: AtrProblem[] = []
  const note = (offset: number, length: number, name: string, meaning: string): void => {
    if (length > 0 && offset < atr.length)
      fields.push({ offset, length: Math.min(length, atr.length - offset), name, meaning })
  }
  const complain = (offset: number, what: string): void => void problems.push({ offset, what })
  if (atr.length < 2) complain(atr.length, 'an answer to reset has at least TS and T0')
  if (atr.length > MAX_ATR_BYTES) complain(MAX_ATR_BYTES, 'an answer to reset has at most 33 bytes')
  const [ts, t0 = 0] = atr
  note(0, 1, 'TS', ts === 0x3b ? 'direct convention' : ts === 0x3f ? 'inverse convention' : 'unknown')
  if (ts !== undefined && ts !== 0x3b && ts !== 0x3f) complain(0, 'TS is 3B or 3F')
  const count = t0 & 0x0f
  note(1, 1, 'T0', `interface bytes ${mask(t0 >> 4, 1)}, ${count} historical bytes`)
  const { at, protocols } = interfaceBytes(atr, t0 >> 4, note, complain)
  const historical = atr.slice(at, at + count)
  if (historical.length < count) complain(atr.length, `${count - historical.length} historical bytes missing`)
  const kind = classify(historical, protocols, atr)
  historicalFields(historical, at, kind, note)
  checkByte(atr, at + count, protocols, note, complain)
  return { ...kind, historical, fields, problems }
}

/** What an answer to reset tells of the card: by its historical bytes, and by how the reader made it. */
function classify(
  historical: Uint8Array,
  protocols: readonly number[],
  atr: Uint8Array,
): { readonly technology: NfcTechnology; readonly product?: string; readonly contactless: boolean } {
  if (hex(historical.subarray(1, 3)) === '4f0c' && hex(historical.subarray(3, 8)) === PCSC_RID) {
    const number = ((historical[9] ?? 0) << 8) | (historical[10] ?? 0)
    const product = Object.hasOwn(PRODUCTS, number) ? PRODUCTS[number] : undefined
    const technology = product?.[1] ?? STANDARDS[historical[8] ?? 0]?.[1] ?? 'other-storage'
    const contactless = technology !== 'contact'
    return product === undefined
      ? { technology, contactless }
      : { technology, product: product[0], contactless }
  }
  // Readers write 3B 8n 80 01 … for every ISO 14443-4 card, and nothing else is written so.
  if (atr[0] === 0x3b && (atr[1] ?? 0) >> 4 === 8 && atr[2] === 0x80 && atr[3] === 0x01) {
    return { technology: 'iso-dep', contactless: true }
  }
  if (atr.length < 2 || (atr[0] !== 0x3b && atr[0] !== 0x3f))
    return { technology: 'unknown', contactless: false }
  return { technology: protocols.length > 0 ? 'contact' : 'unknown', contactless: false }
}

type Note = (offset: number, length: number, name: string, meaning: string) => void
type Complain = (offset: number, what: string) => void

/** TA1 … TDn: the upper half of T0 and of every TD says which of the next four are there. */
function interfaceBytes(
  atr: Uint8Array,
  first: number,
  note: Note,
  complain: Complain,
): { readonly at: number; readonly protocols: readonly number[] } {
  const protocols: number[] = [0]
  let at = 2
  let present = first
  let round = 1
  while (present !== 0) {
    let next = 0
    for (const [bit, letter] of INTERFACE_NAMES.entries()) {
      if ((present & (1 << bit)) === 0) continue
      const value = atr[at]
      if (value === undefined) {
        complain(atr.length, `T${letter}${round} is missing`)
        return { at, protocols }
      }
      if (letter === 'D') {
        next = value >> 4
        if (round === 1) protocols.length = 0
        protocols.push(value & 0x0f)
        note(at, 1, `TD${round}`, `T=${value & 0x0f}, interface bytes ${mask(next, round + 1)}`)
      } else note(at, 1, `T${letter}${round}`, 'interface byte')
      at += 1
    }
    present = next
    round += 1
  }
  return { at, protocols }
}

function mask(present: number, round: number): string {
  const names = INTERFACE_NAMES.flatMap((letter, bit) =>
    (present & (1 << bit)) === 0 ? [] : [`T${letter}${round}`],
  )
  return names.length === 0 ? 'none' : names.join(' ')
}

function historicalFields(
  historical: Uint8Array,
  at: number,
  kind: { readonly technology: NfcTechnology; readonly product?: string },
  note: Note,
): void {
  if (hex(historical.subarray(1, 3)) !== '4f0c' || historical.length < 11) {
    note(at, historical.length, 'historical bytes', 'of the card itself')
    return
  }
  note(at, 1, 'category', 'what follows is in TLV form')
  note(at + 1, 2, 'application', 'tag 4F, 12 bytes: a storage card by PC/SC part 3')
  note(at + 3, 5, 'RID', 'PC/SC workgroup')
  const standard = STANDARDS[historical[8] ?? 0]?.[0] ?? 'unknown'
  note(at + 8, 1, 'standard', standard)
  note(at + 9, 2, 'card name', kind.product ?? 'not in our table')
  note(at + 11, historical.length - 11, 'reserved', 'zeros')
}

/** TCK: all bytes behind TS XORed give 0. It is left out where T=0 is the only protocol. */
function checkByte(
  atr: Uint8Array,
  at: number,
  protocols: readonly number[],
  note: Note,
  complain: Complain,
): void {
  const due = protocols.some(protocol => protocol !== 0)
  const rest = atr.length - at
  if (!due && rest > 0) complain(at, 'bytes behind the end: with T=0 alone there is no check byte')
  if (!due) return
  if (rest < 1) {
    complain(atr.length, 'the check byte TCK is missing')
    return
  }
  const sum = atr.subarray(1, at + 1).reduce((total, byte) => total ^ byte, 0)
  note(at, 1, 'TCK', sum === 0 ? 'right' : 'wrong')
  if (sum !== 0) complain(at, `the check byte is wrong: ${byteHex((atr[at] ?? 0) ^ sum)} would be right`)
  if (rest > 1) complain(at + 1, `${rest - 1} bytes behind the end`)
}

function byteHex(value: number): string {
  return value.toString(16).padStart(2, '0').toUpperCase()
}
