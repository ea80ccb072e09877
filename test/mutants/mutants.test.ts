// The mutants fit the code as it is, and the hunt cannot call a mutant caught that nobody caught.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { judged } from './hunt.ts'
import { applied, mutantsIn, parseMutant } from './patch.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const folder = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const MUTANTS = mutantsIn(folder('patches'))
const OPEN = mutantsIn(folder('open'))
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

const PATCH = `Bug: A pen is a sword.
With: simulate

--- a/packages/sdk/src/pen.ts
+++ b/packages/sdk/src/pen.ts
@@ -1,2 +1,2 @@
 const kind =
-  'pen'
+  'sword'
`
const pen = parseMutant('pen', PATCH)

describe('the mutants', () => {
  it('are at least 25, in every part of the till', () => {
    const parts = MUTANTS.flatMap(({ edits }) =>
      edits.map(({ file }) => file.split('/').slice(0, 2).join('/')),
    )
    expect(MUTANTS.length).toBeGreaterThanOrEqual(25)
    expect([...new Set(parts)].sort()).toEqual([
      'drivers/printer',
      'drivers/terminal',
      'packages/checkout',
      'packages/journal',
      'packages/sdk',
    ])
  })

  it.each([...MUTANTS, ...OPEN].map(mutant => [mutant.name, mutant] as const))(
    '%s applies to exactly one place',
    (_, mutant) => {
      const texts = applied(mutant, read)
      for (const [file, text] of texts) expect(text).not.toBe(read(file))
    },
  )
})

describe('a patch', () => {
  it('replaces what it names', () => {
    expect(applied(pen, () => "const kind =\n  'pen'\n").get('packages/sdk/src/pen.ts')).toBe(
      "const kind =\n  'sword'\n",
    )
  })

  it('is refused where the code has moved on, and where it would fit twice', () => {
    expect(() => applied(pen, () => "const kind = 'pen'\n")).toThrow(
      /pen no longer applies: a hunk fits nowhere/,
    )
    const twice = "const kind =\n  'pen'\n".repeat(2)
    expect(() => applied(pen, () => twice)).toThrow(/in 2 places/)
  })

  it('changes no test and no simulator', () => {
    const elsewhere = PATCH.replaceAll('packages/sdk/src/pen.ts', 'hardware-sim/src/pen.ts')
    expect(() => parseMutant('pen', elsewhere)).toThrow(/not code of the till/)
    expect(() => parseMutant('pen', PATCH.replaceAll('pen.ts', 'pen.test.ts'))).toThrow(
      /not code of the till/,
    )
  })

  it('says which bug it stands for and which command must find it', () => {
    expect(() => parseMutant('pen', PATCH.replace('Bug', 'Note'))).toThrow(/no line "Bug/)
    expect(() => parseMutant('pen', PATCH.replace('simulate', 'vitest'))).toThrow(/no line "With/)
  })
})

describe('a run of a command', () => {
  const report = (violations: readonly object[]): string => JSON.stringify({ seeds: 7, violations })

  it('has found something when it exits with 1 and names an invariant', () => {
    const end = judged(1, report([{ seed: 3, invariant: 'I4', message: 'two charges' }]), '', 100)
    expect(end).toEqual({ end: 'violation', invariant: 'I4', message: 'two charges', seed: 3, tried: 7 })
  })

  it('has found nothing when it exits with 0', () => {
    expect(judged(0, report([]), '', 100)).toEqual({ end: 'quiet', tried: 7 })
  })

  it.each([
    ['it crashed', 1, 'TypeError: x is not a function'],
    ['it was killed', undefined, ''],
    ['it was misused', 2, ''],
    ['it names no invariant', 1, report([{ seed: 3, message: 'something' }])],
    ['it is red for another reason', 1, report([])],
    ['it found something and says that all is well', 0, report([{ seed: 3, invariant: 'I4' }])],
  ])('has found nothing when %s', (_, code, out) => {
    expect(judged(code, out, 'stack', 100).end).toBe('broke')
  })
})
