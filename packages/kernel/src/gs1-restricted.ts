// Restricted-circulation numbers (prefixes 02, 04, 20 to 29, 40 to 49, and GTIN-8 from 0 or 2): what their digits say is
// agreed in a country or a shop, so it is configured as a template and never guessed (General Specifications, ch. 2.1.11).
import { CashdeskError, type ErrorReport, report } from './errors.ts'
import { checkDigit, type Gtin, gtin } from './gtin.ts'

/** What the digits of one kind of restricted number say. Made by `restrictedTemplate`. */
export interface RestrictedTemplate {
  readonly layout: string
  readonly measure: 'price' | 'weight' | 'count'
  /** Decimal places of the price, weight or count. */
  readonly decimals: number
  readonly verifier: 'gs1' | 'mod10'
}

/** An article and the price, weight or count that its label carries. */
export interface RestrictedNumber {
  /** The number with its measure and verifier digits as zeros and the check digit that belongs to that: its place in the catalog. */
  readonly gtin: Gtin
  /** The digits of the article alone. */
  readonly item: string
  readonly measure: 'price' | 'weight' | 'count'
  /** Digits as they stand; 1234 with `decimals` 3 is 1.234. */
  readonly value: number
  readonly decimals: number
}

const MEASURES = { P: 'price', W: 'weight', Q: 'count' } as const

/**
 * A template, one letter or digit for each of 8 or 13 digits: digits stand for themselves, `I` the article, `P` the
 * price, `W` the weight, `Q` a count, `V` the digit that verifies the measure, `X` anything, `C` the check digit.
 * `20IIIIIVPPPPC`. Twelve digits (UPC-A from 2) are read as thirteen with a zero in front. `verifier`: how `V` is
 * computed, `gs1` (default) for four or five digits, `mod10` as a check digit.
 * @throws CashdeskError `config.invalid`
 */
export function restrictedTemplate(
  layout: string,
  options: { readonly decimals: number; readonly verifier?: 'gs1' | 'mod10' },
): RestrictedTemplate {
  const { decimals, verifier = 'gs1' } = options
  const [, letters = ''] = /^(?:0[024]|[24]\d|0\d|2)([\dIPWQVX]+)C$/.exec(layout) ?? []
  const measured = /(P+|W+|Q+)/.exec(letters)?.[0] ?? ''
  const letter = measured.charAt(0)
  const bad =
    (layout.length === 13 ? !/^(0[24]|[24]\d)/.test(layout) : layout.length !== 8) ||
    !letters.includes('I') ||
    !isMeasure(letter) ||
    /[PWQ]/.test(letters.replace(measured, '')) ||
    letters.split('V').length > 2 ||
    (letters.includes('V') && verifier === 'gs1' && measured.length !== 4 && measured.length !== 5)
  if (bad || !isMeasure(letter)) throw new CashdeskError('config.invalid', { field: 'layout', value: layout })
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > measured.length)
    throw new CashdeskError('config.invalid', { field: 'decimals', value: String(decimals) })
  return { layout, measure: MEASURES[letter], decimals, verifier }
}

/**
 * What `digits`, a number with a right check digit, says by the first template that fits; an error if its verifier
 * digit is wrong, undefined if none fits.
 */
export function readRestricted(
  digits: string,
  templates: readonly RestrictedTemplate[],
): RestrictedNumber | { readonly error: ErrorReport } | undefined {
  const full = digits.length === 12 ? `0${digits}` : digits
  const template = templates.find(({ layout }) => fits(full, layout))
  if (template === undefined) return undefined
  const { layout, measure, decimals, verifier } = template
  const pick = (letters: string): string =>
    [...full].filter((_, at) => letters.includes(layout[at] ?? '')).join('')
  const measured = pick('PWQ')
  const verified = pick('V')
  const expected = verifier === 'gs1' ? priceCheckDigit(measured) : checkDigit(measured)
  if (verified !== '' && expected !== Number(verified)) {
    return { error: report('scan.unreadable', { code: full, reason: `wrong ${measure} check digit` }) }
  }
  const body = [...full]
    .map((digit, at) => ('PWQV'.includes(layout[at] ?? '') ? '0' : digit))
    .join('')
    .slice(0, -1)
  const article = gtin(`${body}${checkDigit(body)}`)
  return { gtin: article, item: pick('I'), measure, value: Number(measured), decimals }
}

function isMeasure(letter: string): letter is keyof typeof MEASURES {
  return Object.hasOwn(MEASURES, letter)
}

function fits(digits: string, layout: string): boolean {
  if (digits.length !== layout.length) return false
  return [...layout].every((letter, at) => !/\d/.test(letter) || letter === digits[at])
}

/** Weighted digits of the price check digit: twice less the tens, five times plus and less the tens, three times. */
const WEIGHTED = {
  '2-': [0, 2, 4, 6, 8, 9, 1, 3, 5, 7],
  '3': [0, 3, 6, 9, 2, 5, 8, 1, 4, 7],
  '5+': [0, 5, 1, 6, 2, 7, 3, 8, 4, 9],
  '5-': [0, 5, 9, 4, 8, 3, 7, 2, 6, 1],
} as const

/**
 * The check digit of a price or weight of four or five digits (General Specifications, ch. 7.9.3 and 7.9.4); undefined
 * for other lengths.
 */
export function priceCheckDigit(digits: string): number | undefined {
  const weights = { 4: ['2-', '2-', '3', '5-'], 5: ['5+', '2-', '5-', '5+', '2-'] } as const
  const chosen = digits.length === 4 ? weights[4] : digits.length === 5 ? weights[5] : undefined
  if (chosen === undefined || !/^\d+$/.test(digits)) return undefined
  const sum = chosen.reduce((total, weight, at) => total + (WEIGHTED[weight][Number(digits[at])] ?? 0), 0)
  return digits.length === 4
    ? (sum * 3) % 10
    : WEIGHTED['5-'].findIndex(value => value === (10 - (sum % 10)) % 10)
}
