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
  '\u2010': '-',
  '\u2011': '-',
  '\u2212': '-',
}

const isLineBreak = /\r\n?|\u2028|\u2029/g

/** Marks for whoever sets type: joiners, directions, variants, the byte order mark. Nobody sees them on paper. */
const isUnseen = /[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]|\p{Variation_Selector}/gu

/** One character, one column; no carriage returns. */
export function forPaper(text: string): string {
  const composed = text.replace(isUnseen, '').normalize('NFC').replace(isLineBreak, '\n')
  return Array.from(composed, character => SAME_ON_PAPER[character] ?? character).join('')
}

/**
 * What was found out about a profile, shared by all drivers that are opened with it: asking the code pages about one
 * character takes longer than printing it. Bounded by the characters that exist; in practice by those on receipts.
 */
const KNOWN: WeakMap<PrinterProfile, Map<string, boolean>> = new WeakMap()

/**
 * The place of every character on a code page, 0x3f for what is not on it. Kept, because the library copies the whole
 * page each time it is asked about a character. Bounded by the code pages that exist.
 */
const PLACES: Map<Codepage, ReadonlyMap<string, number>> = new Map()

function placesOn(page: Codepage): ReadonlyMap<string, number> {
  const kept = PLACES.get(page)
  if (kept !== undefined) return kept
  const places = new Map<string, number>()
  for (const [place, codepoint] of (CodepageEncoder.getEncoding(page).codepoints ?? []).entries()) {
    const character = String.fromCodePoint(codepoint)
    // The first place counts, as it does for the encoder.
    if (!places.has(character)) places.set(character, place)
  }
  PLACES.set(page, places)
  return places
}

const CHARSETS: WeakMap<PrinterProfile, Charset> = new WeakMap()

/** What the code pages of a profile hold. @throws CashdeskError `config.invalid` when one of them nobody knows */
export function charsetOf(profile: PrinterProfile): Charset {
  const kept = CHARSETS.get(profile) ?? new Charset(profile)
  CHARSETS.set(profile, kept)
  return kept
}

export interface Run {
  readonly page: Codepage
  readonly bytes: readonly number[]
}

/** What one profile's code pages hold, remembered. */
export class Charset {
  readonly pages: readonly Codepage[]
  readonly #known: Map<string, boolean>

  /** @throws CashdeskError `config.invalid` when the profile names a code page nobody knows */
  constructor(profile: PrinterProfile) {
    this.pages = CodepageEncoder.getEncodings().filter(page => profile.codePages[page] !== undefined)
    const order = Object.keys(profile.codePages)
    const unknown = order.find(page => !CodepageEncoder.supports(page))
    if (unknown !== undefined || order.length === 0) {
      throw new CashdeskError('config.invalid', { field: 'profile.codePages', value: unknown ?? '' })
    }
    this.pages = [...this.pages].sort((a, b) => order.indexOf(a) - order.indexOf(b))
    this.#known = KNOWN.get(profile) ?? new Map()
    KNOWN.set(profile, this.#known)
  }

  /** Can every code page that claims the character show it, and does any? A control character is never printable. */
  has(character: string): boolean {
    const known = this.#known.get(character)
    if (known !== undefined) return known
    const bytes = this.pages.map(page => placesOn(page).get(character) ?? 0x3f)
    const shown = bytes.some(byte => byte !== 0x3f) || character === '?'
    const answer = shown && bytes.every(byte => byte >= 0x20 && byte !== 0x7f)
    this.#known.set(character, answer)
    return answer
  }

  /**
   * `text` as runs of bytes, each on one code page. A run goes on for as long as its page has what comes; `from` is the
   * page of the run before. What no page has must have been replaced before.
   */
  runs(text: string, from: Codepage | undefined): readonly Run[] {
    const runs: { page: Codepage; bytes: number[] }[] = []
    const [first] = this.pages
    // Where one page is enough it is the first: the receipt of a shop then stays on it.
    const all = first === undefined ? undefined : placesOn(first)
    const wanted = all !== undefined && Array.from(text).every(one => all.has(one)) ? first : from
    let run: (typeof runs)[number] | undefined
    for (const character of text) {
      const kept = run?.page ?? wanted
      const page = [kept, ...this.pages].find(each => each !== undefined && placesOn(each).has(character))
      const place = page === undefined ? undefined : placesOn(page).get(character)
      if (page === undefined || place === undefined) continue
      if (run === undefined || run.page !== page) {
        run = { page, bytes: [] }
        runs.push(run)
      }
      run.bytes.push(place)
    }
    return runs
  }

  /** The characters of `text` that this printer cannot show, each once. */
  missing(text: string): readonly string[] {
    return [...new Set(text)].filter(character => character !== '\n' && !this.has(character))
  }
}
