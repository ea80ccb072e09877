// A name says what a thing is. These say only that somebody did not know where to put it.
import { describe, expect, it } from 'vitest'
import { files, read } from './house.ts'

const EMPTY = /^(utils?|helpers?|common|misc|manager)$/i

/** The words of a path: folders, and file names at dots and dashes. */
const words = (path: string): readonly string[] => path.split(/[/.-]/)

const nameless = (paths: readonly string[]): readonly string[] =>
  paths.filter(path => words(path).some(word => EMPTY.test(word)))

describe('names', () => {
  it('of files and folders are nouns of the field', () => {
    expect(nameless(files())).toEqual([])
  })

  it('that say nothing are found wherever they stand in a path', () => {
    const bad = ['a/utils/x.ts', 'a/helper.ts', 'a/till-manager.ts', 'common.test.ts', 'a/Misc.ts']
    expect(nameless([...bad, 'a/commonality.ts', 'a/utilisation.ts'])).toEqual(bad)
  })
})

describe('every source file', () => {
  it('begins by saying what lives in it and why', () => {
    const silent = files()
      .filter(path => /\.[mc]?[tj]s$/.test(path))
      .filter(path => !/^(#!.*\n)?\/\/ \S/.test(read(path)))
    expect(silent).toEqual([])
  })
})
