// Holds the import table against the real imports. The table is the architecture: decisions stay pure,
// only the sdk joins checkout and journal, drivers see only the kernel, simulators share nothing with drivers.
import { builtinModules } from 'node:module'
import { describe, expect, it } from 'vitest'
import {
  files,
  type Import,
  manifestOf,
  parse,
  resolveFrom,
  runtimeDependencies,
  type Source,
  source,
  type Workspace,
  walk,
  workspaces,
} from './house.ts'
import { LAYERS, layerOf, matches } from './layers.ts'

const house = workspaces()
const byName = new Map(house.map(workspace => [workspace.manifest.name, workspace]))
const rootDependencies = Object.keys(manifestOf('').devDependencies ?? {})

const packageOf = (from: string): string =>
  from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/')
const isNodes = (from: string): boolean => from.startsWith('node:') || builtinModules.includes(from)
const isRelative = (from: string): boolean => from.startsWith('.')
const at = (file: Source, entry: Import): string => `${file.path}:${entry.line} imports ${entry.from}`

/** Every import of every workspace's files for which `wrong` holds. */
function offenders(
  wanted: (file: Source) => boolean,
  wrong: (workspace: Workspace, file: Source, entry: Import) => boolean,
): readonly string[] {
  return house.flatMap(workspace =>
    workspace.sources
      .filter(wanted)
      .flatMap(file => file.imports.filter(entry => wrong(workspace, file, entry)).map(e => at(file, e))),
  )
}

const isSource = (file: Source): boolean => !file.isTest
const isTest = (file: Source): boolean => file.isTest

function allowed(workspace: Workspace, from: string): boolean {
  const target = byName.get(packageOf(from))
  return (
    target === undefined || layerOf(workspace.folder).mayImport.some(place => matches(place, target.folder))
  )
}

describe('the import table', () => {
  it('names every workspace, and no workspace that is not there', () => {
    for (const { folder } of house) expect(layerOf(folder).place).toBeTruthy()
    const unused = LAYERS.filter(({ place }) => !house.some(({ folder }) => matches(place, folder)))
    expect(unused.map(({ place }) => place)).toEqual([])
  })

  it('is kept by every source file', () => {
    expect(offenders(isSource, (workspace, _file, { from }) => !allowed(workspace, from))).toEqual([])
  })

  it('leaves the kernel and the checkout without Node, and the journal with it only behind its port', () => {
    const wrong = offenders(isSource, ({ folder }, file, { from }) => {
      if (!isNodes(from)) return false
      const { node } = layerOf(folder)
      return node === 'no' || (node === 'node-*.ts' && !/\/node-[^/]*\.ts$/.test(file.path))
    })
    expect(wrong).toEqual([])
  })

  it('leaves the kernel, the checkout and the journal without packages of others', () => {
    const wrong = offenders(isSource, ({ folder }, _file, { from }) => {
      const foreign = !isNodes(from) && !isRelative(from) && !byName.has(packageOf(from))
      return foreign && layerOf(folder).others === 'no'
    })
    expect(wrong).toEqual([])
  })

  it('lets a relative import end in .ts and stay inside its package', () => {
    const wrong = offenders(
      () => true,
      ({ folder }, file, { from }) =>
        isRelative(from) &&
        (!resolveFrom(file.path, from).startsWith(`${folder}/`) || !/\.(ts|json|[cm]?js)$/.test(from)),
    )
    expect(wrong).toEqual([])
  })

  it('lets a package be entered only where its exports say so', () => {
    const wrong = offenders(
      () => true,
      (_workspace, _file, { from }) => {
        const target = byName.get(packageOf(from))
        const entry = `.${from.slice(packageOf(from).length)}`
        return target !== undefined && !Object.keys(target.manifest.exports ?? {}).includes(entry)
      },
    )
    expect(wrong).toEqual([])
  })

  it('lets a test import its own package, what that may import, the kernel, the simulators and the tools', () => {
    const wrong = offenders(isTest, (workspace, _file, { from }) => {
      if (isNodes(from) || isRelative(from)) return false
      const name = packageOf(from)
      const { manifest } = workspace
      const own = [
        manifest.name,
        ...runtimeDependencies(manifest),
        ...Object.keys(manifest.devDependencies ?? {}),
      ]
      const common = ['@cashdesk/kernel', '@cashdesk/hardware-sim', ...rootDependencies]
      return !own.includes(name) && !common.includes(name)
    })
    expect(wrong).toEqual([])
  })
})

describe('the simulators', () => {
  it('take no byte tool from the kernel: a shared codec lets its own mistakes cancel out', () => {
    const tools = new Set(byteTools())
    const simulator = house.find(({ folder }) => folder === 'hardware-sim')
    const wrong = (simulator?.sources ?? []).filter(isSource).flatMap(file =>
      file.imports
        .filter(({ from }) => from === '@cashdesk/kernel')
        .flatMap(({ values }) => values.filter(name => name === '*' || tools.has(name)))
        .map(name => `${file.path}: ${name}`),
    )
    expect(wrong).toEqual([])
  })
})

/** What the kernel's byte files export. */
function byteTools(): readonly string[] {
  const names: string[] = []
  for (const path of files('packages/kernel/src').filter(name => /\/bytes[^/]*\.ts$/.test(name))) {
    if (path.endsWith('.test.ts')) continue
    walk(source(path).program, node => {
      if (node.type !== 'ExportNamedDeclaration') return
      const declared = /export (?:const|function|class) (\w+)/.exec(
        source(path).text.slice(node.start, node.end),
      )
      if (declared?.[1]) names.push(declared[1])
    })
  }
  return names
}

describe('the reader of imports', () => {
  const of = (text: string): readonly Import[] => parse('example.ts', text).imports

  it('sees every way in which a file can take in another', () => {
    const text = [
      "import a, { b as c, type D } from 'static'",
      "import type { E } from 'types'",
      "export * from './all.ts'",
      "export { f } from './named.ts'",
      "const g = await import('dynamic')",
      "type H = import('import-type').H",
      "const i = require('required')",
      "const j = import.meta.resolve('resolved')",
    ].join('\n')
    expect(of(text).map(({ from }) => from)).toEqual([
      'static',
      'types',
      './all.ts',
      './named.ts',
      'dynamic',
      'import-type',
      'required',
      'resolved',
    ])
  })

  it('tells values from types, and takes a namespace for everything', () => {
    expect(of("import { b as c, type D } from 'x'")[0]?.values).toEqual(['b'])
    expect(of("import type { E } from 'x'")[0]?.values).toEqual([])
    expect(of("import * as all from 'x'")[0]?.values).toEqual(['*'])
    expect(of("export { f as g } from 'x'")[0]?.values).toEqual(['f'])
    expect(of("export * from 'x'")[0]?.values).toEqual(['*'])
  })
})
