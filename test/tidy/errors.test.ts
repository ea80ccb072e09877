// Proves the error table: the page says exactly what the table says, and no code is there that nothing uses.
import { ERRORS } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { errorsPage } from '../../.ci/errors-page.mjs'
import { read, walk, workspaces } from './house.ts'

const page = read('docs/errors.md')
const codes = Object.entries(ERRORS)

/** String literals in every source file outside the table. Comments do not count as use. */
function literals(): ReadonlySet<string> {
  const found = new Set<string>()
  for (const { sources } of workspaces()) {
    for (const { path, isTest, program } of sources) {
      if (isTest || path === 'packages/kernel/src/errors.ts') continue
      walk(program, ({ type, value }) => {
        if (type === 'Literal' && typeof value === 'string') found.add(value)
      })
    }
  }
  return found
}

describe('the error table', () => {
  it('is what docs/errors.md was made from (npm run docs)', () => {
    expect(page).toBe(errorsPage(ERRORS))
  })

  it.each(codes)('%s has its place on the page, with its own sentences', (code, { message, next }) => {
    expect(page).toContain(`<a id="${code}"></a>`)
    expect(page).toContain(message)
    expect(page).toContain(next)
  })

  it('says each thing in sentences: what happened, and what to do now', () => {
    const unfinished = codes.filter(([, { message, next }]) => !/[.…]$/.test(message) || !/[.…]$/.test(next))
    expect(unfinished.map(([code]) => code)).toEqual([])
  })

  it('offers no new attempt while it is not known what became of the money', () => {
    // The register compares the sale itself before it repeats a payment that named another total.
    const settledByRegister = 'sale.revision'
    const risky = codes.filter(([, { outcome, retry }]) => outcome === 'unknown' && retry === 'new')
    expect(risky.map(([code]) => code).filter(code => code !== settledByRegister)).toEqual([])
  })

  it('holds no code that nothing uses', () => {
    const used = literals()
    expect(codes.map(([code]) => code).filter(code => !used.has(code))).toEqual([])
  })
})
