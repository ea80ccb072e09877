// Ids: what a register may send, and that the lane's own names are new, ordered and unguessable.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CashdeskError } from './errors.ts'
import { fractionOf, lineId, newId, saleId, sipHash } from './ids.ts'

const hexDigits = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
    .map(digits => digits.join(''))
const stamp = fc.record({ at: fc.integer({ min: 0, max: 2 ** 47 }), nonce: hexDigits(32) })

describe('an id of the register', () => {
  it('is taken as it is', () => {
    expect(saleId('0412-07/2026.11.21:3_a')).toBe('0412-07/2026.11.21:3_a')
  })

  it.each(['', 'a b', 'ä', 'x'.repeat(65), 7, null, undefined, {}])('is refused when it is %j', value => {
    expect(() => lineId(value)).toThrow(CashdeskError)
    expect(() => lineId(value)).toThrow(/value\.id/)
  })
})

describe('the keyed hash behind new ids', () => {
  it('is SipHash-2-4: the authors’ vector for eight bytes', () => {
    expect(sipHash('000102030405060708090a0b0c0d0e0f', 0x0706050403020100n)).toBe(0x93f5f5799a932462n)
  })
})

describe('a new id', () => {
  it('is a UUIDv7 that begins with the time of its step', () => {
    fc.assert(
      fc.property(stamp, fc.nat(4095), (step, index) => {
        const id = newId(step, index)
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
        expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(step.at)
      }),
    )
  })

  it('sorts after the ids before it in the same step', () => {
    fc.assert(
      fc.property(stamp, fc.nat(4000), (step, index) => {
        expect(newId(step, index) < newId(step, index + 1)).toBe(true)
      }),
    )
  })

  it('differs from every other of its step, and from the same one of a step with another nonce', () => {
    const ids = Array.from({ length: 1000 }, (_, index) => newId({ at: 1, nonce: '0'.repeat(32) }, index))
    expect(new Set(ids).size).toBe(1000)
    expect(newId({ at: 1, nonce: `${'0'.repeat(31)}1` }, 0)).not.toBe(ids[0])
  })
})

describe('the fraction for jitter', () => {
  it('lies in [0, 1) and belongs to the step', () => {
    fc.assert(
      fc.property(stamp, fc.nat(1000), (step, salt) => {
        const value = fractionOf(step, salt)
        expect(value).toBeGreaterThanOrEqual(0)
        expect(value).toBeLessThan(1)
        expect(fractionOf(step, salt)).toBe(value)
      }),
    )
  })
})
