// Card numbers in free text. What a terminal prints is kept; a full card number never is.

/**
 * Digits as they are printed, with up to two blanks or a line break between them, or a dot, dash or slash between groups
 * of three or more: those between shorter ones are dates and times.
 */
const RUN = /\d(?:(?:[ \t\r\n]{0,2}|(?<=\d{3})[.\-/](?=\d{3}))\d)*/g
/** ISO/IEC 7812. */
const SHORTEST = 12
const LONGEST = 19
/** A group that is longer than this may hold a number with something directly beside it: zeros, an expiry. */
const LONGEST_PLAIN = 16
const SHOWN_AT_END = 4

/**
 * The text with every number that may be a card's (12 to 19 digits in whole groups, or anywhere in a group of more than
 * 16, with a right check digit, ISO/IEC 7812-1 annex B) masked but for its last four digits. Length and groups stay; what
 * stands beside it, an expiry or a receipt number, stays as well. Rather a number too many than one too few. Takes time
 * in proportion to the text.
 */
export function maskCardNumbers(text: string): string {
  return text.replace(RUN, run => (run.length < SHORTEST ? run : maskedRun(run)))
}

function maskedRun(run: string): string {
  const digits = digitsOf(run)
  const sums = checkSums(digits.map(({ value }) => value))
  const masked = new Set<number>()
  for (let from = 0; from < digits.length; from += 1) {
    const end = endOfNumber(digits, from, sums)
    if (end === undefined) continue
    for (const { at } of digits.slice(from, end - SHOWN_AT_END)) masked.add(at)
    from = end - 1
  }
  return masked.size === 0 ? run : Array.from(run, (sign, at) => (masked.has(at) ? '*' : sign)).join('')
}

interface Digit {
  readonly value: number
  /** In the run. */
  readonly at: number
  /** A number may begin here. */
  readonly begins: boolean
  /** A number may end behind it. */
  readonly ends: boolean
}

/** Numbers begin and end where groups do; in a group too long for one, anywhere. */
function digitsOf(run: string): readonly Digit[] {
  return [...run.matchAll(/\d+/g)].flatMap(({ 0: group, index }) =>
    Array.from(group, (sign, place) => ({
      value: Number(sign),
      at: index + place,
      begins: place === 0 || group.length > LONGEST_PLAIN,
      ends: place === group.length - 1 || group.length > LONGEST_PLAIN,
    })),
  )
}

/** Behind which digit a card's number ends that begins here. The longest first: one may begin with a shorter one. */
function endOfNumber(digits: readonly Digit[], from: number, sums: CheckSums): number | undefined {
  const first = digits[from]
  if (!first?.begins || first.value === 0) return undefined
  for (let end = Math.min(from + LONGEST, digits.length); end >= from + SHORTEST; end -= 1)
    if (digits[end - 1]?.ends && isRight(sums, from, end)) return end
  return undefined
}

/** Sums of the digits before each place, with every other one doubled: those at even places, or those at odd ones. */
interface CheckSums {
  readonly even: readonly number[]
  readonly odd: readonly number[]
}

function checkSums(values: readonly number[]): CheckSums {
  const even = [0]
  const odd = [0]
  for (const [at, value] of values.entries()) {
    const doubled = value > 4 ? value * 2 - 9 : value * 2
    even.push((even[at] ?? 0) + (at % 2 === 0 ? doubled : value))
    odd.push((odd[at] ?? 0) + (at % 2 === 1 ? doubled : value))
  }
  return { even, odd }
}

/** The last digit counts once, the one before it twice, and so on. */
function isRight(sums: CheckSums, from: number, end: number): boolean {
  const sum = end % 2 === 0 ? sums.even : sums.odd
  return ((sum[end] ?? 0) - (sum[from] ?? 0)) % 10 === 0
}
