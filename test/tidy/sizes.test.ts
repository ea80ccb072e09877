// A file is read in one sitting and a function fits a screen. Tables may be longer, if they are named here.
import { describe, expect, it } from 'vitest'
import { files, type Node, parse, type Source, source, walk } from './house.ts'

const LINES_PER_FILE = 400
const LINES_PER_FUNCTION = 60

/** Files that may be longer, each with its reason. */
const TABLES: { readonly [path: string]: string } = {
  'packages/kernel/src/errors.ts': 'the error table: one entry per code, read by looking up, not through',
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

const code = files()
  .filter(path => path.endsWith('.ts'))
  .map(source)
const linesIn = (text: string): number => text.trimEnd().split('\n').length

/** Functions of `file` that do not fit a screen, with the functions inside them counted in. */
function longFunctions(file: Source): readonly string[] {
  const found: string[] = []
  walk(file.program, node => {
    if (!FUNCTIONS.has(node.type)) return
    const lines = linesIn(file.text.slice(node.start, node.end))
    if (lines > LINES_PER_FUNCTION)
      found.push(`${file.path}:${file.lineOf(node.start)} ${titleOf(node)}${lines} lines`)
  })
  return found
}

function titleOf(node: Node): string {
  const id = node['id'] as Node | null | undefined
  return id ? `${String(id['name'])} ` : ''
}

describe('sizes', () => {
  it(`keep a file within ${LINES_PER_FILE} lines, unless it is a table`, () => {
    const long = code
      .filter(({ path, text }) => linesIn(text) > LINES_PER_FILE && !(path in TABLES))
      .map(({ path, text }) => `${path}: ${linesIn(text)} lines`)
    expect(long).toEqual([])
  })

  it(`keep a function within ${LINES_PER_FUNCTION} lines; what describes a test's subject may be longer`, () => {
    expect(code.filter(file => !file.isTest).flatMap(longFunctions)).toEqual([])
  })

  it('list no table that is short or gone', () => {
    const needless = Object.keys(TABLES).filter(
      path => !code.some(file => file.path === path && linesIn(file.text) > LINES_PER_FILE),
    )
    expect(needless).toEqual([])
  })

  it('are measured: a function of 61 lines is found', () => {
    const body = (lines: number): string => `function tall() {\n${'  work()\n'.repeat(lines - 2)}}`
    expect(longFunctions(parse('example.ts', body(60)))).toEqual([])
    expect(longFunctions(parse('example.ts', body(61)))).toEqual(['example.ts:1 tall 61 lines'])
  })
})
