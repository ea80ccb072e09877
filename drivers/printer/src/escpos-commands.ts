// Walks over ESC/POS bytes that others made, just well enough to tell commands from the data inside them: to complete
// drawer pulses that lack their times, and to find questions whose answers would confuse the driver.
import { type ErrorReport, report } from '@cashdesk/kernel'

const DLE = 0x10
const ESC = 0x1b
const GS = 0x1d
const FS = 0x1c
const LF = 0x0a
const FF = 0x0c

/** Commands by the number of their parameter bytes, so that none of these is taken for a command or a line feed. */
const PARAMETERS: { readonly [lead: number]: readonly string[] } = {
  [ESC]: ['245<@LSim\f', ' !%-3?EGJMRTUVadrt{', '$BK\\c', '', '', '', '', '', 'W'],
  [GS]: ['', '!/BHITafhbrw', '$LPW\\'],
  [FS]: ['.', '!-CW', 'Sp'],
}

/** Pulse times in units of 2 ms: 50 ms on, 500 ms off. */
const PULSE_TIMES = [0x19, 0xfa] as const

/** The same times after escpos 3.0.0-alpha wrote them as UTF-8: the third byte would be printed. */
const MANGLED_TIMES = [0x19, 0xc3, 0xba] as const

/**
 * `bytes` with every drawer pulse completed by `t1 t2`. A pulse counts as incomplete when what follows it is no
 * plausible pair of times: escpos 2.5.2 sends `1B 70 m` alone (node-escpos#151), and the printer then takes the next
 * two bytes of the job for the times.
 */
export function completed(
  bytes: Uint8Array,
): { readonly bytes: Uint8Array } | { readonly error: ErrorReport } {
  const out: number[] = []
  for (let at = 0; at < bytes.length; ) {
    if (isQuestion(bytes, at)) {
      return {
        error: report('value.malformed', {
          field: 'bytes',
          offset: at,
          reason: 'status questions belong to the driver: ask it for its status',
        }),
      }
    }
    if (isPulse(bytes, at) && MANGLED_TIMES.every((byte, index) => bytes[at + 3 + index] === byte)) {
      out.push(ESC, 0x70, bytes[at + 2] ?? 0, ...PULSE_TIMES)
      at += 3 + MANGLED_TIMES.length
      continue
    }
    const length = Math.min(lengthAt(bytes, at), bytes.length - at)
    for (let index = at; index < at + length; index += 1) out.push(bytes[index] ?? 0)
    at += length
    if (length === 3 && isPulse(bytes, at - 3)) out.push(...PULSE_TIMES)
  }
  return { bytes: Uint8Array.from(out) }
}

/** Bytes between two questions: at 9600 bit/s half a second, in which no printer is off and on again. */
const STEP_BYTES = 480
/** The session knows 256 open questions apart; a longer job has them further apart. */
const MAX_QUESTIONS = 200

/**
 * `bytes` with `question` between its lines, about every half second of a slow line, and how many. Only where this walk
 * knows every command before, so that none stands inside the data of one: behind a line feed, a bar code, a picture.
 * Behind a command that is not known here, in page mode and inside a macro there are none; `longest` says how many bytes
 * stand together without one.
 */
export function questioned(
  bytes: Uint8Array,
  question: readonly number[],
): { readonly bytes: Uint8Array; readonly checkpoints: number; readonly longest: number } {
  const step = Math.max(STEP_BYTES, Math.ceil(bytes.length / MAX_QUESTIONS))
  const places: number[] = []
  let [last, longest, paged] = [0, 0, false]
  for (let at = 0; at < bytes.length; ) {
    if (!isKnown(bytes, at)) break
    const length = Math.min(lengthAt(bytes, at), bytes.length - at)
    if (bytes[at] === ESC && bytes[at + 1] === 0x4c) paged = true
    if (bytes[at] === FF || (bytes[at] === ESC && bytes[at + 1] === 0x53)) paged = false
    const ends = length > 8 || bytes[at] === LF
    at += length
    if (ends && !paged && at - last >= step && at < bytes.length) {
      places.push(at)
      longest = Math.max(longest, at - last)
      last = at
    }
  }
  longest = Math.max(longest, bytes.length - last)
  const out = new Uint8Array(bytes.length + places.length * question.length)
  let [from, to] = [0, 0]
  for (const place of places) {
    out.set(bytes.subarray(from, place), to)
    to += place - from
    out.set(question, to)
    to += question.length
    from = place
  }
  out.set(bytes.subarray(from), to)
  return { bytes: out, checkpoints: places.length, longest }
}

function isPulse(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === ESC && bytes[at + 1] === 0x70
}

/** `DLE EOT`, `GS r`, `ESC u`, `ESC v`. */
function isQuestion(bytes: Uint8Array, at: number): boolean {
  const [lead, command] = [bytes[at], bytes[at + 1]]
  if (lead === DLE) return command === 0x04
  return (lead === GS && command === 0x72) || (lead === ESC && (command === 0x75 || command === 0x76))
}

/** How long the command at `at` is with its data; 1 for a character, and for a command this house has no table for. */
function lengthAt(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0
  const command = bytes[at + 1] ?? 0
  const byte = (offset: number): number => bytes[at + offset] ?? 0
  const word = (offset: number): number => byte(offset) + byte(offset + 1) * 256
  if (lead === DLE && command === 0x14) return 5
  if (lead !== ESC && lead !== GS && lead !== FS) return 1
  const name = String.fromCharCode(command)
  const parameters = PARAMETERS[lead]?.findIndex(names => names.includes(name)) ?? -1
  if (parameters >= 0) return 2 + parameters
  if (name === '(') return 5 + word(3)
  if (lead === FS) return 2
  if (lead === ESC) {
    if (name === 'D') return terminated(bytes, at, 2)
    if (name === 'p') return hasTimes(byte(3), byte(4), bytes.length - at) ? 5 : 3
    if (name === '*') return 5 + word(3) * (byte(2) >= 32 ? 3 : 1)
    // Two-dimensional codes of older models: version, level, size, length.
    return name === 'Z' ? 7 + word(5) : 2
  }
  if (name === 'V') return byte(2) >= 65 ? 4 : 3
  if (name === 'v') return 8 + word(4) * word(6)
  if (name === '8') return 7 + word(3) + word(5) * 65_536
  if (name === '*') return 4 + byte(2) * byte(3) * 8
  if (name !== 'k') return 2
  if (byte(2) > 6) return 4 + byte(3)
  return terminated(bytes, at, 3)
}

/** With the NUL that ends its data, which begins `head` bytes behind its first. */
function terminated(bytes: Uint8Array, at: number, head: number): number {
  const end = bytes.indexOf(0, at + head)
  return end < 0 ? bytes.length - at : end - at + 1
}

/** Commands whose length `lengthAt` computes. */
const MEASURED: { readonly [lead: number]: string } = { [ESC]: '(Dp*Z', [GS]: '(Vvk8*', [FS]: '(' }

/** Does `lengthAt` know how long the command at `at` is? A character is one byte. */
function isKnown(bytes: Uint8Array, at: number): boolean {
  const lead = bytes[at] ?? 0
  const command = bytes[at + 1] ?? 0
  if (lead === DLE) return command === 0x14 && bytes[at + 2] === 1
  if (lead !== ESC && lead !== GS && lead !== FS) return true
  const name = String.fromCharCode(command)
  return (
    PARAMETERS[lead]?.some(names => names.includes(name)) === true || MEASURED[lead]?.includes(name) === true
  )
}

/** On-times are short and off-times long; text or the next command looks otherwise. */
function hasTimes(on: number, off: number, left: number): boolean {
  return left >= 5 && on !== ESC && on !== GS && on < 0x80 && off >= 0x78
}
