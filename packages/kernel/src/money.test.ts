// Money: nothing is lost, nothing is invented, nothing leaves the safe integers.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CashdeskError } from './errors.ts'
import {
  add,
  allocate,
  cashStepOf,
  currency,
  exponentOf,
  formatAmount,
  formatMinor,
  fraction,
  MAX_MINOR,
  minor,
  negate,
  roundToCash,
  subtract,
  times,
} from './money.ts'

const amount = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }).map(value => minor(value))

describe('an amount', () => {
  it.each([0.5, Number.NaN, Infinity, MAX_MINOR + 1, -MAX_MINOR - 1, '5', null, undefined])(
    'is not %j',
    value => {
      expect(() => minor(value)).toThrow(CashdeskError)
      expect(() => minor(value)).toThrow(/value\.amount/)
    },
  )

  it('is never minus zero', () => {
    for (const zero of [minor(-0), negate(minor(0)), times(minor(-5), 0), fraction(minor(-1), 1, 1000)]) {
      expect(Object.is(zero, 0)).toBe(true)
    }
  })

  it('adds and subtracts back', () => {
    fc.assert(
      fc.property(amount, amount, (a, b) => {
        expect(subtract(add(a, b), b)).toBe(a)
      }),
    )
  })

  it('refuses a sum beyond the largest amount', () => {
    expect(() => add(minor(MAX_MINOR), minor(1))).toThrow(/value\.amount/)
    expect(() => times(minor(MAX_MINOR), 2)).toThrow(/value\.amount/)
  })
})

describe('a currency', () => {
  it.each([
    ['EUR', 2],
    ['JPY', 0],
    ['KWD', 3],
    ['CLF', 4],
  ])('%s has %i digits', (code, digits) => {
    expect(exponentOf(currency(code))).toBe(digits)
  })

  it.each(['eur', 'XXX', 'EURO', '', 7, undefined])('is not %j', code => {
    expect(() => currency(code)).toThrow(/value\.currency/)
  })
})

describe('allocation', () => {
  it('loses no unit and gives nobody more than one unit off their share', () => {
    const weights = fc
      .array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 20 })
      .filter(list => list.some(each => each > 0))
    fc.assert(
      fc.property(amount, weights, (whole, list) => {
        const parts = allocate(whole, list)
        const total = list.reduce((sum, each) => sum + each, 0)
        expect(add(...parts)).toBe(whole)
        parts.forEach((part, index) => {
          expect(Math.abs(part - (whole * (list[index] ?? 0)) / total)).toBeLessThan(1)
        })
      }),
    )
  })

  it('gives the odd units to the largest remainders, the first ones where they are equal', () => {
    expect(allocate(minor(100), [1, 1, 1])).toEqual([34, 33, 33])
    expect(allocate(minor(-100), [1, 1, 1])).toEqual([-34, -33, -33])
    expect(allocate(minor(5), [3, 7])).toEqual([2, 3])
  })

  it.each([[[]], [[0, 0]], [[-1, 2]], [[0.5]]])('refuses the weights %j', weights => {
    expect(() => allocate(minor(1), weights)).toThrow(/value\.amount/)
  })
})

describe('a fraction of an amount', () => {
  it('is rounded half away from zero', () => {
    expect(fraction(minor(5), 1, 2)).toBe(3)
    expect(fraction(minor(-5), 1, 2)).toBe(-3)
    expect(fraction(minor(1999), 10, 100)).toBe(200)
    expect(fraction(minor(MAX_MINOR), 9999, 10_000)).toBe(999_900_000_000)
  })
})

describe('cash', () => {
  it('in Switzerland has no single rappen', () => {
    const chf = currency('CHF')
    expect([1002, 1003, 1007, 1008, 1010].map(each => roundToCash(minor(each), chf))).toEqual([
      1000, 1005, 1005, 1010, 1010,
    ])
    expect(roundToCash(minor(-1003), chf)).toBe(-1005)
  })

  it('is a multiple of the smallest coin, at most half a coin away', () => {
    const codes = fc.constantFrom('CHF', 'SEK', 'EUR', 'HUF', 'NZD', 'CZK').map(code => currency(code))
    fc.assert(
      fc.property(amount, codes, (value, code) => {
        const rounded = roundToCash(value, code)
        expect(Math.abs(rounded % cashStepOf(code))).toBe(0)
        expect(Math.abs(rounded - value) * 2).toBeLessThanOrEqual(cashStepOf(code))
      }),
    )
  })
})

describe('an amount on paper', () => {
  it('has the digits of its currency', () => {
    expect(formatMinor(1999, 'EUR')).toBe('19.99 EUR')
    expect(formatAmount(-5, 'EUR')).toBe('-0.05')
    expect(formatAmount(500, 'JPY')).toBe('500')
    expect(formatAmount(1, 'KWD')).toBe('0.001')
  })
})
