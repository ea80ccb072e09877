// GTINs: one article, one spelling, and no wrong digit gets through.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkDigit, gtin, isGtin } from './gtin.ts'

const digits = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length })
    .map(list => list.join(''))

describe('a GTIN', () => {
  it.each([
    ['4006381333931', '4006381333931'],
    ['036000291452', '0036000291452'],
    ['96385074', '96385074'],
    ['00000096385074', '96385074'],
    ['04006381333931', '4006381333931'],
    ['10614141000415', '10614141000415'],
  ])('%s is the article %s', (code, article) => {
    expect(gtin(code)).toBe(article)
  })

  it('has another check digit when any one digit is wrong', () => {
    fc.assert(
      fc.property(digits(12), fc.nat(12), fc.integer({ min: 1, max: 9 }), (body, at, by) => {
        const code = `${body}${checkDigit(body)}`
        const wrong = `${code.slice(0, at)}${(Number(code[at]) + by) % 10}${code.slice(at + 1)}`
        expect(isGtin(code)).toBe(true)
        expect(isGtin(wrong)).toBe(false)
      }),
    )
  })

  it.each(['', '123', '4006381333932', '400638133393x', 4006381333931, undefined])('is not %j', code => {
    expect(() => gtin(code)).toThrow(/value\.gtin/)
  })
})
