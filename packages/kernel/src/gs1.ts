// What a scan says: an article, an article with its serial, or something else. Reads EAN/UPC numbers, GS1 element
// strings and GS1 Digital Link URIs (GS1 General Specifications, ch. 3, 5.1 and 7.8; GS1 Digital Link 1.4).
import type { ErrorReport } from './errors.ts'
import { report } from './errors.ts'
import { type ApplicationIdentifier, identifierAt } from './gs1-identifiers.ts'
import { checkDigit, type Gtin, gtin, isGtin } from './gtin.ts'

/** One application identifier and its value, as the symbol carried it. */
export interface Gs1Element {
  readonly ai: string
  readonly value: string
}

export type ReadCode =
  | {
      readonly kind: 'gtin'
      readonly gtin: Gtin
      /** AI 21. */
      readonly serial?: string
      /** AI 10. */
      readonly batch?: string
      /** AI 17 as printed, `YYMMDD`; `gs1Date` makes a date of it. */
      readonly expiry?: string
      /** Two- or five-digit EAN add-on (magazines, books). */
      readonly addOn?: string
      /** Everything a GS1 symbol or link said, in its order. */
      readonly elements?: readonly Gs1Element[]
    }
  /** No article number: a serial, a voucher, a customer card. `elements` if it is a GS1 code without AI 01. */
  | { readonly kind: 'other'; readonly text: string; readonly elements?: readonly Gs1Element[] }
  /**
   * It should be an article number, and is wrong: `value.gtin`, or `scan.unreadable` for a broken GS1 symbol. Whoever
   * waits for a serial may still take `text`: any digits may be one.
   */
  | { readonly kind: 'invalid'; readonly error: ErrorReport; readonly text: string }

/** FNC1 as scanners send it. */
const GS = '\u001d'

/** AIM identifiers behind which a GS1 element string follows: GS1-128, DataBar, Data Matrix, QR, DotCode. */
const GS1_SYMBOLOGIES = /^\](C1|e[0-2]|d2|Q3|J1)$/

/** EAN and UPC by AIM: `]E0` (EAN-13, UPC-A, UPC-E), `]E3` (with add-on), `]E4` (EAN-8). */
const EAN_SYMBOLOGIES = /^\]E[034]$/

/** More than any symbol holds (QR Code 40-L: 7089 digits): longer input is not looked at. */
const MAX_TEXT = 7200

/**
 * Reads the text of a scan, or of typed input. `aim` is the AIM symbology identifier with its `]`; if it is absent
 * and the text begins with one, that one counts. Never throws.
 */
export function readCode(text: string, aim?: string): ReadCode {
  if (text.length > MAX_TEXT) {
    return { kind: 'invalid', error: report('scan.unreadable', { length: text.length }), text: '' }
  }
  const own = aim === undefined ? /^\][A-Za-z][0-9A-Za-z]/.exec(text)?.[0] : undefined
  const symbology = aim ?? own
  const data = (own === undefined ? text : text.slice(own.length)).trim()
  if (symbology !== undefined && GS1_SYMBOLOGIES.test(symbology))
    return fromElements(elementString(data), data)
  if (symbology !== undefined && EAN_SYMBOLOGIES.test(symbology)) return fromEan(data, symbology)
  if (data.startsWith(GS)) return fromElements(elementString(data), data)
  if (data.startsWith('(')) return readable(humanForm(data), data)
  if (/^https?:\/\//i.test(data)) return fromLink(data)
  if (data.includes(GS) || /^01\d{14}(10|11|15|17|21)/.test(data)) {
    return unmarked(data)
  }
  if (/^(\d{8}|\d{12,14})$/.test(data)) return fromDigits(data, symbology)
  return { kind: 'other', text: data }
}

/**
 * A GS1 date, `YYMMDD`, as `YYYY-MM-DD`; day 00 is the month's last. The century is the one that is nearest to
 * `year` (General Specifications, ch. 7.12). Undefined if there is no such day.
 */
export function gs1Date(value: string, year: number): string | undefined {
  const [, yy = '', mm = '', dd = ''] = /^(\d\d)(\d\d)(\d\d)$/.exec(value) ?? []
  const month = Number(mm)
  if (yy === '' || month < 1 || month > 12) return undefined
  const century = year - (year % 100)
  const ahead = Number(yy) - (year % 100)
  const full = century + Number(yy) + (ahead > 50 ? -100 : ahead < -49 ? 100 : 0)
  const leap = (full % 4 === 0 && full % 100 !== 0) || full % 400 === 0
  const last = month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31
  const day = dd === '00' ? last : Number(dd)
  return day > last ? undefined : `${full}-${mm}-${String(day).padStart(2, '0')}`
}

type Elements = readonly Gs1Element[] | { readonly error: ErrorReport }

function isBroken(elements: Elements): elements is { readonly error: ErrorReport } {
  return 'error' in elements
}

function fromElements(elements: Elements, text: string): ReadCode {
  if (isBroken(elements)) return { kind: 'invalid', error: elements.error, text }
  const said = (ai: string): string | undefined => elements.find(element => element.ai === ai)?.value
  const article = said('01')
  if (article === undefined) return { kind: 'other', text, elements }
  const [serial, batch, expiry] = [said('21'), said('10'), said('17')]
  return {
    kind: 'gtin',
    gtin: gtin(article),
    ...(serial === undefined ? {} : { serial }),
    ...(batch === undefined ? {} : { batch }),
    ...(expiry === undefined ? {} : { expiry }),
    elements,
  }
}

/** Text in brackets need not be GS1 at all: what does not parse is only text, except for a wrong check digit. */
function readable(elements: Elements, text: string): ReadCode {
  if (isBroken(elements) && elements.error.code !== 'value.gtin') return { kind: 'other', text }
  return fromElements(elements, text)
}

/** An element string whose reader sends no AIM identifier: believed only if it makes sense to its end. */
function unmarked(data: string): ReadCode {
  const elements = elementString(data)
  return isBroken(elements) ? { kind: 'other', text: data } : fromElements(elements, data)
}

// ── EAN and UPC ─────────────────────────────────────────────────────────────────────────────────────────

function fromEan(data: string, symbology: string): ReadCode {
  const [, main = data, addOn] = /^(\d{13})(\d{2}|\d{5})$/.exec(data) ?? []
  const upcE = symbology === ']E0' && /^\d{6,8}$/.test(main) ? expandUpcE(main) : undefined
  if (upcE !== undefined && isGtin(upcE)) return { kind: 'gtin', gtin: gtin(upcE) }
  if (!isGtin(main) || main.length === 14) return wrong(data)
  return { kind: 'gtin', gtin: gtin(main), ...(addOn === undefined ? {} : { addOn }) }
}

/**
 * Digits alone, in EAN, ITF or any other bars. Where the reader says that the symbol is none of those (Code 128, QR …),
 * a wrong check digit proves nothing.
 */
function fromDigits(data: string, symbology: string | undefined): ReadCode {
  if (isGtin(data)) return { kind: 'gtin', gtin: gtin(data) }
  if (symbology !== undefined && !symbology.startsWith(']I')) return { kind: 'other', text: data }
  return wrong(data)
}

function wrong(text: string): ReadCode {
  return { kind: 'invalid', error: report('value.gtin', { code: text.slice(0, 20) }), text }
}

/**
 * UPC-E to UPC-A (General Specifications, ch. 5.2.2.4.2): six digits, with the number system 0 or 1 before them and
 * the check digit behind them where the reader sends those.
 */
function expandUpcE(digits: string): string | undefined {
  const system = digits.length === 6 ? '0' : digits.slice(0, 1)
  if (system !== '0' && system !== '1') return undefined
  const six = digits.length === 6 ? digits : digits.slice(1, 7)
  const [a, b, c, d, e, last] = [...six]
  const body =
    last === '0' || last === '1' || last === '2'
      ? `${a}${b}${last}0000${c}${d}${e}`
      : last === '3'
        ? `${a}${b}${c}00000${d}${e}`
        : last === '4'
          ? `${a}${b}${c}${d}00000${e}`
          : `${a}${b}${c}${d}${e}0000${last}`
  const without = `${system}${body}`
  return `${without}${digits.length === 8 ? digits.slice(7) : checkDigit(without)}`
}

// ── GS1 element strings ─────────────────────────────────────────────────────────────────────────────────

function unreadable(ai: string, reason: string): { readonly error: ErrorReport } {
  return { error: report('scan.unreadable', { ai, reason }) }
}

/** Takes an element string apart: fixed lengths end by themselves, variable ones at FNC1 or the end. */
function elementString(data: string): Elements {
  const found: Gs1Element[] = []
  let rest = data
  for (;;) {
    while (rest.startsWith(GS)) rest = rest.slice(1)
    if (rest === '') break
    const identifier = identifierAt(rest)
    if (identifier === undefined) return unreadable(rest.slice(0, 4), 'unknown identifier')
    const { ai, fixed } = identifier
    const separator = rest.indexOf(GS)
    const end = separator < 0 ? rest.length : separator
    const stop = fixed === undefined ? end : Math.min(end, ai.length + fixed)
    const trouble = take(found, identifier, rest.slice(ai.length, stop))
    if (trouble !== undefined) return trouble
    rest = rest.slice(stop)
  }
  return found.length === 0 ? unreadable('', 'empty') : found
}

/** `(01)04006381333931(21)ABC`: as printed under the bars, and as people type it. */
function humanForm(data: string): Elements {
  const found: Gs1Element[] = []
  const parts = /\((\d{2,4})\)((?:(?!\(\d{2,4}\)).)*)/gsy
  for (let at = 0; at < data.length; at = parts.lastIndex) {
    const [, ai = '', value = ''] = parts.exec(data) ?? []
    const identifier = identifierAt(ai)
    if (ai === '' || identifier?.ai !== ai) return unreadable(ai, 'unknown identifier')
    const trouble = take(found, identifier, value)
    if (trouble !== undefined) return trouble
  }
  return found.length === 0 ? unreadable('', 'empty') : found
}

/** Adds one element if it is well formed and does not contradict an earlier one. */
function take(
  found: Gs1Element[],
  identifier: ApplicationIdentifier,
  value: string,
): { readonly error: ErrorReport } | undefined {
  const { ai, pattern, checked } = identifier
  if (!pattern.test(value)) return unreadable(ai, 'malformed value')
  if (checked !== undefined) {
    const digits = value.slice(0, checked)
    if (checkDigit(digits.slice(0, -1)) !== Number(digits.at(-1))) {
      return ai === '01' || ai === '02'
        ? { error: report('value.gtin', { code: value }) }
        : unreadable(ai, 'wrong check digit')
    }
  }
  const earlier = found.find(element => element.ai === ai)
  if (earlier !== undefined && earlier.value !== value) return unreadable(ai, 'said twice')
  if (earlier === undefined) found.push({ ai, value })
  return undefined
}

// ── GS1 Digital Link ────────────────────────────────────────────────────────────────────────────────────

/** `https://id.gs1.org/01/09506000134352/21/ABC?17=261231`. A link without AI 01 is only text. */
function fromLink(data: string): ReadCode {
  const [, path = '', query = ''] = /^https?:\/\/[^/?#]+([^?#]*)(?:\?([^#]*))?/i.exec(data) ?? []
  const segments = path.split('/').filter(segment => segment !== '')
  const start = segments.findIndex((segment, index) => {
    const next = segments[index + 1]
    return segment === '01' && next !== undefined && /^(\d{8}|\d{12,14})$/.test(next)
  })
  if (start < 0) return { kind: 'other', text: data }
  const pairs: (readonly [string, string])[] = []
  for (let at = start; at + 1 < segments.length; at += 2) {
    pairs.push([segments[at] ?? '', segments[at + 1] ?? ''])
  }
  for (const parameter of query.split(/[&;]/)) {
    const [name = '', value = ''] = parameter.split('=', 2)
    // Other parameters are the web site's own business.
    if (identifierAt(name)?.ai === name) pairs.push([name, value])
  }
  const found: Gs1Element[] = []
  for (const [ai, encoded] of pairs) {
    const identifier = identifierAt(ai)
    const value = percentDecoded(encoded)
    if (identifier?.ai !== ai || value === undefined) return broken(data, unreadable(ai, 'malformed link'))
    const trouble = take(found, identifier, ai === '01' ? value.padStart(14, '0') : value)
    if (trouble !== undefined) return broken(data, trouble)
  }
  return fromElements(found, data)
}

function broken(text: string, { error }: { readonly error: ErrorReport }): ReadCode {
  return { kind: 'invalid', error, text }
}

function percentDecoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value)
  } catch {
    return undefined
  }
}
