// Well-formed inputs that nobody wrote down: made by the grammar of what they are, so that mistakes in them lie deep. Small
// and approximate on purpose: what the decoders share with it would hide from it.
import { asciiOf } from './inputs.mjs'

const times = (chance, most, make) => Array.from({ length: chance.below(most + 1) }, () => make())
const bytes = (chance, length) => Array.from({ length }, () => chance.byte())
const digits = (chance, length) => Array.from({ length }, () => chance.below(10)).join('')
const packed = (chance, length) => Array.from({ length }, () => chance.below(10) * 16 + chance.below(10))
/** Mostly short, at times around the lengths where something turns over. */
const size = chance =>
  chance.often(12) ? chance.below(8) : chance.one([16, 31, 99, 127, 128, 200, 255, 256, 300])

// ── TLV and ZVT ─────────────────────────────────────────────────────────────────────────────────────────

const tlvLength = length =>
  length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]

const TAGS = [
  0x07, 0x09, 0x1f07, 0x1f0b, 0x1f10, 0x1f14, 0x1f37, 0x1f73, 0x23, 0x25, 0x27, 0x41, 0x42, 0x44, 0x45, 0x60,
  0xe1, 0xff01,
]

function tlv(chance, depth) {
  const tag = chance.often(5) ? chance.one(TAGS) : chance.byte()
  const constructed = ((tag > 255 ? tag >> 8 : tag) & 0x20) !== 0 && depth < 6
  const value = constructed
    ? times(chance, 4, () => tlv(chance, depth + 1)).flat()
    : bytes(chance, size(chance))
  return [...(tag > 255 ? [tag >> 8, tag & 255] : [tag]), ...tlvLength(value.length), ...value]
}

export const tlvs = chance => Uint8Array.from(times(chance, 5, () => tlv(chance, 0)).flat())

/** BMPs of a fixed length in bytes (PA00P015 ch. 9), and those that say theirs in two or three digits. */
const FIXED = {
  1: 1,
  2: 1,
  3: 1,
  4: 6,
  5: 1,
  11: 3,
  12: 3,
  13: 2,
  14: 2,
  23: 2,
  25: 1,
  39: 1,
  41: 4,
  73: 2,
  135: 2,
  138: 1,
  140: 1,
  136: 3,
}
const LL = [0x22, 0x23, 0x24, 0x8b, 0xf0, 0xd0]
const LLL = [0x2e, 0x3c, 0x60, 0x9a]

function bmp(chance) {
  const kind = chance.below(8)
  if (kind === 0) return [0x06, ...measured(times(chance, 4, () => tlv(chance, 0)).flat())]
  if (kind <= 2) return variable(chance, chance.one(LL), 2)
  if (kind === 3) return variable(chance, chance.one(LLL), 3)
  const [id, length] = chance.one(Object.entries(FIXED))
  return [Number(id), ...(chance.often(4) ? packed(chance, length) : bytes(chance, length))]
}

const measured = value => [...tlvLength(value.length), ...value]

function variable(chance, id, count) {
  const length = chance.below(count === 2 ? 24 : 80)
  const value = chance.often(3) ? packed(chance, length) : bytes(chance, length)
  return [id, ...[...String(length).padStart(count, '0')].map(digit => 0xf0 + Number(digit)), ...value]
}

const CONTROLS = [
  0x8000, 0x8400, 0x849c, 0x040f, 0x04ff, 0x040d, 0x040e, 0x0501, 0x0600, 0x0601, 0x060f, 0x061e, 0x0622,
  0x0624, 0x0630, 0x0631, 0x0650, 0x06b0, 0x06d1, 0x06d3, 0x0620, 0x0670, 0x0601, 0x0f00,
]

export function apdu(chance) {
  const control = chance.often(8) ? chance.one(CONTROLS) : chance.below(65_536)
  const head = chance.below(3) === 0 ? bytes(chance, chance.below(6)) : []
  const body = [...head, ...times(chance, 6, () => bmp(chance)).flat()]
  const length = body.length < 255 ? [body.length] : [255, body.length & 255, body.length >> 8]
  return Uint8Array.from([control >> 8, control & 255, ...length, ...body])
}

// ── ESC/POS ─────────────────────────────────────────────────────────────────────────────────────────────

/** Lead, second byte, and how many parameters. */
const COMMANDS = [
  [0x1b, '@', 0], [0x1b, 'a', 1], [0x1b, 'E', 1], [0x1b, 't', 1], [0x1b, 'R', 1], [0x1b, 'd', 1], [0x1b, '!', 1], [0x1b, '-', 1],
  [0x1b, '2', 0], [0x1b, '3', 1], [0x1b, 'J', 1], [0x1b, 'p', 3], [0x1b, 'L', 0], [0x1b, 'S', 0], [0x1b, 'W', 8], [0x1b, 'T', 1],
  [0x1b, '$', 2], [0x1b, '\\', 2], [0x1b, 'M', 1], [0x1b, 'V', 1], [0x1b, 'c', 2], [0x1d, '!', 1], [0x1d, 'B', 1], [0x1d, 'H', 1],
  [0x1d, 'h', 1], [0x1d, 'w', 1], [0x1d, 'L', 2], [0x1d, 'W', 2], [0x1d, 'a', 1], [0x1d, 'I', 1], [0x1d, 'r', 1], [0x1d, 'P', 2],
  [0x1d, '$', 2], [0x1c, '.', 0], [0x1c, 'p', 2], [0x1b, '\f', 0],
] // biome-ignore format: a table is read by its columns

const escposText = chance => [
  ...asciiOf(chance.one(['Summe', '4,50 EUR', 'K\u00e4se', '-'.repeat(40), digits(chance, 6)])),
  0x0a,
]

function escposCommand(chance) {
  const kind = chance.below(12)
  const low = chance.below(40)
  if (kind <= 2) return escposText(chance)
  if (kind === 3) return [0x1d, 0x6b, 65 + chance.below(15), low, ...asciiOf(digits(chance, low))]
  if (kind === 4)
    return [0x1d, 0x6b, chance.below(7), ...asciiOf(digits(chance, chance.one([8, 11, 12, 13]))), 0]
  if (kind === 5) return [0x1d, 0x28, chance.one([0x6b, 0x4c, 0x41, 0x45]), low, 0, ...bytes(chance, low)]
  if (kind === 6) {
    const data = asciiOf(`1P0${digits(chance, 1 + low)}`)
    return [0x1d, 0x28, 0x6b, data.length, 0, ...data, 0x1d, 0x28, 0x6b, 3, 0, 0x31, 0x51, 0x30]
  }
  if (kind === 7) {
    const [wide, high] = [chance.below(6), chance.below(20)]
    return [0x1d, 0x76, 0x30, chance.below(4), wide, 0, high, 0, ...bytes(chance, wide * high)]
  }
  if (kind === 8)
    return [0x1d, 0x56, chance.one([0, 1, 48, 49]), ...(chance.often(2) ? [0x1d, 0x56, 66, low] : [])]
  if (kind === 9) return [0x10, chance.one([0x04, 0x05, 0x14]), chance.below(9), chance.below(3), low]
  const [lead, second, count] = chance.one(COMMANDS)
  return [
    lead,
    second.charCodeAt(0),
    ...bytes(chance, count).map(byte => (chance.often(3) ? byte & 0x1f : byte)),
  ]
}

export const escpos = chance =>
  Uint8Array.from([0, ...times(chance, 8, () => escposCommand(chance)).flat()].slice(1))

// ── codes, stripes and cards ────────────────────────────────────────────────────────────────────────────

const AIS = [
  '00',
  '01',
  '10',
  '11',
  '17',
  '21',
  '30',
  '37',
  '3103',
  '3922',
  '400',
  '414',
  '7003',
  '8004',
  '8005',
  '8008',
  '8200',
  '91',
  '253',
  '8110',
]

function element(chance) {
  const ai = chance.one(AIS)
  const length =
    { '00': 18, '01': 14, 11: 6, 17: 6, 3103: 6, 414: 13, 7003: 10, 8005: 6 }[ai] ?? 1 + chance.below(20)
  return [
    ai,
    ai === '00' || ai === '01' || ai === '414' ? checked(digits(chance, length - 1)) : digits(chance, length),
  ]
}

/** With its check digit (General Specifications ch. 7.9). */
function checked(body) {
  const sum = [...body]
    .reverse()
    .reduce((total, digit, at) => total + Number(digit) * (at % 2 === 0 ? 3 : 1), 0)
  return `${body}${(10 - (sum % 10)) % 10}`
}

export function code(chance) {
  const parts = [element(chance), ...times(chance, 4, () => element(chance))]
  const kind = chance.below(5)
  if (kind === 0) return asciiOf(checked(digits(chance, chance.one([7, 11, 12, 13]))))
  if (kind === 1) return asciiOf(parts.map(([ai, value]) => `(${ai})${value}`).join(''))
  if (kind === 2)
    return asciiOf(`https://id.gs1.org/${parts.map(part => part.join('/')).join('/')}?17=241231`)
  const aim = chance.one([']C1', ']d2', ']Q3', ']e0', ''])
  return asciiOf(`${aim}${parts.map(part => part.join('')).join('\u001d')}`)
}

/** With its Luhn digit. */
function account(chance) {
  const body = `${chance.one(['4', '51', '37', '6034'])}${digits(chance, 11)}`
  const sum = [...body].reverse().reduce((total, digit, at) => {
    const value = Number(digit) * (at % 2 === 0 ? 2 : 1)
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  return `${body}${(10 - (sum % 10)) % 10}`
}

export function stripe(chance) {
  const pan = account(chance)
  const tracks = [
    `%B${pan}^DOE/JOHN^${digits(chance, 7)}${digits(chance, chance.below(12))}?`,
    `;${pan}=${digits(chance, 7)}${digits(chance, chance.below(12))}?`,
    `;${digits(chance, chance.below(30))}?`,
    `+${digits(chance, chance.below(40))}=${digits(chance, 4)}?`,
    `%SHOP ${digits(chance, 6)}?`,
  ]
  return asciiOf(times(chance, 3, () => chance.one(tracks)).join(chance.one(['', '\r', ' '])))
}

/** ISO/IEC 7816-3: each TDi says which interface bytes follow it, and T0 how many historical ones. */
export function atr(chance) {
  const history = bytes(chance, chance.below(16))
  const out = [0x3b]
  let more = chance.below(16)
  out.push(more * 16 + history.length)
  for (let level = 0; more > 0 && level < 5; level += 1) {
    const given = more
    for (const bit of [1, 2, 4]) if ((given & bit) !== 0) out.push(chance.byte())
    more = (given & 8) !== 0 ? chance.below(16) : 0
    if ((given & 8) !== 0) out.push(more * 16 + chance.one([0, 0, 1, 15]))
  }
  out.push(...history)
  return Uint8Array.from([...out, out.slice(1).reduce((sum, byte) => sum ^ byte, 0)])
}

export function ndef(chance) {
  const records = 1 + chance.below(4)
  return Uint8Array.from(
    Array.from({ length: records }, (_, at) => {
      const inner = chance.often(6) ? bytes(chance, chance.below(30)) : [...ndef(chance)]
      const short = inner.length < 256 && chance.often(4)
      const id = chance.often(4) ? undefined : bytes(chance, chance.below(4))
      const type = chance.one([[0x54], [0x55], [0x53, 0x70], [], bytes(chance, chance.below(6))])
      const flags =
        (at === 0 ? 0x80 : 0) |
        (at === records - 1 ? 0x40 : 0) |
        (short ? 0x10 : 0) |
        (id ? 8 : 0) |
        chance.below(7)
      const length = short ? [inner.length] : [0, 0, inner.length >> 8, inner.length & 255]
      return [flags, type.length, ...length, ...(id ? [id.length] : []), ...type, ...(id ?? []), ...inner]
    }).flat(),
  )
}

/** Items of a report descriptor (HID 1.11 ch. 6.2.2): collections, usages, sizes and inputs in any order. */
export function descriptor(chance) {
  const item = () => {
    const value = chance.one([0, 1, 2, 3])
    const data = bytes(chance, value === 3 ? 4 : value)
    const prefix = chance.one([
      0x04,
      0x08,
      0x14,
      0x18,
      0x24,
      0x28,
      0x74,
      0x80,
      0x84,
      0x94,
      0xa0,
      0xa4,
      0xb4,
      0xc0,
      chance.byte() & 0xfc,
    ])
    return [prefix | value, ...data]
  }
  return Uint8Array.from([0x05, 0x8c, 0x09, 0x02, 0xa1, 0x01, ...times(chance, 14, item).flat(), 0xc0])
}

// ── PIN pads and messages ───────────────────────────────────────────────────────────────────────────────

const hexText = (chance, length) => Array.from({ length }, () => chance.one([...'0123456789ABCDEF'])).join('')

export function padText(chance) {
  const fields = times(chance, 4, () =>
    chance.one(['0412N', 'PIN', 'PLEASE WAIT', hexText(chance, 16), 'DUKPT ENCRYPTION']),
  )
  return asciiOf(
    chance.one([
      `Z6${chance.one([0, 2])}.${account(chance)}\u001c${fields.join('\u001c')}`,
      `71.0${digits(chance, 4)}${hexText(chance, chance.one([16, 32]))}`,
      `73${digits(chance, 5)}${hexText(chance, chance.one([16, 20, 24]))}${hexText(chance, 16)}`,
      `7${chance.one([1, 3])}${digits(chance, chance.below(3))}`,
      `0${digits(chance, 1)}${hexText(chance, chance.below(20))}`,
      `11${digits(chance, chance.below(4))}`,
      `72`,
    ]),
  )
}

/** STX text ETX LRC, or SI text SO LRC. */
export function padPacket(chance) {
  const text = padText(chance)
  const [start, end] = chance.often(6) ? [2, 3] : [15, 14]
  const check = [...text, end].reduce((sum, byte) => sum ^ byte, 0)
  return Uint8Array.from([start, ...text, end, check])
}

/** Any JSON, with names that somebody may look for. */
export function json(names, values) {
  const value = (chance, depth) => {
    const kind = chance.below(depth > 3 ? 5 : 8)
    if (kind === 0) return chance.one([0, -1, 1, 1999, 1e21, -0.5, 2 ** 53])
    if (kind <= 2) return chance.one(values)
    if (kind === 3) return chance.one(['', 'x', '\u0000', '\ud800', digits(chance, 13), '__proto__'])
    if (kind === 4) return chance.one([null, true, false])
    if (kind === 5) return times(chance, 3, () => value(chance, depth + 1))
    return Object.fromEntries(times(chance, 6, () => [chance.one(names), value(chance, depth + 1)]))
  }
  return chance => {
    const fields = Array.from({ length: 1 + chance.below(8) }, () => [chance.one(names), value(chance, 0)])
    return asciiOf(JSON.stringify(Object.fromEntries(fields)))
  }
}
