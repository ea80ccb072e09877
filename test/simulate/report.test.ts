// A run of the build that proves too little is red, and says why.
import { describe, expect, it } from 'vitest'
import { type Asked, parseArguments } from './arguments.ts'
import { emptyTotal, type Total } from './crowd.ts'
import { sentences, summary } from './report.ts'
import { ACCIDENTS } from './schedule.ts'
import { SITUATIONS } from './situations.ts'
import { EXPECTED } from './transitions.ts'

function asked(...given: readonly string[]): Asked {
  const parsed = parseArguments(given)
  if (typeof parsed === 'string') throw new Error(parsed)
  return parsed
}

function enough(): Total {
  return {
    ...emptyTotal(),
    seeds: 10_000,
    crashes: 1_000_000,
    accidents: new Map(Object.keys(ACCIDENTS).map(kind => [kind, 1])),
    situations: new Map(Object.keys(SITUATIONS).map(name => [name, 100])),
    transitions: new Map(EXPECTED.map(transition => [transition, 1])),
  }
}

describe('the run of the build', () => {
  it('misses nothing when everything was met', () => {
    expect(summary(enough(), asked('--ci'), 1).missing).toEqual([])
  })

  it.each<[string, string, (total: Total) => unknown]>([
    ['days', 'days: 200 of 10000', total => (total.seeds = 200)],
    ['points', 'crash and accident points: ', total => (total.crashes = 0)],
    ['an accident', 'paper-out: never', total => total.accidents.delete('paper-out')],
    ['a situation', 'torn-batch: 99 of 100', total => total.situations.set('torn-batch', 99)],
    [
      'a transition',
      'settling × answer → closed: never',
      total => total.transitions.delete('settling × answer → closed'),
    ],
  ])('misses %s, and says so', (_, words, change) => {
    const total = enough()
    change(total)
    const result = summary(total, asked('--ci', '--seeds', '200'), 1)
    expect(result.missing).toEqual([expect.stringContaining(words)])
    expect(sentences(result, total, asked('--ci'))).toContain(`The run proves too little. ${words}`)
    expect(sentences(result, total, asked())).not.toContain('proves too little')
  })

  it('asks ten times as much of a nightly run', () => {
    const { missing } = summary(enough(), asked('--nightly'), 1)
    expect(missing).toEqual(['days: 10000 of 100000', expect.stringMatching(/ of 10000000$/)])
  })
})
