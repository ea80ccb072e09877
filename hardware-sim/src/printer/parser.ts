// Cuts the printer's byte stream into commands, whatever way the stream arrives. It knows only how long each
// command is; what a command means is the interpreter's business.

/** One command, or one printable byte. */
export interface Command {
  /** Offset of its first byte in everything received since power-on. */
  readonly at: number
  /** `text`, a control's name (`LF`), or a mnemonic with its second byte: `ESC @`, `GS ( k`, `ESC 0x07`. */
  readonly code: string
  /** What follows the code, parameters and data alike; for `text` the byte itself. */
  readonly args: Uint8Array
  readonly known: boolean
}

/** Longest data of one command that is kept: a raster image of 576 dots × 14 500 rows. Longer ones are skipped. */
export const COMMAND_LIMIT_BYTES: number = 1024 * 1024
/** `ESC D` takes 32 tabs, `GS k` form A 255 characters: what ends with NUL ends here at the latest. */
const TERMINATED_LIMIT_BYTES = 256

/** How many bytes follow the code; `undefined` while too few are there to tell. */
type Length = number | ((args: Uint8Array) => number | undefined)

const u16 = (args: Uint8Array, at: number): number => (args[at] ?? 0) + 256 * (args[at + 1] ?? 0)
const u32 = (args: Uint8Array, at: number): number => u16(args, at) + 65536 * u16(args, at + 2)

/** `head` bytes, of which the data's length is computed. */
const after =
  (head: number, length: (args: Uint8Array) => number): Length =>
  args =>
    args.length < head ? undefined : head + length(args)

const untilNul = (args: Uint8Array): number | undefined => {
  const end = args.indexOf(0)
  if (end >= 0) return end + 1
  return args.length >= TERMINATED_LIMIT_BYTES ? TERMINATED_LIMIT_BYTES : undefined
}

const barcode: Length = args => {
  const form = args[0]
  if (form === undefined) return undefined
  if (form >= 65) return args.length < 2 ? undefined : 2 + (args[1] ?? 0)
  const rest = untilNul(args.subarray(1))
  return rest === undefined ? undefined : 1 + rest
}

/** `ESC & y c1 c2 [x d…]…`: every character says its own width. */
const userCharacters: Length = args => {
  if (args.length < 3) return undefined
  const [height = 0, first = 0, last = 0] = args
  let length = 3
  for (let character = first; character <= last; character += 1) {
    const width = args[length]
    if (width === undefined) return undefined
    length += 1 + width * height
  }
  return length
}

/** `FS q n [xL xH yL yH d…]…`: every image says its own size. */
const storedImages: Length = args => {
  if (args.length < 1) return undefined
  let length = 1
  for (let image = 0; image < (args[0] ?? 0); image += 1) {
    if (args.length < length + 4) return undefined
    length += 4 + u16(args, length) * u16(args, length + 2) * 8
  }
  return length
}

/** `( X pL pH …`, the form in which newer commands come. */
const measured: Length = after(3, args => u16(args, 1))

const counterMode = (args: Uint8Array): number =>
  ({ 48: 2, 49: 6, 50: 2, 0: 2, 1: 6, 2: 2 })[args[0] ?? 0] ?? 0

// biome-ignore format: a table is read by its columns
const ESC: { readonly [second: string]: Length } = {
  ' ': 1, '!': 1, $: 2, '%': 1, '&': userCharacters, '(': measured, '-': 1, '2': 0, '3': 1, '4': 0, '5': 0, '<': 0, '\f': 0,
  '=': 1, '?': 1, '@': 0, D: untilNul, E: 1, G: 1, J: 1, K: 1, L: 0, M: 1, R: 1, S: 0, T: 1, U: 1, V: 1,
  W: 8, '\\': 2, a: 1, c: 2, d: 1, e: 1, i: 0, m: 0, p: 3, r: 1, t: 1, u: 1, v: 0, '{': 1,
  '*': after(3, args => u16(args, 1) * ((args[0] ?? 0) >= 32 ? 3 : 1)),
}

// biome-ignore format: a table is read by its columns
const GS: { readonly [second: string]: Length } = {
  '!': 1, $: 2, '(': measured, '/': 1, ':': 0, B: 1, E: 1, H: 1, I: 1, L: 2, P: 2, T: 1, W: 2, '\\': 2, '^': 3,
  a: 1, b: 1, c: 0, f: 1, g: 4, h: 1, j: 1, k: barcode, r: 1, w: 1, z: 3,
  '*': after(2, args => (args[0] ?? 0) * (args[1] ?? 0) * 8),
  '8': after(5, args => u32(args, 1)),
  C: after(1, counterMode),
  Q: after(6, args => u16(args, 2) * u16(args, 4)),
  V: after(1, args => ([65, 66, 97, 98, 103, 104].includes(args[0] ?? 0) ? 1 : 0)),
  v: after(6, args => u16(args, 2) * u16(args, 4)),
}

// biome-ignore format: a table is read by its columns
const FS: { readonly [second: string]: Length } = {
  '!': 1, '&': 0, '(': measured, '-': 1, '.': 0, '2': 74, '?': 2, C: 1, S: 2, W: 1, p: 2, q: storedImages,
  g: after(8, args => (args[0] === 0x31 ? u16(args, 6) : 0)),
}

/** Carried out when received (`realtime.ts`); in the buffer they only have to be stepped over. */
const DLE: { readonly [second: string]: Length } = {
  '\x04': after(1, args => ([7, 8, 18].includes(args[0] ?? 0) ? 1 : 0)),
  '\x05': 1,
  '\x14': after(1, args => ({ 1: 2, 2: 2, 3: 5, 7: 1, 8: 7 })[args[0] ?? 0] ?? 0),
}

const PREFIXES: { readonly [first: number]: readonly [string, { readonly [second: string]: Length }] } = {
  16: ['DLE', DLE],
  27: ['ESC', ESC],
  28: ['FS', FS],
  29: ['GS', GS],
}

const CONTROLS: { readonly [byte: number]: string } = {
  9: 'HT',
  10: 'LF',
  12: 'FF',
  13: 'CR',
  24: 'CAN',
}

const NOTHING = new Uint8Array(0)

/** Bytes in, in pieces of any size; commands out, one at a time. */
export class CommandParser {
  #bytes: Uint8Array = NOTHING
  #offset = 0
  #skip = 0

  /** Bytes received and not yet returned as a command. */
  get pending(): number {
    return this.#bytes.length
  }

  push(bytes: Uint8Array): void {
    const skipped = Math.min(this.#skip, bytes.length)
    this.#skip -= skipped
    this.#offset += skipped
    const rest = bytes.subarray(skipped)
    if (rest.length === 0) return
    const joined = new Uint8Array(this.#bytes.length + rest.length)
    joined.set(this.#bytes)
    joined.set(rest, this.#bytes.length)
    this.#bytes = joined
  }

  /** Forgets what was received, a half command included. */
  clear(): void {
    this.#offset += this.#bytes.length
    this.#bytes = NOTHING
    this.#skip = 0
  }

  /** The next complete command, or `undefined` until more bytes come. */
  next(): Command | undefined {
    const first = this.#bytes[0]
    if (first === undefined) return undefined
    const prefix = PREFIXES[first]
    if (prefix === undefined) {
      const control = CONTROLS[first]
      if (control !== undefined) return this.#take(control, 1, 0, true)
      return first < 0x20 ? this.#take(hex(first), 1, 0, false) : this.#take('text', 0, 1, true)
    }
    return this.#prefixed(prefix[0], prefix[1])
  }

  #prefixed(name: string, table: { readonly [second: string]: Length }): Command | undefined {
    const second = this.#bytes[1]
    if (second === undefined) return undefined
    const character = String.fromCharCode(second)
    const length = Object.hasOwn(table, character) ? table[character] : undefined
    const readable = second > 0x20 && second < 0x7f ? character : hex(second)
    if (length === undefined) return this.#take(`${name} ${readable}`, 2, 0, false)
    const args = this.#bytes.subarray(2)
    const size = typeof length === 'number' ? length : length(args)
    if (size === undefined) return undefined
    if (size > COMMAND_LIMIT_BYTES) return this.#oversized(`${name} ${readable}`, size)
    if (args.length < size) return undefined
    return this.#take(`${name} ${readable}`, 2, size, true)
  }

  #take(code: string, head: number, size: number, known: boolean): Command {
    const at = this.#offset
    const args = this.#bytes.slice(head, head + size)
    this.#bytes = this.#bytes.subarray(head + size)
    this.#offset += head + size
    return { at, code, args, known }
  }

  /** Returns the command without its data and lets the data pass by. */
  #oversized(code: string, size: number): Command {
    const here = Math.min(size, this.#bytes.length - 2)
    const command = this.#take(code, 2 + here, 0, false)
    this.#skip = size - here
    return command
  }
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`
}
