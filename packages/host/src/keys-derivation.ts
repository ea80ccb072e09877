// From a base derivation key and a key serial number to the key of one transaction, the host's way: straight down the
// ones of the counter (ANSI X9.24-1 annex A, X9.24-3 chapter 6).
import { encipher, xor } from './keys-blocks.ts'

/** Where a KSN ends being the device's and begins to count. */
const TDES_COUNTER_BITS = 21
const AES_COUNTER_BITS = 32
/** A pad skips the counters with more ones than these. */
const TDES_ONES = 10
const AES_ONES = 16

export interface KeySerial {
  /** Names the device: the KSN without its counter. */
  readonly device: string
  readonly counter: number
}

/** Takes a KSN of 20 (TDES) or 24 (AES) hexadecimal digits apart; undefined where no pad can have made it. */
export function serialOf(ksn: string): KeySerial | undefined {
  const aes = ksn.length === 24
  if (!/^[0-9A-F]+$/.test(ksn) || (!aes && ksn.length !== 20)) return undefined
  const bits = BigInt(aes ? AES_COUNTER_BITS : TDES_COUNTER_BITS)
  const whole = BigInt(`0x${ksn}`)
  const counter = Number(whole & ((1n << bits) - 1n))
  const ones = counter.toString(2).replaceAll('0', '').length
  if (ones === 0 || ones > (aes ? AES_ONES : TDES_ONES)) return undefined
  return { device: `${aes ? 'aes' : 'tdes'} ${(whole >> bits).toString(16)}`, counter }
}

/** The counters on the way from the initial key to `counter`: one 1 more each time, the highest first. */
function waypoints(counter: number): readonly number[] {
  const found: number[] = []
  let reached = 0
  for (let bit = AES_COUNTER_BITS - 1; bit >= 0; bit -= 1) {
    const weight = 2 ** bit
    if (Math.floor(counter / weight) % 2 === 0) continue
    reached += weight
    found.push(reached)
  }
  return found
}

// ── triple DES ──────────────────────────────────────────────────────────────────────────────────────────

const LEFT_HALF_MASK = Buffer.from('c0c0c0c000000000c0c0c0c000000000', 'hex')
const PIN_MASK = Buffer.from('00000000000000ff00000000000000ff', 'hex')

/** The PIN key of a KSN of 20 digits, from a BDK of 16 bytes. */
export function tdesPinKey(bdk: Buffer, ksn: string): Buffer {
  const base = (BigInt(`0x${ksn}`) >> 21n) << 21n
  let key = tdesInitialKey(bdk, base)
  for (const counter of waypoints(serialOf(ksn)?.counter ?? 0)) {
    const register = hexOf(base | BigInt(counter), 20).subarray(2)
    key = Buffer.concat([nonReversible(xor(key, LEFT_HALF_MASK), register), nonReversible(key, register)])
  }
  return xor(key, PIN_MASK)
}

/** The key that was loaded into the pad. */
function tdesInitialKey(bdk: Buffer, base: bigint): Buffer {
  const serial = hexOf(base, 20).subarray(0, 8)
  return Buffer.concat([encipher('tdes', bdk, serial), encipher('tdes', xor(bdk, LEFT_HALF_MASK), serial)])
}

/** Annex A.2: from the right half's disguise through DES under the left half. */
function nonReversible(key: Buffer, register: Buffer): Buffer {
  const left = key.subarray(0, 8)
  const right = key.subarray(8, 16)
  return xor(encipher('tdes', left, xor(register, right)), right)
}

// ── AES ─────────────────────────────────────────────────────────────────────────────────────────────────

/** Key usages of X9.24-3, table 3. */
const USAGE = { derivation: 0x8000, initialKey: 0x8001, pinEncryption: 0x1000 } as const

/** The PIN key of a KSN of 24 digits, from a BDK of 16 or 32 bytes; it is as long as the BDK. */
export function aesPinKey(bdk: Buffer, ksn: string): Buffer {
  const device = Buffer.from(ksn.slice(0, 16), 'hex')
  const counter = Number.parseInt(ksn.slice(16), 16)
  let key = derive(bdk, USAGE.initialKey, device)
  for (const waypoint of waypoints(counter)) key = derive(key, USAGE.derivation, counted(device, waypoint))
  return derive(key, USAGE.pinEncryption, counted(device, counter))
}

function counted(device: Buffer, counter: number): Buffer {
  const context = Buffer.alloc(8)
  device.copy(context, 0, 4, 8)
  context.writeUInt32BE(counter, 4)
  return context
}

/** One key from another of the same length: the derivation data, block by block, under AES. */
function derive(key: Buffer, usage: number, context: Buffer): Buffer {
  const data = Buffer.alloc(key.length)
  for (let block = 0; block < key.length / 16; block += 1) {
    const at = block * 16
    data.writeUInt8(0x01, at)
    data.writeUInt8(block + 1, at + 1)
    data.writeUInt16BE(usage, at + 2)
    data.writeUInt16BE(key.length === 16 ? 0x0002 : 0x0004, at + 4)
    data.writeUInt16BE(key.length * 8, at + 6)
    context.copy(data, at + 8)
  }
  return encipher('aes', key, data)
}

function hexOf(value: bigint, digits: number): Buffer {
  return Buffer.from(value.toString(16).padStart(digits, '0'), 'hex')
}
