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

  it('are not seen where there is none: amounts, dates, terminal ids, masked numbers', () => {
    for (const text of [
      '12,50 EUR',
      '22.11.2026 10:04:31',
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
