// Card numbers in free text. What a terminal prints is kept; a full card number never is.

/** Groups of digits as they are printed: with one blank or dash between them, or in one. */
const GROUPS = /\d+(?:[ -]\d+)*/g
/** ISO/IEC 7812. */
const SHORTEST = 12
const LONGEST = 19
const SHOWN_AT_END = 4

/**
 * The text with every number that may be a card's (12 to 19 digits, in whole groups, with a right check digit, ISO/IEC
 * 7812-1 annex B) masked but for its last four digits. Length and groups stay; what stands beside it, an expiry or a
 * receipt number, stays as well.
 */
export function maskCardNumbers(text: string): string {
  return text.replace(GROUPS, run => maskedRun(run))
}

function maskedRun(run: string): string {
  const parts = run.split(/([ -])/)
  for (let from = 0; from < parts.length; from += 2) {
    // The longest first: a card number may begin with a shorter number that has a right check digit, too.
    for (let to = parts.length; to > from; to -= 2) {
      const digits = parts.slice(from, to).join('').replace(/\D/g, '')
      if (digits.length < SHORTEST || digits.length > LONGEST || !isCardNumber(digits)) continue
      let left = digits.length - SHOWN_AT_END
      for (let at = from; at < to; at += 1)
        parts[at] = parts[at]?.replace(/\d/g, digit => (left-- > 0 ? '*' : digit)) ?? ''
      break
    }
  }
  return parts.join('')
}

function isCardNumber(text: string): boolean {
  const digits = Array.from(text, Number)
  const sum = digits.reduceRight((total, digit, index) => {
    const doubled = (digits.length - 1 - index) % 2 === 1 ? digit * 2 : digit
    return total + (doubled > 9 ? doubled - 9 : doubled)
  }, 0)
  return sum % 10 === 0 && digits[0] !== 0
}
