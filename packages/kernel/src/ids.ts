// Identifiers. The register names its sales, lines and payments; the lane names its operations, before anything
// is sent, with ids that sort by time and that nobody can guess: they are idempotency keys for ever.
import type { Brand, EpochMs } from './brand.ts'
import { CashdeskError } from './errors.ts'

/** The register's own number for a sale, unique within the lane. */
export type SaleId = Brand<string, 'SaleId'>
/** The register's own id for a line, unique within its sale. */
export type LineId = Brand<string, 'LineId'>
/** The register's own id for a payment attempt, unique within its sale. */
export type TenderId = Brand<string, 'TenderId'>
/** A UUIDv7 made in the lane: the idempotency key of one operation, for ever. */
export type OperationId = Brand<string, 'OperationId'>
/** What a plugin holds on a line, the basket or a tender; made in the lane. */
export type ClaimId = Brand<string, 'ClaimId'>
/** Something only a person can settle; made in the lane. */
export type TaskId = Brand<string, 'TaskId'>
/** A question to the cashier; made in the lane. */
export type PromptId = Brand<string, 'PromptId'>

const REGISTER_ID = /^[A-Za-z0-9._:/-]{1,64}$/

function registerId(value: unknown, name: string): string {
  if (typeof value !== 'string' || !REGISTER_ID.test(value))
    throw new CashdeskError('value.id', { field: name })
  return value
}

/** @throws CashdeskError `value.id` */
export function saleId(value: unknown): SaleId {
  return registerId(value, 'sale') as SaleId
}

/** @throws CashdeskError `value.id` */
export function lineId(value: unknown): LineId {
  return registerId(value, 'line') as LineId
}

/** @throws CashdeskError `value.id` */
export function tenderId(value: unknown): TenderId {
  return registerId(value, 'payment') as TenderId
}

/** What one step may draw its new names from: the time of the input and 128 unguessable bits. */
export interface Stamp {
  readonly at: EpochMs
  /** 32 hex digits from the `Random` port. */
  readonly nonce: string
}

const MASK = (1n << 64n) - 1n
const rotl = (value: bigint, bits: bigint): bigint => ((value << bits) | (value >> (64n - bits))) & MASK

/**
 * SipHash-2-4 of one 64-bit word under a 128-bit key (Aumasson and Bernstein, 2012): a keyed function whose outputs
 * say nothing about each other, so one operation's id does not give away its neighbour's.
 */
export function sipHash(keyHex: string, word: bigint): bigint {
  const k0 = littleEndian(keyHex.slice(0, 16))
  const k1 = littleEndian(keyHex.slice(16, 32))
  let v0 = k0 ^ 0x736f6d6570736575n
  let v1 = k1 ^ 0x646f72616e646f6dn
  let v2 = k0 ^ 0x6c7967656e657261n
  let v3 = k1 ^ 0x7465646279746573n
  const rounds = (count: number): void => {
    for (let round = 0; round < count; round += 1) {
      v0 = (v0 + v1) & MASK
      v1 = rotl(v1, 13n) ^ v0
      v0 = rotl(v0, 32n)
      v2 = (v2 + v3) & MASK
      v3 = rotl(v3, 16n) ^ v2
      v0 = (v0 + v3) & MASK
      v3 = rotl(v3, 21n) ^ v0
      v2 = (v2 + v1) & MASK
      v1 = rotl(v1, 17n) ^ v2
      v2 = rotl(v2, 32n)
    }
  }
  for (const block of [word & MASK, 8n << 56n]) {
    v3 ^= block
    rounds(2)
    v0 ^= block
  }
  v2 ^= 0xffn
  rounds(4)
  return v0 ^ v1 ^ v2 ^ v3
}

function littleEndian(hex: string): bigint {
  return BigInt(`0x${(hex.match(/../g) ?? []).reverse().join('')}`)
}

/** The `index`-th new id of the step stamped with `stamp`, as a UUIDv7 (RFC 9562 ch. 5.7). */
export function newId(stamp: Stamp, index: number): string {
  const random = sipHash(stamp.nonce, BigInt(index))
  const time = stamp.at.toString(16).padStart(12, '0').slice(-12)
  const order = (index & 0xfff).toString(16).padStart(3, '0')
  const tail = ((random & ((1n << 62n) - 1n)) | (1n << 63n)).toString(16).padStart(16, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${order}-${tail.slice(0, 4)}-${tail.slice(4)}`
}

/** A number in [0, 1) that belongs to this step, for jitter. */
export function fractionOf(stamp: Stamp, salt: number): number {
  return Number(sipHash(stamp.nonce, 0x10000n + BigInt(salt)) >> 11n) / 2 ** 53
}

/** Prompt ids come back from a register as plain text; an unknown one is answered with `prompt.unknown`. */
export function promptIdOf(value: string): PromptId {
  return value as PromptId
}

/** Task ids come back from a register as plain text; an unknown one is answered with `task.unknown`. */
export function taskIdOf(value: string): TaskId {
  return value as TaskId
}
