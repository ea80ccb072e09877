// What a scan says: an article, an article with its serial, or something else. Reads EAN/UPC numbers, GS1 element
// strings and GS1 Digital Link URIs (GS1 General Specifications, ch. 3, 5.1 and 7.8; GS1 Digital Link 1.4).
import { maskCardNumbers } from './card-number.ts'
import type { ErrorReport } from './errors.ts'
import { report } from './errors.ts'
import { GS, type Gs1Element, type Gs1Problem, gs1Elements, type ParsedElements } from './gs1-elements.ts'
import { digitalLink } from './gs1-link.ts'
import { type RestrictedNumber, type RestrictedTemplate, readRestricted } from './gs1-restricted.ts'
import { checkDigit, type Gtin, gtin, isGtin } from './gtin.ts'

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
      /** What GS1 forbids about them though the reading is certain. An article that is there can be sold. */
      readonly problems?: readonly Gs1Problem[]
    }
  /** A restricted number that a template explains: an article with its price, weight or count. */
  | ({ readonly kind: 'variable'; readonly text: string } & RestrictedNumber)
  /** No article number: a serial, a voucher, a customer card. `elements` if it is a GS1 code without AI 01. */
  | {
      readonly kind: 'other'
      readonly text: string
      readonly elements?: readonly Gs1Element[]
      readonly problems?: readonly Gs1Problem[]
    }
  /**
   * It should be an article number, and is wrong: `value.gtin`, or `scan.unreadable` for a broken GS1 symbol. Whoever
   * waits for a serial may still take `text`: any digits may be one.
   */
  | { readonly kind: 'invalid'; readonly error: ErrorReport; readonly text: string }

export interface ReadOptions {
  /** How restricted-circulation numbers are read, the first that fits; without one they are articles like any other. */
  readonly restricted?: readonly RestrictedTemplate[]
}

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
export function readCode(text: string, aim?: string, options: ReadOptions = {}): ReadCode {
  if (text.length > MAX_TEXT) {
    return { kind: 'invalid', error: report('scan.unreadable', { length: text.length }), text: '' }
  }
  const own = aim === undefined ? /^\][A-Za-z][0-9A-Za-z]/.exec(text)?.[0] : undefined
  const symbology = aim ?? own
  const data = (own === undefined ? text : text.slice(own.length)).trim()
  if (symbology !== undefined && GS1_SYMBOLOGIES.test(symbology)) return fromElements(gs1Elements(data), data)
  if (symbology !== undefined && EAN_SYMBOLOGIES.test(symbology)) return fromEan(data, symbology, options)
  if (data.startsWith(GS)) return fromElements(gs1Elements(data), data)
  if (data.startsWith('(')) return readable(data)
  if (/^https?:\/\//i.test(data)) return fromLink(data)
  if (data.includes(GS) || /^01\d{14}(10|11|15|17|21)/.test(data)) {
    return unmarked(data)
  }
  if (/^(\d{8}|\d{12,14})$/.test(data)) return fromDigits(data, symbology, options)
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

function fromElements({ elements: placed, problems: found, error }: ParsedElements, text: string): ReadCode {
  if (error !== undefined) return { kind: 'invalid', error, text }
  const elements = placed.map(({ ai, value }) => ({ ai, value }))
  const problems = found.length === 0 ? {} : { problems: found.map(({ ai, what }) => ({ ai, what })) }
  const said = (ai: string): string | undefined => elements.find(element => element.ai === ai)?.value
  const article = said('01')
  if (article === undefined) return { kind: 'other', text, elements, ...problems }
  const [serial, batch, expiry] = [said('21'), said('10'), said('17')]
  return {
    kind: 'gtin',
    gtin: gtin(article),
    ...(serial === undefined ? {} : { serial }),
    ...(batch === undefined ? {} : { batch }),
    ...(expiry === undefined ? {} : { expiry }),
    elements,
    ...problems,
  }
}

/** Text in brackets need not be GS1 at all: what does not parse is only text, except for a wrong check digit. */
function readable(data: string): ReadCode {
  const parsed = gs1Elements(data)
  if (parsed.error !== undefined && parsed.error.code !== 'value.gtin') return { kind: 'other', text: data }
  return fromElements(parsed, data)
}

/** An element string whose reader sends no AIM identifier: believed only if it makes sense to its end. */
function unmarked(data: string): ReadCode {
  const parsed = gs1Elements(data)
  return parsed.error === undefined ? fromElements(parsed, data) : { kind: 'other', text: data }
}

function fromLink(data: string): ReadCode {
  const parsed = digitalLink(data)
  return parsed === undefined ? { kind: 'other', text: data } : fromElements(parsed, data)
}

// ── EAN and UPC ─────────────────────────────────────────────────────────────────────────────────────────

function fromEan(data: string, symbology: string, options: ReadOptions): ReadCode {
  if (symbology === ']E3') {
    const shortened = withAddOn(data)
    // Thirteen digits may be both; which of two articles it is nobody knows.
    if (shortened !== undefined) return isGtin(data) ? wrong(data) : shortened
  }
  const [, main = data, addOn] = /^(\d{13})(\d{2}|\d{5})$/.exec(data) ?? []
  const upcE = symbology === ']E0' && /^\d{6,8}$/.test(main) ? expandUpcE(main) : undefined
  if (upcE !== undefined && isGtin(upcE)) return { kind: 'gtin', gtin: gtin(upcE) }
  if (!isGtin(main) || main.length === 14) return wrong(data)
  if (addOn === undefined) return article(main, options)
  return { kind: 'gtin', gtin: gtin(main), addOn }
}

/** UPC-A and UPC-E with an add-on, from scanners that send them without the zeros that make an EAN-13 of them. */
function withAddOn(data: string): ReadCode | undefined {
  const [, main = '', addOn = ''] = /^(\d{12}|\d{8})(\d{2}|\d{5})$/.exec(data) ?? []
  const digits = main.length === 8 ? expandUpcE(main) : main
  return digits !== undefined && isGtin(digits) ? { kind: 'gtin', gtin: gtin(digits), addOn } : undefined
}

/**
 * Digits alone, in EAN, ITF or any other bars. Where the reader says that the symbol is none of those (Code 128, QR …),
 * a wrong check digit proves nothing.
 */
function fromDigits(data: string, symbology: string | undefined, options: ReadOptions): ReadCode {
  if (isGtin(data)) return article(data, options)
  if (symbology !== undefined && !symbology.startsWith(']I')) return { kind: 'other', text: data }
  return wrong(data)
}

/** A number whose check digit is right. */
function article(digits: string, { restricted = [] }: ReadOptions): ReadCode {
  const variable = readRestricted(digits, restricted)
  if (variable === undefined) return { kind: 'gtin', gtin: gtin(digits) }
  if ('error' in variable) return { kind: 'invalid', error: variable.error, text: digits }
  return { kind: 'variable', text: digits, ...variable }
}

function wrong(text: string): ReadCode {
  return { kind: 'invalid', error: report('value.gtin', { code: maskCardNumbers(text).slice(0, 20) }), text }
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
