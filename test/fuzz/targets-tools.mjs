// The decoders that people use (`cashdesk decode`): whatever a capture holds, every place they name lies in it, and no
// number of a payment card is said in full.

import { completed, questioned } from '../../drivers/printer/dist/escpos-commands.js'
import { explainEscPos } from '../../hardware-sim/dist/printer/explain.js'
import { decoder as atrDecoder } from '../../packages/cli/dist/decode-atr.js'
import { decoder as gs1Decoder } from '../../packages/cli/dist/decode-gs1.js'
import { decoder as pinpadDecoder } from '../../packages/cli/dist/decode-pinpad.js'
import { decoder as trackDecoder } from '../../packages/cli/dist/decode-track.js'
import { decoder as zvtDecoder } from '../../packages/cli/dist/decode-zvt.js'
import { apdu, atr, code, escpos, padPacket, stripe } from './grammar.mjs'
import { asciiOf, bytesOf } from './inputs.mjs'

/** Fields and problems that lie outside the input, or fields outside the one they belong to. */
function outside(fields, from, to) {
  return fields.some(
    ({ offset, length = 0, fields: inner = [] }) =>
      !Number.isInteger(offset) ||
      !Number.isInteger(length) ||
      offset < from ||
      length < 0 ||
      offset + length > to ||
      outside(inner, offset, offset + length),
  )
}

const count = fields => fields.reduce((sum, { fields: inner = [] }) => sum + 1 + count(inner), 0)

/** Bytes as they are say nothing to a reader that their value does not. */
const shown = (key, value) => (key === 'hex' ? undefined : value)

/** `secrets` answers what must not be said of this input. */
const tool = (decoder, { good, make, secrets = () => [], weight = 6, most = bytes => 4 + 3 * bytes }) => {
  const read = bytes => decoder.decode({ bytes, text: new TextDecoder().decode(bytes) }, {})
  return {
    weight,
    good,
    ...(make && { make }),
    open: () => ({
      take: bytes => {
        const { text } = { text: new TextDecoder().decode(bytes) }
        const decoded = decoder.decode({ bytes, text }, {})
        const end = decoder.takes === 'text' ? text.length : bytes.length
        if (outside([...decoded.fields, ...decoded.problems], 0, end))
          throw new Error(
            `a place outside of the input: ${JSON.stringify([...decoded.fields, ...decoded.problems]).slice(0, 300)}`,
          )
        const hidden = secrets(text, bytes)
        const said = hidden.length > 0 ? JSON.stringify(decoded, shown) : ''
        if (hidden.some(each => said.includes(each))) throw new Error('a secret is said')
        return count(decoded.fields) + decoded.problems.length
      },
      rest: () => undefined,
      proves: () => {
        const { fields, problems } = read(good[0])
        return fields.length > 0 && problems.length === 0
      },
      holds: () => 0,
    }),
    pure: true,
    saysAtMost: most,
    holdsAtMost: 0,
  }
}

/** Numbers of payment cards that stand in a text: 13 to 19 digits of a scheme behind a start sentinel, with a Luhn digit. */
function accounts(text) {
  return [...text.matchAll(/(?:%B|;)(3\d{13,18}|[4-6]\d{12,18})(?=[=^])/g)].map(each => each[1]).filter(luhn)
}

function luhn(digits) {
  let sum = 0
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits.at(-1 - at)) * (at % 2 === 1 ? 2 : 1)
    sum += digit > 9 ? digit - 9 : digit
  }
  return sum % 10 === 0
}

/** The account of a request for a PIN, the block of an answer and working keys: sixteen characters and more. */
function padSecrets(text) {
  return text.split('\u0002').flatMap(packet => {
    const [said] = packet.split('\u0003')
    const [, pan] = /^Z6[02]\.(\d{13,19})$/.exec(said.split('\u001c')[0]) ?? []
    const [, block] = /^7[13].*([0-9A-F]{16})$/.exec(said) ?? []
    return [pan, block].filter(each => each !== undefined)
  })
}

/** Card number and track 2 of the frames below, wherever they came to stand. */
const PAN = '6034714625981538'
const zvtSecrets = (_text, bytes) => (Buffer.from(bytes).includes(Buffer.from(PAN, 'hex')) ? [PAN] : [])

const ZVT = [
  '040f 06 27 00 0b 00 01 52',
  `040f 16 2700 04000000001999 22f0f8${PAN} 490978`,
  `040f 1b 2700 23f1f3${PAN}d2912101000000f0 8a05 0600`,
  '0601 07 04000000001999',
  '0600 0a 000000 9e 0978 0302 0600',
  '06d1 06 00 48616c6c6f',
  '1002 060f 00 1003 c633',
].map(bytesOf)

/** Asks the printer for a sign that it came so far. */
const QUESTION = [...bytesOf('1d7201')]

const JOBS = [
  bytesOf('1b40 48616c6c6f0a 1d564200'),
  bytesOf('1d6b490a 7b424142433132333435'),
  bytesOf('1d286b 0800 315030 68656c6c6f 1d286b 0300 315130'),
  bytesOf('1d763000 0100 0200 a55a'),
  bytesOf('1b7000 1d6103 1004 01'),
]

const jobs = (read, proves, weight) => ({
  weight,
  good: JOBS,
  make: escpos,
  open: () => ({ take: read, rest: () => undefined, proves, holds: () => 0 }),
  pure: true,
  saysAtMost: bytes => 8 + 4 * bytes,
  holdsAtMost: 0,
})

function escposTool(bytes) {
  const { commands, problems, brokenOff } = explainEscPos(bytes)
  if (
    outside(
      commands.map(({ at, length, parts }) => ({
        offset: at,
        length,
        fields: parts.map(part => ({ offset: part.at, length: part.length })),
      })),
      0,
      bytes.length,
    )
  )
    throw new Error('a place outside of the input')
  return commands.length + problems.length + (brokenOff ? 1 : 0)
}

export const targets = {
  'decode-escpos': jobs(escposTool, () => explainEscPos(JOBS[0]).sheets.length === 1, 3),
  'decode-zvt': tool(zvtDecoder, { good: ZVT, make: apdu, secrets: zvtSecrets }),
  'decode-gs1': tool(gs1Decoder, {
    good: ['(01)04012345123456(17)241231(10)ABC', ']C101040123451234561724123110ABC<GS>21XYZ'].map(asciiOf),
    make: code,
  }),
  'decode-track': tool(trackDecoder, {
    good: [
      ';0123456789?',
      '%B4111111111111111^DOE/JOHN^29121010000000000?;4111111111111111=29121010000000000?',
    ].map(asciiOf),
    make: stripe,
    secrets: accounts,
  }),
  'decode-pcsc': tool(atrDecoder, { good: [bytesOf('3b8f8001804f0ca000000306030001000000006a')], make: atr }),
  'decode-pinpad': tool(pinpadDecoder, {
    good: [bytesOf('06 0237313003 35'), bytesOf('15 04 06')],
    make: padPacket,
    secrets: text => padSecrets(text),
  }),
  'escpos-foreign': jobs(
    bytes => {
      const { bytes: asking, checkpoints } = questioned(bytes, QUESTION)
      if (asking.length !== bytes.length + checkpoints * QUESTION.length) throw new Error('bytes were lost')
      const done = completed(bytes)
      return 'bytes' in done ? (done.bytes.length > 2 * bytes.length + 4 ? Number.POSITIVE_INFINITY : 1) : 1
    },
    () => 'bytes' in completed(JOBS[0]),
    6,
  ),
}
