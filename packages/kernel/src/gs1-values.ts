// What a GS1 value must be beyond its length and characters: check digits and check characters, dates and times, and
// the few values that some identifiers allow. Each check has one letter in the table of identifiers.
import { checkDigit } from './gtin.ts'

/** What a check found wrong, in a few words; undefined if nothing. */
type Check = (value: string) => string | undefined

const matches =
  (pattern: RegExp, what: string): Check =>
  value =>
    pattern.test(value) ? undefined : what

const TIME = 'no such time'

const CHECKS: { readonly [letter: string]: Check } = {
  c: value => (checkDigit(value.slice(0, -1)) === Number(value.at(-1)) ? undefined : 'wrong check digit'),
  a: value =>
    value.length >= 2 && checkPair(value.slice(0, -2)) === value.slice(-2)
      ? undefined
      : 'wrong check characters',
  d: value => (isDay(value.slice(0, 2), value.slice(2), true) ? undefined : 'no such date'),
  D: value => (isDay(value.slice(0, 2), value.slice(2), false) ? undefined : 'no such date'),
  Y: value => (isDay(value.slice(0, 4), value.slice(4), false) ? undefined : 'no such date'),
  t: matches(/^([01]\d|2[0-3])[0-5]\d$/, TIME),
  h: matches(/^([01]\d|2[0-3])$/, TIME),
  m: matches(/^[0-5]\d$/, TIME),
  p: value => {
    const [piece, total] = [Number(value.slice(0, 2)), Number(value.slice(2))]
    return piece > 0 && piece <= total ? undefined : 'no such piece'
  },
  y: matches(/^[01]$/, 'neither 0 nor 1'),
  z: matches(/^0$/, 'not zero'),
  n: matches(/[1-9]/, 'zero'),
  '-': matches(/^-$/, 'not a minus'),
  s: matches(/^[0129]$/, 'no code of ISO 5218'),
  w: matches(/^[019]$/, 'no winding direction'),
  r: matches(/^(0|[1-9]\d*)$/, 'leading zero'),
  x: matches(/\D/, 'digits alone'),
  i: value => (isIban(value) ? undefined : 'wrong IBAN'),
  '%': matches(/^([^%]|%[0-9A-Fa-f]{2})*$/, 'malformed percent encoding'),
  '/': matches(/^\d\/\d$/, 'not position/total'),
}

/** Checks that prove that the symbol was read as it was printed; the others only say that it was printed wrongly. */
const PROOFS = 'ca'

export interface ValueProblem {
  readonly what: string
  /** A check digit is wrong: the reading cannot be trusted. */
  readonly misread: boolean
  /** Which component it is. */
  readonly component: number
}

/** The first thing that is wrong with the components of a value whose form is right. */
export function valueProblem(
  components: readonly (string | undefined)[],
  checks: readonly string[],
): ValueProblem | undefined {
  for (const [component, letters] of checks.entries()) {
    const value = components[component]
    if (value === undefined) continue
    for (const letter of letters) {
      const what = CHECKS[letter]?.(value)
      if (what !== undefined) return { what, misread: PROOFS.includes(letter), component }
    }
  }
  return undefined
}

/** Years of two digits are of this century: only February 29th could tell, and 2000 was a leap year. */
function isDay(year: string, monthDay: string, monthAlone: boolean): boolean {
  const [month, day] = [Number(monthDay.slice(0, 2)), Number(monthDay.slice(2))]
  if (month < 1 || month > 12) return false
  if (day === 0) return monthAlone
  const full = Number(year) + (year.length === 2 ? 2000 : 0)
  const leap = (full % 4 === 0 && full % 100 !== 0) || full % 400 === 0
  return day <= (month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31)
}

const SET_82 = '!"%&\'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'
const SET_32 = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'
/** Weights from the right: the first primes, for the 23 characters that a value has at most. */
const PRIMES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83]

/** The check character pair of a GMN (General Specifications, ch. 7.9.5): weighted sum modulo 1021, five bits each. */
function checkPair(text: string): string | undefined {
  let sum = 0
  for (const [index, character] of [...text].reverse().entries()) {
    const value = SET_82.indexOf(character)
    const weight = PRIMES[index]
    if (value < 0 || weight === undefined) return undefined
    sum += value * weight
  }
  sum %= 1021
  return `${SET_32[sum >> 5]}${SET_32[sum & 31]}`
}

/** ISO 13616: the first four characters moved to the end, letters as 10 to 35, is 1 modulo 97. */
function isIban(text: string): boolean {
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{1,30}$/.test(text)) return false
  let rest = 0
  for (const character of text.slice(4) + text.slice(0, 4)) {
    const value = Number.parseInt(character, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}
