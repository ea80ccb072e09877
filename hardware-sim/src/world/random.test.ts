// Seeded chance: the same for the same seed, and spread as chance should be.
import { describe, expect, it } from 'vitest'
import { Prng, SimRandom } from './random.ts'

const words = (seed: number, count = 20): number[] => {
  const prng = new Prng(seed)
  return Array.from({ length: count }, () => prng.word())
}

describe('the seeded generator', () => {
  it('repeats itself for a seed and differs between neighbours, however large', () => {
    expect(words(1)).toEqual(words(1))
    const seeds = [0, 1, 2, 2 ** 32, 2 ** 32 + 1, 2 ** 33, 2 ** 50, -1]
    expect(new Set(seeds.map(seed => words(seed).join())).size).toBe(seeds.length)
  })

  it('spreads evenly', () => {
    const prng = new Prng(3)
    const counts = Array.from({ length: 6 }, () => 0)
    for (let turn = 0; turn < 60_000; turn += 1) {
      const side = prng.below(6)
      counts[side] = (counts[side] ?? 0) + 1
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  })

  it('stays within what was asked for', () => {
    const prng = new Prng(4)
    for (let turn = 0; turn < 1000; turn += 1) {
      expect(prng.between(3, 5)).toBeGreaterThanOrEqual(3)
      expect(prng.between(3, 5)).toBeLessThanOrEqual(5)
      expect(prng.fraction()).toBeLessThan(1)
    }
    expect(prng.below(1)).toBe(0)
    expect(prng.pick([])).toBeUndefined()
    expect(prng.chance(0)).toBe(false)
    expect(prng.chance(1)).toBe(true)
  })

  it('shuffles without losing anything, and forks without moving', () => {
    const prng = new Prng(5)
    const items = Array.from({ length: 50 }, (_, index) => index)
    const shuffled = prng.shuffled(items)
    expect(shuffled).not.toEqual(items)
    expect([...shuffled].sort((a, b) => a - b)).toEqual(items)
    const one = new Prng(6)
    const other = new Prng(6)
    one.fork().word()
    other.fork()
    expect(one.word()).toBe(other.word())
  })

  it('gives bytes through the port', () => {
    const bytes = new SimRandom(1).bytes(16)
    expect(bytes).toEqual(new SimRandom(1).bytes(16))
    expect(bytes).not.toEqual(new SimRandom(2).bytes(16))
    expect(bytes).toHaveLength(16)
  })
})
