// The house as the tidy tests see it: which workspaces there are, which files they hold, and what each
// file says once parsed. Read from the folder itself, so that a file counts before it is committed.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'oxc-parser'

export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url))

/** Folders that git ignores too: what is installed, built, measured or left by a run. */
const NOT_OURS = new Set(['.git', 'node_modules', 'dist', 'coverage', '.cashdesk', 'tmp'])
const NOT_OURS_SUFFIX = /\.(log|tsbuildinfo)$/

/** Every file of the house, as paths from the root with `/`. */
export function files(folder = ''): readonly string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap(entry => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : files(path)
    return entry.isFile() && !NOT_OURS_SUFFIX.test(entry.name) ? [path] : []
  })
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** What of a package.json matters here. */
export interface Manifest {
  readonly name: string
  readonly version?: string
  readonly private?: boolean
  readonly license?: string
  readonly type?: string
  readonly engines?: { readonly node?: string }
  readonly workspaces?: readonly string[]
  readonly files?: readonly string[]
  readonly exports?: { readonly [entry: string]: unknown }
  readonly dependencies?: { readonly [name: string]: string }
  readonly optionalDependencies?: { readonly [name: string]: string }
  readonly peerDependencies?: { readonly [name: string]: string }
  readonly devDependencies?: { readonly [name: string]: string }
}

export function manifestOf(folder: string): Manifest {
  return JSON.parse(read(folder === '' ? 'package.json' : `${folder}/package.json`)) as Manifest
}

/** What a workspace gets when it is installed, whatever the kind of dependency. */
export function runtimeDependencies(manifest: Manifest): readonly string[] {
  return Object.keys({
    ...manifest.dependencies,
    ...manifest.optionalDependencies,
    ...manifest.peerDependencies,
  })
}

export interface Workspace {
  /** `packages/kernel` */
  readonly folder: string
  readonly manifest: Manifest
  /** TypeScript files, tests included. */
  readonly sources: readonly Source[]
}

/** The folders that the root's `workspaces` patterns name and that hold a package.json. */
function workspaceFolders(): readonly string[] {
  return (manifestOf('').workspaces ?? [])
    .flatMap(pattern =>
      pattern.endsWith('/*')
        ? readdirSync(join(ROOT, pattern.slice(0, -2))).map(name => `${pattern.slice(0, -1)}${name}`)
        : [pattern],
    )
    .filter(folder => existsSync(join(ROOT, folder, 'package.json')))
}

export function workspaces(): readonly Workspace[] {
  return workspaceFolders().map(folder => ({
    folder,
    manifest: manifestOf(folder),
    sources: files(folder)
      .filter(path => path.endsWith('.ts'))
      .map(source),
  }))
}

/** A node of the syntax tree, as far as one has to look to walk it. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [property: string]: unknown
}

export interface Import {
  /** The text between the quotes. */
  readonly from: string
  readonly line: number
  /** Names taken from it as values: empty for `import type`, `*` for a namespace or `export *`. */
  readonly values: readonly string[]
}

export interface Source {
  readonly path: string
  readonly text: string
  readonly isTest: boolean
  readonly program: Node
  readonly comments: readonly { readonly value: string; readonly start: number }[]
  readonly imports: readonly Import[]
  /** 1-based line of an offset. */
  lineOf(offset: number): number
}

const parsed = new Map<string, Source>()

/** Parses a TypeScript file, once. */
export function source(path: string): Source {
  const known = parsed.get(path)
  if (known) return known
  const fresh = parse(path, read(path))
  parsed.set(path, fresh)
  return fresh
}

/** @throws TypeError when the text is no TypeScript: then nothing else that is said about it holds. */
export function parse(path: string, text: string): Source {
  const result = parseSync(basename(path), text)
  const [mistake] = result.errors
  if (mistake) throw new TypeError(`${path}: ${mistake.message}`)
  const lineOf = (offset: number): number => text.slice(0, offset).split('\n').length
  const program = result.program as unknown as Node
  return {
    path,
    text,
    isTest: /\.(test|bench|test-d)\.ts$/.test(path) || path.startsWith('test/'),
    program,
    comments: result.comments,
    imports: importsOf(program, lineOf),
    lineOf,
  }
}

/** Calls `visit` for every node, parents first. */
export function walk(node: Node, visit: (node: Node) => void): void {
  visit(node)
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) walk(child, visit)
  }
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

/** `Date.now` for the member expression of that name, `setTimeout` for the identifier, else undefined. */
export function nameOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'Identifier') return String(node['name'])
  if (node.type === 'MetaProperty') return 'import.meta'
  if (node.type !== 'MemberExpression' || node['computed'] === true) return undefined
  const owner = nameOf(node['object'])
  return owner === undefined ? undefined : `${owner}.${nameOf(node['property'])}`
}

function importsOf(program: Node, lineOf: (offset: number) => number): readonly Import[] {
  const found: Import[] = []
  walk(program, node => {
    const from = moduleOf(node)
    if (from !== undefined) found.push({ from, line: lineOf(node.start), values: valuesOf(node) })
  })
  return found
}

const LOADERS = new Set(['require', 'require.resolve', 'import.meta.resolve'])

/** The module a node names: static and dynamic imports, re-exports, import types, `require` and `resolve`. */
function moduleOf(node: Node): string | undefined {
  if (node.type === 'CallExpression') {
    const [first] = node['arguments'] as readonly unknown[]
    return LOADERS.has(nameOf(node['callee']) ?? '') ? textOf(first) : undefined
  }
  const named = /^(Import(Declaration|Expression)|Export(Named|All)Declaration|TSImportType)$/.test(node.type)
  return named ? textOf(node['source']) : undefined
}

function textOf(node: unknown): string | undefined {
  return isNode(node) && node.type === 'Literal' && typeof node['value'] === 'string'
    ? node['value']
    : undefined
}

function valuesOf(node: Node): readonly string[] {
  if (node['importKind'] === 'type' || node['exportKind'] === 'type' || node.type === 'TSImportType')
    return []
  const specifiers = node['specifiers']
  if (!Array.isArray(specifiers)) return ['*']
  return specifiers
    .filter((entry: Node) => entry['importKind'] !== 'type' && entry['exportKind'] !== 'type')
    .map((entry: Node) => nameOf(entry['imported'] ?? entry['local']) ?? '*')
    .map((name, at) => (specifiers[at]?.type === 'ImportNamespaceSpecifier' ? '*' : name))
}

/** A relative import as a path from the root. */
export function resolveFrom(path: string, from: string): string {
  return relative(ROOT, join(ROOT, path, '..', from))
    .split(sep)
    .join('/')
}
