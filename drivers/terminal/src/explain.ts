// A capture explained field by field with exact offsets: bare APDUs as on TCP, or messages of a serial line with their
// checks and acknowledgements. For people: what may not be seen (passwords, tracks, keys) is not in the answer.
import { ZVT_FRAMING } from './apdu.ts'
import { type Bytes, type ExplainedField, explainData, type Problem, piece } from './explain-data.ts'
import { COMMAND_NAMES } from './fields.ts'
import { NEGATIVE, POSITIVE, resultText } from './frames.ts'
import { messageCheck } from './serial-line.ts'

export type { ExplainedField, Problem } from './explain-data.ts'

export interface Explained {
  /** `ZVT APDU 06 01`, `3 ZVT APDUs`, `ZVT on a serial line`. */
  readonly kind: string
  readonly fields: readonly ExplainedField[]
  readonly problems: readonly Problem[]
}

const DLE = 0x10
const STX = 0x02
const ETX = 0x03

/** Explains whatever bytes there are; what cannot be read is a problem, and reading goes on behind it. */
export function explainZvt(bytes: Uint8Array): Explained {
  const problems: Problem[] = []
  const serial = isSerial(bytes)
  const fields = serial ? serialLine(bytes, problems) : bareStream(whole(bytes), problems)
  const apdus = fields.filter(field => field.name.startsWith('APDU'))
  const [only] = apdus
  const bare = apdus.length === 1 && only ? `ZVT ${only.name}` : `${apdus.length} ZVT APDUs`
  return { kind: serial ? 'ZVT on a serial line' : bare, fields, problems }
}

/** Messages begin with 10 02; acknowledgements may come before the first one. */
function isSerial(bytes: Uint8Array): boolean {
  const first = bytes.findIndex(byte => byte !== 0x06 && byte !== 0x15)
  if (first < 0) return bytes.length > 0 && bytes.length < 3
  return bytes[first] === DLE && bytes[first + 1] === STX
}

function whole(bytes: Uint8Array): Bytes {
  return { bytes, offsetOf: index => index }
}

// ── bare ────────────────────────────────────────────────────────────────────────────────────────────────

function bareStream(source: Bytes, problems: Problem[]): ExplainedField[] {
  const fields: ExplainedField[] = []
  const { bytes } = source
  let at = 0
  let lost = 0
  const lose = (): void => {
    if (lost > 0)
      problems.push({ offset: source.offsetOf(at - lost), length: lost, what: 'this is no ZVT command' })
    lost = 0
  }
  while (at < bytes.length) {
    const size = apduSize(bytes, at)
    if (size === undefined || (lost > 0 && at + size > bytes.length)) {
      at += 1
      lost += 1
      continue
    }
    lose()
    fields.push(apduField(piece(source, at, Math.min(size, bytes.length - at)), size, problems))
    at += Math.min(size, bytes.length - at)
  }
  lose()
  return fields
}

/** How long the APDU at `at` says that it is; undefined where no known command begins. */
function apduSize(bytes: Uint8Array, at: number): number | undefined {
  const [first = 0, second = 0, short, low = 0, high = 0] = bytes.subarray(at, at + 5)
  if (first !== POSITIVE && first !== NEGATIVE && !COMMAND_NAMES.has(first * 256 + second)) return undefined
  if (first === POSITIVE && second !== 0) return undefined
  if (short === undefined) return 3
  return short === 0xff ? 5 + low + high * 256 : 3 + short
}

function apduField(source: Bytes, size: number, problems: Problem[]): ExplainedField {
  const { bytes, offsetOf } = source
  const [first = 0, second = 0] = bytes
  const control = first * 256 + second
  const name = `APDU ${hexByte(first)} ${hexByte(second)}`
  const head = bytes[2] === 0xff ? 5 : 3
  const length = span(source, 0, bytes.length)
  if (bytes.length < size)
    problems.push({ offset: offsetOf(0), length, what: `cut off: ${size} bytes were announced` })
  return {
    offset: offsetOf(0),
    length,
    name,
    value: commandName(control),
    ...(first === NEGATIVE && second !== 0 && { meaning: resultText(second) }),
    fields: explainData(control, piece(source, head, Math.max(0, bytes.length - head)), problems),
  }
}

function commandName(control: number): string {
  if (control >> 8 === POSITIVE || control === NEGATIVE << 8) return 'positive answer'
  if (control >> 8 === NEGATIVE) return 'negative answer'
  return COMMAND_NAMES.get(control) ?? 'unknown command'
}

// ── serial ──────────────────────────────────────────────────────────────────────────────────────────────

function serialLine(bytes: Uint8Array, problems: Problem[]): ExplainedField[] {
  const fields: ExplainedField[] = []
  let at = 0
  while (at < bytes.length) {
    const byte = bytes[at]
    if (byte === 0x06 || byte === 0x15) {
      fields.push({ offset: at, length: 1, name: byte === 0x06 ? 'ACK' : 'NAK', value: '' })
      at += 1
    } else if (byte === DLE && bytes[at + 1] === STX) {
      at = message(bytes, at, fields, problems)
    } else {
      const next = nextStart(bytes, at + 1)
      problems.push({ offset: at, length: next - at, what: 'noise: no message and no acknowledgement' })
      at = next
    }
  }
  return fields
}

function nextStart(bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length && !(bytes[at] === DLE && bytes[at + 1] === STX)) at += 1
  return at
}

/** Reads the message that begins at `start`; answers where it ends. */
function message(bytes: Uint8Array, start: number, fields: ExplainedField[], problems: Problem[]): number {
  const places: number[] = []
  let at = start + 2
  while (at < bytes.length) {
    const next = bytes[at + 1]
    if (bytes[at] !== DLE) places.push(at)
    else if (next === DLE) places.push(at)
    else break
    at += bytes[at] === DLE ? 2 : 1
  }
  const content = Uint8Array.from(places, place => bytes[place] ?? 0)
  const inside: Bytes = { bytes: content, offsetOf: index => places[index] ?? at }
  if (bytes[at] !== DLE || bytes[at + 1] !== ETX || at + 4 > bytes.length) {
    const end = bytes[at] === DLE && bytes[at + 1] !== ETX ? at : bytes.length
    problems.push({ offset: start, length: end - start, what: 'the message is cut off' })
    fields.push(...readable(inside, problems))
    return Math.max(end, start + 2)
  }
  const said = (bytes[at + 2] ?? 0) + (bytes[at + 3] ?? 0) * 256
  const check = messageCheck(content)
  if (said !== check)
    problems.push({ offset: at + 2, length: 2, what: `the check is ${hexWord(said)}, not ${hexWord(check)}` })
  if (ZVT_FRAMING.next(content).cut !== 'frame' || content.length === 0)
    problems.push({ offset: start, length: at + 4 - start, what: 'the message holds no whole APDU' })
  fields.push(...readable(inside, problems))
  const meaning = said === check ? 'correct' : 'wrong'
  fields.push({ offset: at + 2, length: 2, name: 'CRC', value: hexWord(said), meaning })
  return at + 4
}

function readable(inside: Bytes, problems: Problem[]): readonly ExplainedField[] {
  return inside.bytes.length === 0 ? [] : bareStream(inside, problems)
}

// ── small change ────────────────────────────────────────────────────────────────────────────────────────

/** Bytes of the input from one place to another: doubled ones count as what they take there. */
function span({ offsetOf }: Bytes, from: number, to: number): number {
  return to <= from ? 0 : offsetOf(to - 1) + 1 - offsetOf(from)
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0').toUpperCase()
}

function hexWord(word: number): string {
  return word.toString(16).padStart(4, '0')
}
