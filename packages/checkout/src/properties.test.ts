// Random registers, random worlds, random accidents: I1 to I8 hold after every step, and when everything heals every
// sale ends. A failure prints its seed and the shortest sequence that shows it.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Chaos, type Step } from '../test/chaos.ts'
import { heal, unforced } from '../test/healing.ts'
import { violations } from '../test/invariants.ts'

/** Without a bias to zero, which would open a sale in every other step. */
const number = fc.noBias(fc.nat({ max: 5_039 }))
const step: fc.Arbitrary<Step> = fc.tuple(number, number, number, number)
const steps = (most: number): fc.Arbitrary<readonly Step[]> =>
  fc.array(step, { minLength: 1, maxLength: most, size: 'max' })

const begin = (swiss: boolean): Chaos => {
  const chaos = new Chaos(swiss)
  // A sale with something on it: from nothing most steps would do nothing.
  chaos.step([0, 1, 1, 0])
  chaos.step([2, 1, 3, 1])
  return chaos
}

describe('any sequence of inputs', () => {
  it('holds the invariants after every step, and heals', () => {
    fc.assert(
      fc.property(fc.boolean(), steps(60), (swiss, sequence) => {
        const chaos = begin(swiss)
        for (const each of sequence) {
          chaos.step(each)
          expect(violations(chaos)).toEqual([])
        }
        heal(chaos)
        expect(violations(chaos)).toEqual([])
        expect(unforced(chaos)).toEqual([])
      }),
      { numRuns: Number(process.env['RUNS'] ?? 3_000) },
    )
  }, 600_000)

  it('leaves a lane that a start reads back from its events, and is decided without touching it', () => {
    fc.assert(
      fc.property(fc.boolean(), steps(40), (swiss, sequence) => {
        const chaos = begin(swiss)
        chaos.till.careful = true
        for (const each of sequence) chaos.step(each)
        expect(chaos.till.refold()).toEqual(chaos.till.lane)
      }),
      { numRuns: 300 },
    )
  })

  it('repeated command by command changes nothing', () => {
    fc.assert(
      fc.property(fc.boolean(), steps(40), (swiss, sequence) => {
        const chaos = begin(swiss)
        for (const each of sequence) {
          const [said, happened] = [chaos.history.length, chaos.till.events.length]
          chaos.step(each)
          // Another copy is another paper, and a total that was taken back is pressed anew.
          if (chaos.till.events.slice(happened).some(event => event.type === 'sale.reopened')) continue
          for (const command of chaos.history.slice(said)) {
            if (command.type === 'sale.print') continue
            const again = chaos.till.do(command).filter(event => event.type !== 'refused')
            expect([command, again]).toEqual([command, []])
          }
        }
      }),
      { numRuns: 1_000 },
    )
  })
})
