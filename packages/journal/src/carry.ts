// The carry-over: steps of everything that is still alive, written once more behind all others, so that the segments
// before it can be archived. It counts only as a whole: a beginning, the steps with their old numbers, an end that
// knows how many and what they were, and nothing else in between.
import type { EpochMs, Step } from '@cashdesk/kernel'
import { crc32 } from './crc32.ts'
import { KIND, payloadOf } from './format.ts'

/** A step, or what is left of it, with the number it has had from the beginning. */
export interface CarriedStep {
  readonly sequence: number
  readonly step: Step
}

/** A carry-over that is complete: what is folded begins with it. */
export interface CarryOver {
  /** The segment whose first record is its beginning. */
  readonly segment: number
  /** Sales that ended before this time were left behind. */
  readonly before: EpochMs
  readonly steps: number
}

/** What is around a step where it is carried: `,"carried":` and a number. A step must leave room for it. */
export const CARRY_ROOM_BYTES = 64

export interface CarryRecord {
  readonly kind: number
  readonly text: string
}

/** The records of a carry-over, in the order in which they must be written. */
export function* carryRecords(
  steps: Iterable<CarriedStep>,
  { identity, before }: { readonly identity: string; readonly before: EpochMs },
): Generator<CarryRecord, void, undefined> {
  yield { kind: KIND.carryBegin, text: payloadOf({ identity, before }) }
  let digest = 0
  let count = 0
  for (const { sequence, step } of steps) {
    const text = payloadOf({ ...step, carried: sequence })
    digest = chained(digest, encoder.encode(text))
    count += 1
    yield { kind: KIND.carried, text }
  }
  yield { kind: KIND.carryEnd, text: payloadOf({ steps: count, digest }) }
}

const encoder = new TextEncoder()

/** CRC-32 over the one before and that of the payload: one number that tells order and content of all payloads. */
function chained(digest: number, payload: Uint8Array): number {
  const pair = new Uint8Array(8)
  const view = new DataView(pair.buffer)
  view.setUint32(0, digest, true)
  view.setUint32(4, crc32(payload), true)
  return crc32(pair)
}

/** What a carry-over's first record says, if that is what this is. */
export function carryBeginIn(
  content: unknown,
): { readonly identity: string; readonly before: EpochMs } | undefined {
  if (typeof content !== 'object' || content === null) return undefined
  if (!('identity' in content && 'before' in content)) return undefined
  const { identity, before } = content
  return typeof identity === 'string' && typeof before === 'number' ? { identity, before } : undefined
}

/** Gathers a carry-over while it is read. Bounded by what was alive: the till holds the same in memory. */
export class CarryGathering {
  readonly segment: number
  readonly before: EpochMs
  readonly steps: CarriedStep[] = []
  #digest = 0

  constructor(segment: number, before: EpochMs) {
    this.segment = segment
    this.before = before
  }

  /** @returns false where the record is none of a carry-over */
  add(content: unknown, payload: Uint8Array, isStep: (content: unknown) => content is Step): boolean {
    if (!isStep(content) || !('carried' in content) || typeof content.carried !== 'number') return false
    const { carried: sequence, ...step } = content
    this.#digest = chained(this.#digest, payload)
    this.steps.push({ sequence, step })
    return true
  }

  /** Whether the end record speaks of exactly what was gathered. */
  isWhole(end: unknown): boolean {
    if (typeof end !== 'object' || end === null || !('steps' in end && 'digest' in end)) return false
    return end.steps === this.steps.length && end.digest === this.#digest
  }
}
