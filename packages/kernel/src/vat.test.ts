// VAT inside gross prices: net and tax are the gross, to the cent, per rate.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { minor } from './money.ts'
import { vatOf } from './vat.ts'

describe('VAT', () => {
  it('is taken out of the gross, once per rate', () => {
    const lines = [
      { grossMinor: minor(1190), rate: 1900 },
      { grossMinor: minor(107), rate: 700 },
      { grossMinor: minor(1190), rate: 1900 },
    ]
    expect(vatOf(lines)).toEqual([
      { rate: 1900, grossMinor: 2380, netMinor: 2000, vatMinor: 380 },
      { rate: 700, grossMinor: 107, netMinor: 100, vatMinor: 7 },
    ])
  })

  it('leaves out what carries none', () => {
    expect(vatOf([{ grossMinor: minor(2500), rate: null }])).toEqual([])
  })

  it('adds up to the gross whatever the rates and signs', () => {
    const line = fc.record({
      grossMinor: fc.integer({ min: -1e7, max: 1e7 }).map(value => minor(value)),
      rate: fc.constantFrom(0, 250, 700, 1900, 2550),
    })
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), lines => {
        const rates = vatOf(lines)
        for (const each of rates) expect(each.netMinor + each.vatMinor).toBe(each.grossMinor)
        const gross = lines.reduce((sum, each) => sum + each.grossMinor, 0)
        expect(rates.reduce((sum, each) => sum + each.grossMinor, 0)).toBe(gross)
      }),
    )
  })
})
