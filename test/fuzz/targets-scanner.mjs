// Scanners: streams of codes in every framing.
import { ScanSession } from '../../drivers/scanner/dist/session.js'
import { asciiOf } from './inputs.mjs'

const CODES = [
  '4006381333931\r',
  ']E04006381333931\r\n',
  ']C1010401234512345610ABC\u001d21XYZ\r',
  '\u00024006381333931\u0003',
  'https://id.gs1.org/01/04012345123456/21/12\n',
  '%B4111111111111111^DOE/JOHN^29121010000000000000?\r',
].map(asciiOf)

/** One framing with one good code in it. */
const line = (framing, code, expected) => () => {
  const session = new ScanSession(framing)
  return {
    take: bytes => session.bytes(bytes).length,
    rest: () => {
      session.silence()
      session.lost()
    },
    proves: () => {
      const events = [...session.bytes(asciiOf(code)), ...session.silence()]
      return events.length === 1 && events[0].kind === 'scan' && events[0].text === expected
    },
    holds: () => (session.pending ? 1 : 0),
  }
}

const EAN = '4006381333931'
const shape = open => ({ weight: 10, good: CODES, open, saysAtMost: bytes => 2 + 2 * bytes, holdsAtMost: 1 })

export const targets = {
  'scanner-lines': shape(line({}, `${EAN}\r`, EAN)),
  'scanner-silence': shape(line({ suffix: 'silence', charset: 'utf-8' }, EAN, EAN)),
  'scanner-framed': shape(line({ prefix: '\u0002', suffix: { text: '\u0003' } }, `\u0002${EAN}\u0003`, EAN)),
}
