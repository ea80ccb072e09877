// Stamps: what the outside adds to an input, so that deciding needs neither a clock nor chance.
import { type Clock, hex, newId, type OperationId, type Random, type Stamp } from '@cashdesk/kernel'

/** A fresh stamp: the time, and 128 bits nobody can guess. */
export function stampOf(clock: Clock, random: Random): Stamp {
  return { at: clock.now(), nonce: nonceOf(random) }
}

/** A name for something that is done once: what `newId` answers is an operation's id. */
export function operationOf(clock: Clock, random: Random): OperationId {
  return newId(stampOf(clock, random), 0) as OperationId
}

/** 128 bits nobody can guess. */
export function nonceOf(random: Random): string {
  return hex(random.bytes(16))
}
