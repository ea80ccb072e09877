// ARCHITECTURE.md is read before the code, so what it says about the code is compared with it.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { files, ROOT, read } from './house.ts'
import { LAYERS } from './layers.ts'

/** The rows of the import table: place and what it may import. */
function table(): readonly { readonly place: string; readonly mayImport: readonly string[] }[] {
  const ticked = (cell: string): string[] =>
    [...cell.matchAll(/`([^`]+)`/g)].flatMap(([, name]) => name ?? [])
  return read('ARCHITECTURE.md')
    .split('\n')
    .filter(line => line.startsWith('| `'))
    .map(line => line.split('|'))
    .map(cells => ({ place: ticked(cells[1] ?? '')[0] ?? '', mayImport: ticked(cells.at(-2) ?? '') }))
}

/** Links to files in our own pages, as `page → target`, where the target is not there. */
function broken(page: string): readonly string[] {
  return [...read(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .flatMap(([, target]) => target ?? [])
    .filter(target => !/^(https?:|mailto:|#)/.test(target))
    .map(target => target.replace(/#.*$/, ''))
    .filter(target => !existsSync(join(ROOT, dirname(page), target)))
    .map(target => `${page} → ${target}`)
}

describe('the architecture page', () => {
  it('shows the import table that the tests enforce', () => {
    expect(table()).toEqual(LAYERS.map(({ place, mayImport }) => ({ place, mayImport })))
  })
})

describe('our pages', () => {
  it('link to files that are there', () => {
    const pages = files().filter(path => path.endsWith('.md') && !path.startsWith('docs/api/'))
    expect(pages.flatMap(broken)).toEqual([])
  })
})
