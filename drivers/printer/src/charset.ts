// Which characters a printer can show. Asked before anything is printed, because a question mark on a receipt is a lie
// that nobody reports.

import { CashdeskError } from '@cashdesk/kernel'
import CodepageEncoder, { type Codepage } from '@point-of-sale/codepage-encoder'
import type { PrinterProfile } from './profile.ts'

/** The same thing on paper: other kinds of blank, dashes that differ only in how they wrap. */
const SAME_ON_PAPER: { readonly [character: string]: string } = {
  '\t': ' ',
  '\u00a0': ' ',
  '\u2007': ' ',
  '\u2009': ' ',
  '\u202f': ' ',
  '\u00ad': '',
  '\u200b': '',
  '\u2010': '-',
  '\u2011': '-',
  '\u2212': '-',
}

const isLineBreak = /\r\n?|\u2028|\u2029/g

/** One character, one column; no carriage returns. */
export function forPaper(text: string): string {
  const composed = text.normalize('NFC').replace(isLineBreak, '\n')
  return Array.from(composed, character => SAME_ON_PAPER[character] ?? character).join('')
}

/** What one profile's code pages hold, remembered. */
export class Charset {
  readonly pages: readonly Codepage[]
  readonly #known: Map<string, boolean> = new Map()

  /** @throws CashdeskError `config.invalid` when the profile names a code page nobody knows */
  constructor(profile: PrinterProfile) {
    this.pages = CodepageEncoder.getEncodings().filter(page => profile.codePages[page] !== undefined)
    const order = Object.keys(profile.codePages)
    const unknown = order.find(page => !CodepageEncoder.supports(page))
    if (unknown !== undefined || order.length === 0) {
      throw new CashdeskError('config.invalid', { field: 'profile.codePages', value: unknown ?? '' })
    }
    this.pages = [...this.pages].sort((a, b) => order.indexOf(a) - order.indexOf(b))
  }

  /** Can every code page that claims the character show it, and does any? A control character is never printable. */
  has(character: string): boolean {
    const known = this.#known.get(character)
    if (known !== undefined) return known
    const bytes = this.pages.map(page => CodepageEncoder.encode(character, page)[0] ?? 0)
    const shown = bytes.some(byte => byte !== 0x3f) || character === '?'
    const answer = shown && bytes.every(byte => byte >= 0x20 && byte !== 0x7f)
    // Bounded by the characters that exist; in practice by those on receipts.
    this.#known.set(character, answer)
    return answer
  }

  /** The characters of `text` that this printer cannot show, each once. */
  missing(text: string): readonly string[] {
    return [...new Set(text)].filter(character => character !== '\n' && !this.has(character))
  }
}
