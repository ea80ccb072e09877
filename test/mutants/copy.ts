// A copy of the tree in which a mutant can live. It lies inside the tree (ignored by git), so that everything but our
// own packages is found in the tree's node_modules; our own packages are linked anew and lead to the copy.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runNode } from './child.ts'
import { applied, COMMANDS, type CommandName, type Mutant } from './patch.ts'

/** The tree this file was built in. */
const ROOT: string = resolve(fileURLToPath(new URL('../../..', import.meta.url)))
export const PATCHES: string = join(ROOT, 'test', 'mutants', 'patches')
/** Mutants that no command finds yet. They fit the code all the same, and wait for a better simulation. */
export const OPEN: string = join(ROOT, 'test', 'mutants', 'open')

const COPIES = join(ROOT, '.cashdesk', 'mutants')
/** What the commands need; whichever of them is there. */
const COPIED = ['package.json', 'tsconfig.json', 'packages', 'drivers', 'hardware-sim', 'examples', 'test']
/** Under `test`, the commands alone: no other test is run on a mutant. */
const COMMAND_FOLDERS: readonly string[] = COMMANDS
const SCOPE = '@cashdesk'
/** A whole build takes some seconds. */
const BUILD_LIMIT_MS = 180_000

export interface Copy {
  readonly root: string
  /** Where a command's program is, in this copy. */
  program(command: CommandName): string
  /** Applies, builds. @throws Error when it does not apply or does not compile */
  put(mutant: Mutant): Promise<void>
  /** Gives the changed files their own text back. The next build takes it up. */
  revert(): void
  /** @throws Error with the compiler's words */
  build(): Promise<void>
  remove(): void
}

/** The commands that exist in this tree. */
export function presentCommands(): readonly CommandName[] {
  return COMMANDS.filter(command => existsSync(join(ROOT, 'test', command, 'tsconfig.json')))
}

/** Makes a copy, not yet built; it is `owner`'s. Leftovers of runs that were killed are removed first. */
export function makeCopy(owner: number = process.pid): Copy {
  removeLeftovers()
  mkdirSync(COPIES, { recursive: true })
  const root = freshFolder(owner)
  for (const name of COPIED) {
    const from = join(ROOT, name)
    if (existsSync(from))
      cpSync(from, join(root, name), { recursive: true, preserveTimestamps: true, filter: belongs })
  }
  pruneReferences(root)
  link(root)
  return new CopiedTree(root)
}

function freshFolder(owner: number): string {
  for (let number = 1; ; number += 1) {
    const root = join(COPIES, `${owner}-${number}`)
    if (existsSync(root)) continue
    mkdirSync(root)
    return root
  }
}

function belongs(path: string): boolean {
  const name = basename(path)
  if (name === 'node_modules' || name.endsWith('.test.ts') || name === '.cashdesk') return false
  const inTest = path.startsWith(join(ROOT, 'test') + (process.platform === 'win32' ? '\\' : '/'))
  if (!inTest) return true
  const [folder = ''] = path.slice(join(ROOT, 'test').length + 1).split(/[\\/]/)
  return COMMAND_FOLDERS.includes(folder)
}

/** The root names projects that a copy has not; a bundler that reads it would stumble. */
function pruneReferences(root: string): void {
  const path = join(root, 'tsconfig.json')
  const { references, ...rest } = JSON.parse(readFileSync(path, 'utf8'))
  const here = (Array.isArray(references) ? references : []).filter(reference =>
    existsSync(join(root, String(Object(reference).path), 'tsconfig.json')),
  )
  writeFileSync(path, JSON.stringify({ ...rest, references: here }))
}

/** Our own packages lead to the copy; a junction on Windows, where a link needs no privilege then. */
function link(root: string): void {
  const scope = join(root, 'node_modules', SCOPE)
  mkdirSync(scope, { recursive: true })
  for (const folder of workspacesOf(root)) {
    const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    if (typeof name === 'string' && name.startsWith(`${SCOPE}/`))
      symlinkSync(folder, join(scope, name.slice(SCOPE.length + 1)), 'junction')
  }
}

function workspacesOf(root: string): readonly string[] {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const patterns: readonly string[] = Array.isArray(workspaces) ? workspaces.map(String) : []
  return patterns
    .flatMap(pattern =>
      pattern.endsWith('/*')
        ? readdirSync(join(root, pattern.slice(0, -2))).map(name => join(root, pattern.slice(0, -2), name))
        : [join(root, pattern)],
    )
    .filter(folder => existsSync(join(folder, 'package.json')))
}

/** Copies whose process is gone. */
function removeLeftovers(): void {
  if (!existsSync(COPIES)) return
  for (const name of readdirSync(COPIES)) {
    const pid = Number(name.split('-')[0])
    if (!isAlive(pid)) rmSync(join(COPIES, name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM'
  }
}

class CopiedTree implements Copy {
  readonly root: string
  readonly #originals: Map<string, string> = new Map()

  constructor(root: string) {
    this.root = root
  }

  program(command: CommandName): string {
    return join(this.root, 'test', command, 'dist', 'main.js')
  }

  async put(mutant: Mutant): Promise<void> {
    this.revert()
    const texts = applied(mutant, file => readFileSync(join(this.root, file), 'utf8'))
    for (const [file, text] of texts) {
      this.#originals.set(file, readFileSync(join(this.root, file), 'utf8'))
      writeFileSync(join(this.root, file), text)
    }
    await this.build()
  }

  revert(): void {
    for (const [file, text] of this.#originals) writeFileSync(join(this.root, file), text)
    this.#originals.clear()
  }

  async build(): Promise<void> {
    const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
    const projects = presentCommands().map(command => join('test', command))
    const { code, out, err } = await runNode([compiler, '-b', ...projects], this.root, BUILD_LIMIT_MS)
    if (code !== 0) throw new Error(`does not compile:\n${out}${err}`.trimEnd())
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}
