// The terminal's display as far as the register writes on it (06 E0).
import { readFields } from './codec.ts'
import type { Till } from './money.ts'
import { CHARSET, CP437 } from './tables.ts'

/** Lines of text, table of 06 E0: F1 to F8. */
const LINES = [0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8] as const
const DURATION = 0xf0
/** In front of a line: in large letters. */
const LARGE = '\x14'

/**
 * Shows what a 06 E0 says, in place of what was there; false for a message that is none (PA00P015 ch. 2.26). How long
 * it stays is up to the register: nobody looks at a simulated display with a stop-watch.
 */
export function show(till: Till, data: Buffer, charset: number): boolean {
  const fields = readFields(data)
  if (fields === undefined) return false
  const lines = LINES.map(line => textOf(fields.get(line) ?? Buffer.alloc(0), charset).replace(LARGE, ''))
  const last = lines.findLastIndex(line => line !== '')
  till.display = { lines: lines.slice(0, last + 1), seconds: fields.get(DURATION)?.at(0) ?? 0 }
  return true
}

function textOf(bytes: Buffer, charset: number): string {
  if (charset === CHARSET.utf8) return bytes.toString('utf8')
  if (charset === CHARSET.latin1) return bytes.toString('latin1')
  return [...bytes]
    .map(byte => (byte < 0x80 ? String.fromCharCode(byte) : (LETTERS.get(byte) ?? '?')))
    .join('')
}

const LETTERS: ReadonlyMap<number, string> = new Map([...CP437].map(([letter, byte]) => [byte, letter]))
