// The fuzzer finds what it looks for: decoders with one mistake each are told apart from one without, every target that is
// fuzzed passes a short run from another seed, and no decoder is left out.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { inputsOf, LIFE } from './inputs.mjs'
import { live, repeated } from './lane.mjs'
import { readWritten, shrunk, written } from './shrink.mjs'
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
    const madeOf = (seed: string): ((index: number) => unknown) =>
      inputsOf(seed, { name: 'x', good: [GOOD], make: chance => Uint8Array.of(2, chance.byte(), 3) })
    const [one, other] = [madeOf('7'), madeOf('8')]
    const first = [1, 2, 3, 4, 5, 6].map(one)
    expect([6, 5, 4, 3, 2, 1].map(madeOf('7')).reverse()).toEqual(first)
    expect(new Set(first.map(each => JSON.stringify(each))).size).toBe(6)
    expect(other(3)).not.toEqual(first[2])
  })

  it('makes a finding small: one input, no more bytes than it takes', async () => {
    const picky = target({
      take: bytes => {
        if (bytes.includes(0x41)) throw new RangeError('A')
        return 0
      },
    })
    const inputs = ['000102', '03ff41414242', '4100'].map(hex => ({
      bytes: Buffer.from(hex, 'hex'),
      cuts: [1, hex.length / 2],
    }))
    const what = repeated(picky, inputs)
    const least = await shrunk(inputs.slice(0, 2), what, async them => repeated(picky, them))
    expect(least && written(least)).toBe('41')
    expect(readWritten('4142,43/44')).toEqual([
      { bytes: Uint8Array.of(0x41, 0x42, 0x43), cuts: [2, 3] },
      { bytes: Uint8Array.of(0x44), cuts: [1] },
    ])
  })

  it.each(TARGETS.map(each => [each.name, each] as const))('finds nothing in %s', (_name, each) => {
    expect(live(each, 'another', 0, LIFE).findings).toEqual([])
  })

  it('reaches every exported reader of bytes, but for those that read none from outside', () => {
    const script = fileURLToPath(new URL('covered.mjs', import.meta.url))
    const missing: unknown = JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8' }))
    const known = Object.keys(NOT_FUZZED)
    expect(Array.isArray(missing) && missing.filter(name => !known.includes(String(name)))).toEqual([])
  })
})

/** Why a reader has no target of its own. */
const NOT_FUZZED: { readonly [name: string]: string } = {
  ...because('its parts are tried: what it adds is time and a device', [
    'hardware-sim/dist/terminal/card-reading.js readCard',
  ]),
  ...because(
    'it opens files: their bytes are tried in journal-records and config-document, damaged files in bad-input',
    [
      'hardware-sim/dist/script.js readScript',
      'hardware-sim/dist/terminal/books-file.js readBooks',
      'packages/cli/dist/catalog.js readCatalog',
      'packages/cli/dist/index.js readConfig',
      'packages/cli/dist/reading.js readBook',
      'packages/host/dist/snapshot.js readSnapshot',
      'packages/journal/dist/salvage-reading.js readWhatIsWhole',
      'packages/journal/dist/snapshot.js readSnapshot',
    ],
  ),
  ...because('no device speaks to it, and a schema checks it', [
    'packages/host/dist/wire.js parseCall',
    'packages/sdk/dist/commands.js parseCommand',
  ]),
}

function because(reason: string, names: readonly string[]): { readonly [name: string]: string } {
  return Object.fromEntries(names.map(name => [name, reason]))
}
