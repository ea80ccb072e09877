// What a reader makes up for a card that speaks no ISO 7816: its answer to reset, and the answer to GET DATA for its number (PC/SC
// part 3).
import { CashdeskError } from '@cashdesk/kernel'

export const OK: readonly number[] = [0x90, 0x00]

/** The answer to reset that a reader makes up for a storage card; the check byte makes all bytes XOR to 0. */
export function storageAtr(standard: number, name: number): Uint8Array {
  const atr = [0x3b, 0x8f, 0x80, 0x01, 0x80, 0x4f, 0x0c, 0xa0, 0x00, 0x00, 0x03, 0x06, standard]
  atr.push(name >> 8, name & 0xff, 0x00, 0x00, 0x00, 0x00)
  return withCheck(atr)
}

export function withCheck(atr: readonly number[]): Uint8Array {
  return Uint8Array.from([...atr, atr.slice(1).reduce((sum, byte) => sum ^ byte, 0)])
}

/** What a reader does with GET DATA for the UID; undefined for other commands. */
export function uidAnswer(command: Uint8Array, uid: Uint8Array): Uint8Array | undefined {
  const [cla, ins, p1, p2, le] = command
  if (cla !== 0xff || ins !== 0xca) return undefined
  if (p1 !== 0 || p2 !== 0) return Uint8Array.of(0x6a, 0x81)
  if (le !== undefined && le !== 0 && le < uid.length) return Uint8Array.of(0x6c, uid.length)
  return Uint8Array.from([...uid, ...OK])
}

/** @throws CashdeskError `sim.usage` */
export function uidOf(text: string, bytes: number): Buffer {
  const digits = text.replace(/[\s:]/g, '')
  if (!/^[0-9A-Fa-f]*$/.test(digits) || digits.length !== bytes * 2) {
    throw new CashdeskError('sim.usage', { uid: text.slice(0, 40), bytes })
  }
  return Buffer.from(digits, 'hex')
}
