// Against a Set of the same ids.
import { describe, expect, it } from 'vitest'
import { Hashes } from './hashes.ts'

const names = (count: number, prefix: string): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`)

describe('a set of hashes', () => {
  it('knows every id that was added, and hardly another one', () => {
    const hashes = new Hashes()
    const added = names(100_000, 'sale')
    for (const id of added) hashes.add(id)
    expect(added.filter(id => !hashes.has(id))).toEqual([])
    // Of 2^30 hashes a ten-thousandth is taken: of as many other ids about ten are mistaken for known ones.
    expect(names(100_000, 'other').filter(id => hashes.has(id)).length).toBeLessThan(60)
    expect(hashes.size).toBeGreaterThan(99_900)
  })

  it('is the same after its values were taken out and put in again', () => {
    const hashes = new Hashes()
    for (const id of names(5_000, 'sale')) hashes.add(id)
    const copy = new Hashes()
    for (const hash of JSON.parse(JSON.stringify([...hashes.values()]))) copy.addHash(hash)
    expect(copy.size).toBe(hashes.size)
    expect(names(5_000, 'sale').every(id => copy.has(id))).toBe(true)
  })

  it('counts an id once, and forgets all when it is cleared', () => {
    const hashes = new Hashes()
    hashes.add('sale')
    hashes.add('sale')
    expect(hashes.size).toBe(1)
    hashes.clear()
    expect([hashes.size, hashes.has('sale')]).toEqual([0, false])
  })
})
