// Numbers that the card schemes publish for tests, in the ways terminals print them.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maskCardNumbers } from './card-number.ts'

/** Published test numbers of the schemes. */
const NUMBERS = [
  '4111111111111111',
  '5555555555554444',
  '378282246310005',
  '6011000990139424',
  '36227206271667',
]

/** Luhn, the plain way. */
function isValid(digits: readonly number[]): boolean {
  const sum = digits.toReversed().reduce((total, digit, place) => {
    const weighed = place % 2 === 1 ? digit * 2 : digit
    return total + Math.floor(weighed / 10) + (weighed % 10)
  }, 0)
  return sum % 10 === 0
}

describe('card numbers in a text', () => {
  it('are masked but for their last four digits, in groups as in one', () => {
    for (const number of NUMBERS)
      expect(maskCardNumbers(`PAN ${number} EXP`)).toBe(
        `PAN ${'*'.repeat(number.length - 4)}${number.slice(-4)} EXP`,
      )
    expect(maskCardNumbers('4111 1111 1111 1111')).toBe('**** **** **** 1111')
    expect(maskCardNumbers('4111-1111-1111-1111')).toBe('****-****-****-1111')
  })

  it('are masked beside an expiry, a receipt number or another card', () => {
    expect(maskCardNumbers('4111 1111 1111 1111 12/29')).toBe('**** **** **** 1111 12/29')
    expect(maskCardNumbers('Karte 4111111111111111 1229')).toBe('Karte ************1111 1229')
    expect(maskCardNumbers('Beleg 0042 4111111111111111')).toBe('Beleg 0042 ************1111')
    expect(maskCardNumbers('4111111111111111 5555555555554444')).toBe('************1111 ************4444')
  })

  it('are masked however they are grouped, padded or run together with what follows', () => {
    expect(maskCardNumbers('4111.1111.1111.1111')).toBe('****.****.****.1111')
    expect(maskCardNumbers('4111  1111  1111  1111')).toBe('****  ****  ****  1111')
    expect(maskCardNumbers('4111 1111\r\n1111 1111')).toBe('**** ****\r\n**** 1111')
    expect(maskCardNumbers('00004111111111111111')).toBe('0000************1111')
    expect(maskCardNumbers('41111111111111112912')).toBe('************11112912')
    expect(maskCardNumbers('3782822463100052912')).not.toContain('378282246310005')
  })

  it('are looked for in time that grows with the text alone', () => {
    // Each of these took minutes once: all ways to cut a run of groups were tried.
    for (const long of ['4 '.repeat(40_000), '4'.repeat(80_000), '0 '.repeat(40_000), '41-'.repeat(30_000)])
      expect(maskCardNumbers(long)).toHaveLength(long.length)
  }, 20_000)

  it('are found wherever the check digits are right, for every length', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 10, maxLength: 17 }),
        fc.integer({ min: 1, max: 9 }),
        (middle, first) => {
          const body = [first, ...middle]
          const check = Array.from({ length: 10 }, (_, digit) => [...body, digit]).find(isValid) ?? []
          const number = check.join('')
          expect(maskCardNumbers(`x ${number} y`)).toBe(
            `x ${'*'.repeat(number.length - 4)}${number.slice(-4)} y`,
          )
        },
      ),
    )
  })

  it('are not seen where there is none: amounts, dates, terminal ids, masked numbers', () => {
    for (const text of [
      '12,50 EUR',
      '22.11.2026 10:04:31',
      // Fourteen digits with a right check digit, and a moment all the same.
      '22.11.2026 10.04.35',
      '2026-11-22 100435',
      'TID 65001234',
      '************1111',
      'Trace 000123',
    ])
      expect(maskCardNumbers(text)).toBe(text)
  })

  it('leave everything else of the text as it is, and its length', () => {
    fc.assert(
      fc.property(fc.string(), text => {
        const masked = maskCardNumbers(text)
        expect(masked.length).toBe(text.length)
        expect(masked.replace(/[\d*]/g, '')).toBe(text.replace(/[\d*]/g, ''))
      }),
    )
  })
})
