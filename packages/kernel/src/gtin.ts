// Global Trade Item Numbers: one article, one spelling, however many zeros its bar code carried.
import type { Brand } from './brand.ts'
import { maskCardNumbers } from './card-number.ts'
import { CashdeskError } from './errors.ts'

/** A GTIN with a correct check digit in its shortest standard form: 8, 13 or 14 digits. */
export type Gtin = Brand<string, 'Gtin'>

/** The GS1 check digit for `digits` without it (GS1 General Specifications, ch. 7.9): weights 3, 1, 3 … from the right. */
export function checkDigit(digits: string): number {
  let sum = 0
  for (let index = 0; index < digits.length; index += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48
    sum += index % 2 === 0 ? digit * 3 : digit
  }
  return (10 - (sum % 10)) % 10
}

/** Does this look like a GTIN and carry the right check digit? */
export function isGtin(value: string): boolean {
  return /^(\d{8}|\d{12,14})$/.test(value) && checkDigit(value.slice(0, -1)) === Number(value.at(-1))
}

/**
 * Reads GTIN-8, -12, -13 or -14 and answers the form under which the catalog knows the article: 12 digits are padded
 * to 13, and the zeros with which a GTIN-14 field pads shorter numbers are taken away.
 * @throws CashdeskError `value.gtin`
 */
export function gtin(value: unknown): Gtin {
  if (typeof value !== 'string' || !isGtin(value))
    throw new CashdeskError('value.gtin', { code: maskCardNumbers(String(value)).slice(0, 20) })
  const full = value.padStart(14, '0')
  if (full.startsWith('000000')) return full.slice(6) as Gtin
  return (full.startsWith('0') ? full.slice(1) : full) as Gtin
}
