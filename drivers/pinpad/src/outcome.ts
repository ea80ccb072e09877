// What the end of an exchange means: there is certainly no block, or one may have been made that nobody received.
import { type PinBlock, type Refused, refused, report, type Unknown, unknown } from '@cashdesk/kernel'
import type { SessionEnd } from './session.ts'

/** The outcome of an exchange that brought no answer that can be read. */
export function endOutcome(end: SessionEnd): Refused | Unknown {
  switch (end.how) {
    case 'ended-by-pad':
      return refused(report('pinpad.cancelled', { reason: 'ended by the pad' }))
    case 'stopped':
    case 'done':
      return refused(report('pinpad.stopped'))
    case 'not-taken':
      return refused(report('pinpad.refused', { letter: 'NAK' }))
    case 'silent':
      return unknown(report('pinpad.no-answer'))
    case 'answered':
    case 'garbled':
      return unknown(report('pinpad.malformed'))
    case 'lost':
      return unknown(report('pinpad.link-lost'))
  }
}

/** The device part of a KSN and the number of the key in it. */
export interface KeyMark {
  readonly device: string
  readonly counter: number
}

/** TDES (ANSI X9.24-1): the last 21 of 80 bits count. AES (X9.24-3): the last 32 of 96. */
export function keyMark({ ksnHex }: PinBlock): KeyMark | undefined {
  if (ksnHex === undefined) return undefined
  const bits = ksnHex.length === 24 ? 32n : 21n
  const serial = BigInt(`0x${ksnHex}`)
  return { device: (serial >> bits).toString(16), counter: Number(serial & ((1n << bits) - 1n)) }
}

/** Is this the key of the last block? A pad's counter rises with every entry, until its keys are loaded anew. */
export function isReused(mark: KeyMark, last: KeyMark | undefined): boolean {
  return last !== undefined && mark.device === last.device && mark.counter === last.counter
}
