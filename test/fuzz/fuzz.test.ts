// The fuzzer finds what it looks for: decoders with one mistake each are told apart from one without, and every target
// that is fuzzed passes a short run from another seed.
import { describe, expect, it } from 'vitest'
import { chanceOf, inputOf } from './inputs.mjs'
import { LIFE, live } from './lane.mjs'
import { type Subject, TARGETS, type Target } from './targets.mjs'

const GOOD = Uint8Array.of(2, 0x41, 0x42)

/** Frames of a length and so many bytes; silence ends what was begun. */
function lengths(): Subject {
  let held: number[] = []
  const take = (bytes: Uint8Array): number => {
    let frames = 0
    for (const byte of bytes) {
      held.push(byte)
      if (held.length <= (held[0] ?? 0)) continue
      held = []
      frames += 1
    }
    return frames
  }
  const rest = (): void => {
    held = []
  }
  return { take, rest, proves: () => held.length === 0 && take(GOOD) === 1, holds: () => held.length }
}

const target = (mistake: Partial<Subject> = {}): Target => ({
  name: 'lengths',
  weight: 1,
  good: [GOOD],
  open: () => ({ ...lengths(), ...mistake }),
  saysAtMost: bytes => bytes,
  holdsAtMost: 256,
})
const found = (subject: Target): readonly string[] =>
  live(subject, '1', 0, LIFE).findings.map(({ what }) => what)

describe('the fuzzer', () => {
  it('finds nothing in a decoder without a mistake', () => {
    expect(found(target())).toEqual([])
  })

  it.each<[string, string, Partial<Subject>]>([
    ['throws', 'threw RangeError', { take: bytes => new DataView(bytes.buffer).getInt8(bytes.length) }],
    ['does not come to rest', 'does not read the good frame', { rest: () => undefined }],
    ['says too much', 'said ', { take: () => 10_000 }],
    ['keeps too much', 'holds 257', { holds: () => 257 }],
  ])('finds a decoder that %s', (_how, word, mistake) => {
    expect(found(target(mistake))[0]).toContain(word)
  })

  it('makes the same input of the same seed, and others of another', () => {
    const make = (seed: string, index: number): unknown => inputOf(chanceOf(seed, 'x', index), [GOOD])
    expect(make('7', 3)).toEqual(make('7', 3))
    expect(new Set([1, 2, 3, 4, 5, 6].map(index => JSON.stringify(make('7', index)))).size).toBe(6)
    expect(make('8', 3)).not.toEqual(make('7', 3))
  })

  it.each(TARGETS.map(each => [each.name, each] as const))('finds nothing in %s', (_name, each) => {
    expect(live(each, 'another', 0, LIFE).findings).toEqual([])
  })
})
