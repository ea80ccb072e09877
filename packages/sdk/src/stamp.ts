// Stamps: what the outside adds to an input, so that deciding needs neither a clock nor chance.
import { type Clock, hex, type Random, type Stamp } from '@cashdesk/kernel'

/** A fresh stamp: the time, and 128 bits nobody can guess. */
export function stampOf(clock: Clock, random: Random): Stamp {
  return { at: clock.now(), nonce: nonceOf(random) }
}

/** 128 bits nobody can guess. */
export function nonceOf(random: Random): string {
  return hex(random.bytes(16))
}
