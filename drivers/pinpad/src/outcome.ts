// What the end of an exchange means: there is certainly no block, or one may have been made that nobody received.
import { type Refused, refused, report, type Unknown, unknown } from '@cashdesk/kernel'
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
