// Card numbers in free text. What a terminal prints is kept; a full card number never is.

/** ISO/IEC 7812: 12 to 19 digits; printed in groups or in one. */
const CANDIDATE = /\d(?:[ -]?\d){11,18}/g
const SHOWN_AT_END = 4

/**
 * The text with every number that may be a card's (12 to 19 digits with a right check digit, ISO/IEC 7812-1 annex B)
 * masked but for its last four digits. Length and groups stay.
 */
export function maskCardNumbers(text: string): string {
  return text.replace(CANDIDATE, number => (isCardNumber(number) ? masked(number) : number))
}

function isCardNumber(text: string): boolean {
  const digits = Array.from(text.replace(/\D/g, ''), Number)
  const sum = digits.reduceRight((total, digit, index) => {
    const doubled = (digits.length - 1 - index) % 2 === 1 ? digit * 2 : digit
    return total + (doubled > 9 ? doubled - 9 : doubled)
  }, 0)
  return sum % 10 === 0
}

function masked(number: string): string {
  let left = number.replace(/\D/g, '').length - SHOWN_AT_END
  return number.replace(/\d/g, digit => (left-- > 0 ? '*' : digit))
}
