// The project speaks of itself alone: nothing in it names the machine it was written on, where packages came
// from, or by what means it was made.
import { describe, expect, it } from 'vitest'
import { files, read } from './house.ts'

/** Put together here, so that this file does not contain what it looks for. */
const BANNED: readonly RegExp[] = [
  ['/wo', 'rk/'],
  ['/ro', 'ot/'],
  ['/fa', 'rm/'],
  ['registry\\.npm', 'js\\.org'],
  ['deb\\.deb', 'ian\\.org'],
  ['\\bLL', 'Ms?\\b'],
  ['\\bAI[ -](ag', 'ent|assist)'],
  ['\\blanguage mo', 'del\\b'],
].map(parts => new RegExp(parts.join('')))

const TEXT = /\.(ts|mts|mjs|js|json|md|yml|yaml|sql|html|css|txt|csv|svg|toml)$|(^|\/)(\.?[A-Za-z]+|run)$/

/** The lock file's links are npm's, not ours. */
const NOT_WRITTEN = new Set(['package-lock.json'])

describe('every text of the house', () => {
  it('names no machine, no registry and no maker', () => {
    const found = files()
      .filter(path => TEXT.test(path) && !NOT_WRITTEN.has(path))
      .flatMap(path =>
        read(path)
          .split('\n')
          .flatMap((line, at) =>
            BANNED.filter(word => word.test(line)).map(word => `${path}:${at + 1} ${word}`),
          ),
      )
    expect(found).toEqual([])
  })
})
