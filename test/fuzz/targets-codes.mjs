// What a scan says: GS1 element strings, Digital Links, product codes, magnetic stripe tracks. Pure readers: nothing is kept
// between two texts.
import { readSwipe, readTracks } from '../../drivers/scanner/dist/tracks.js'
import { gs1Elements, readCode } from '../../packages/kernel/dist/index.js'
import { code, stripe } from './grammar.mjs'
import { asciiOf } from './inputs.mjs'

const textOf = bytes => new TextDecoder().decode(bytes)

/** A reader of whole texts: `read` answers how many things it said. */
const reader = (read, proves) => () => ({
  take: bytes => read(textOf(bytes)),
  rest: () => undefined,
  proves,
  holds: () => 0,
})

const CODES = [
  '4006381333931',
  '04012345123456',
  ']E0012345678905',
  ']C101040123451234561724123110ABC\u001d21XYZ',
  '(01)04012345123456(3103)001250(10)A1',
  'https://id.gs1.org/01/04012345123456/10/ABC/21/12345?17=241231',
  'https://example.com/gtin/04012345123456?x=%41%2f&3103=001250',
  ']d2010401234512345691\u001d8200https://a.example',
  ']d22554012345000027123\u001d81101061414154321031501101201211014092110256',
].map(asciiOf)

const STRIPES = [
  '%B4111111111111111^DOE/JOHN^29121010000000000000?;4111111111111111=29121010000000000?',
  ';6034714625981538=29121010000000000?',
  '%LOYALTY 12345^ANY?;0123456789?+0123456789012=345?',
].map(asciiOf)

const GTIN = '4006381333931'

export const targets = {
  'scan-code': {
    pure: true,
    weight: 12,
    good: CODES,
    make: code,
    open: reader(
      text => {
        gs1Elements(text)
        return readCode(text) === undefined ? 0 : 1
      },
      () => readCode(GTIN).kind !== 'invalid' && readCode('4006381333932').kind === 'invalid',
    ),
    saysAtMost: () => 1,
    holdsAtMost: 0,
  },
  'stripe-tracks': {
    pure: true,
    weight: 10,
    good: STRIPES,
    make: stripe,
    open: reader(
      text => {
        readSwipe(text)
        const { tracks, problems } = readTracks(text)
        return tracks.length + problems.length
      },
      () => readTracks(';6034714625981538=29121010000000000?').tracks.length === 1,
    ),
    saysAtMost: bytes => 4 + bytes,
    holdsAtMost: 0,
  },
}
