// Scanners: streams of codes in every framing, reports of HID scanners and their descriptors, keys of a keyboard wedge.
import { readDescriptor } from '../../drivers/scanner/dist/hid-descriptor.js'
import { HID_LAYOUTS, layoutOf } from '../../drivers/scanner/dist/hid-layout.js'
import { HidSession } from '../../drivers/scanner/dist/hid-session.js'
import {
  HID_STRIPE_LAYOUTS,
  HidStripeSession,
  stripeLayoutOf,
} from '../../drivers/scanner/dist/hid-stripe.js'
import { ScanSession } from '../../drivers/scanner/dist/session.js'
import { WedgeSession } from '../../drivers/scanner/dist/wedge-session.js'
import { descriptor } from './grammar.mjs'
import { asciiOf, bytesOf } from './inputs.mjs'

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

/** A descriptor that works, of a scanner with 56 bytes of data, AIM and a flag for what goes on. */
const DESCRIPTOR = bytesOf(
  '058c0902a1018502150026ff007508950109fb810209fc810209fd8102953809fe820201750195012501 09ff810275078103c0',
)
const descriptors = () => ({
  take: bytes => {
    layoutOf(bytes)
    stripeLayoutOf(bytes)
    return readDescriptor(bytes) === undefined ? 0 : 1
  },
  rest: () => undefined,
  proves: () => readDescriptor(DESCRIPTOR) !== undefined,
  holds: () => 0,
})

/** One report of the counted layout. */
function report(text, aim = ']E0', continued = 0) {
  const bytes = new Uint8Array(62)
  const data = asciiOf(text)
  bytes.set([2, data.length, ...asciiOf(aim), ...data])
  bytes[61] = continued
  return bytes
}

function hid() {
  const session = new HidSession(HID_LAYOUTS.counted)
  return {
    take: bytes => {
      let said = 0
      // The system hands in whole reports, whatever is in them; sometimes shorter ones.
      for (let at = 0; at < bytes.length; at += 62) said += session.bytes(bytes.slice(at, at + 62)).length
      return said
    },
    rest: () => void session.silence(),
    proves: () => session.bytes(report(EAN)).some(event => event.kind === 'scan' && event.text === EAN),
    holds: () => (session.pending ? 1 : 0),
  }
}

const SWIPE = swipe(';6034714625981538?', 2, 117)
/** One report of the stripe reader's layout, with a text in one track. */
function swipe(text, track, place) {
  const bytes = new Uint8Array(HID_STRIPE_LAYOUTS.magtek.bytes)
  bytes[2 + track] = text.length
  bytes.set(asciiOf(text), place)
  return bytes
}

/** Each report is a swipe; a payment card's is known whatever is wrong with it. */
function stripes() {
  const session = new HidStripeSession(HID_STRIPE_LAYOUTS.magtek)
  const { bytes: size } = HID_STRIPE_LAYOUTS.magtek
  return {
    take: bytes => {
      let said = 0
      for (let at = 0; at < bytes.length; at += size) said += session.bytes(bytes.slice(at, at + size)).length
      return said
    },
    rest: () => void session.silence(),
    proves: () => session.bytes(SWIPE).length === 1,
    holds: () => 0,
  }
}

/** Any byte as a key: what it types, with modifiers and pauses that follow from it. */
function wedge() {
  const session = new WedgeSession()
  let at = 0
  const keys = (text, gapMs) =>
    [...text].flatMap(letter => {
      at += gapMs
      return session.key({
        code: letter === '\r' ? 'Enter' : `Digit${letter}`,
        key: letter,
        shift: false,
        at,
      })
    })
  return {
    take: bytes => {
      let said = 0
      for (const byte of bytes) {
        at += byte % 7 === 0 ? 60 : 3
        const letter = String.fromCharCode(byte)
        const code =
          byte % 11 === 0 ? '' : byte === 13 ? 'Enter' : byte < 58 ? `Digit${byte % 10}` : `Key${letter}`
        const press = {
          code,
          key: letter,
          shift: byte % 5 === 0,
          ctrl: byte % 13 === 0,
          alt: byte % 17 === 0,
          at,
        }
        said += session.key(press).length
      }
      return said
    },
    rest: () => {
      at += 1_000
      session.silence()
    },
    proves: () => {
      const events = keys(`${EAN}\r`, 3)
      return events.some(event => event.kind === 'scan' && event.text === EAN)
    },
    holds: () => (session.pending ? 1 : 0),
  }
}

export const targets = {
  'scanner-lines': shape(line({}, `${EAN}\r`, EAN)),
  'scanner-silence': shape(line({ suffix: 'silence', charset: 'utf-8' }, EAN, EAN)),
  'scanner-framed': shape(line({ prefix: '\u0002', suffix: { text: '\u0003' } }, `\u0002${EAN}\u0003`, EAN)),
  'scanner-hid': {
    ...shape(hid),
    good: [report(EAN), report('x'.repeat(56), ']Q1', 1), report('tail', ']Q1')],
  },
  'scanner-wedge': shape(wedge),
  'stripe-hid': {
    ...shape(stripes),
    good: [SWIPE, swipe('%B4111111111111111^DOE^2912101?', 1, 7), swipe('+0123?', 3, 227)],
  },
  'hid-descriptor': {
    pure: true,
    ...shape(descriptors),
    good: [DESCRIPTOR, bytesOf('05010906a101c0')],
    make: descriptor,
  },
}
