// The supervisor's side of shadow.c: builds the library, prepares the copy that it keeps, and cuts the power: what is in
// the folder afterwards is what was synced, or that and any part of the rest.
import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Chooser, SECTOR_BYTES } from '@cashdesk/hardware-sim'

const here: string = dirname(fileURLToPath(import.meta.url))
/** This folder, also for what was built from it. */
export const POWER_FOLDER: string = basename(here) === 'dist' ? dirname(here) : here

/** Why no power can be cut here, with what would help; undefined where it can. */
export function missing(): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux, where a library can be preloaded (LD_PRELOAD)'
  const found = spawnSync(compiler(), ['--version'], { stdio: 'ignore' })
  if (found.status === 0) return undefined
  return 'it needs a C compiler: install gcc (apt-get install gcc libc6-dev), or name one in CC'
}

function compiler(): string {
  return process.env['CC'] ?? 'cc'
}

/** Compiles shadow.c into `folder` and answers the library's path. @throws TypeError with the compiler's words */
export function buildLibrary(folder: string): string {
  const library = join(folder, 'shadow.so')
  const source = join(POWER_FOLDER, 'shadow.c')
  const args = ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-o', library, source, '-ldl', '-lpthread']
  const { status, stderr } = spawnSync(compiler(), args, { encoding: 'utf8' })
  if (status !== 0) throw new TypeError(`${compiler()} could not build ${source}\n${stderr}`)
  return library
}

export interface Shadow {
  readonly library: string
  /** What the process works in. */
  readonly root: string
  /** What the library keeps of it. */
  readonly copy: string
}

/** What a process must be started with, so that its folder is shadowed. */
export function environment({ library, root, copy }: Shadow): { readonly [name: string]: string } {
  // Writes that go through io_uring pass by every library.
  return { LD_PRELOAD: library, SHADOW_ROOT: root, SHADOW_COPY: copy, UV_USE_IO_URING: '0' }
}

/** Everything in `root` is durable from now on: to be called before each start of the process. */
export function begin({ root, copy }: Shadow): void {
  fs.rmSync(copy, { recursive: true, force: true })
  fs.mkdirSync(join(copy, 'files'), { recursive: true })
  fs.mkdirSync(join(copy, 'folders'))
  keepFolder(root, copy)
}

function keepFolder(folder: string, copy: string): void {
  const lines = fs.readdirSync(folder, { withFileTypes: true }).map(entry => {
    const path = join(folder, entry.name)
    const id = `${inodeOf(path)}.0`
    if (entry.isDirectory()) keepFolder(path, copy)
    else fs.copyFileSync(path, join(copy, 'files', id), fs.constants.COPYFILE_FICLONE)
    return `${entry.isDirectory() ? 'd' : 'f'} ${id} ${entry.name}\n`
  })
  fs.writeFileSync(join(copy, 'folders', `${inodeOf(folder)}.0`), lines.join(''))
}

function inodeOf(path: string): string {
  return String(fs.lstatSync(path, { bigint: true }).ino)
}

/** What a loss of power took. */
export interface Cut {
  /** Names that were there and are not, or the other way round. */
  readonly names: number
  /** Files whose bytes are not what the process had written. */
  readonly files: number
  /** Sectors of them. */
  readonly sectors: number
  /** Whether anything was made in the folder at all: a library that was not loaded has seen nothing. */
  readonly seen: boolean
}

interface Name {
  readonly kind: 'f' | 'd'
  readonly id: string
}

interface Survivor {
  readonly path: string
  /** Undefined for a folder. */
  readonly bytes: Uint8Array | undefined
}

/**
 * The power goes, after the process was killed: `root` becomes what survives.
 * @param choose of everything that was not synced, what is there all the same; absent: nothing of it
 * @throws TypeError where the library met a call that it cannot follow
 */
export function cut({ root, copy }: Shadow, choose?: Chooser): Cut {
  const complaints = textOf(join(copy, 'complaints'))
  if (complaints !== '') throw new TypeError(`shadow.c does not follow: ${complaints}`)
  const power = new Loss(copy, choose)
  const survivors = power.below(root, `${inodeOf(root)}.0`)
  replace(root, survivors)
  return { names: power.names, files: power.files, sectors: power.sectors, seen: power.seen }
}

class Loss {
  names = 0
  files = 0
  sectors = 0
  readonly seen: boolean
  readonly #copy: string
  readonly #choose: Chooser | undefined
  /** The newest birth of each inode that was made while the library watched. */
  readonly #births: ReadonlyMap<string, string>

  constructor(copy: string, choose: Chooser | undefined) {
    this.#copy = copy
    this.#choose = choose
    const births = linesOf(textOf(join(copy, 'births'))).map(line => line.split(' '))
    this.#births = new Map(births.map(([inode = '', birth = '']) => [inode, birth]))
    this.seen = births.length > 0
  }

  /** What survives below a folder of that id; `path` is where it is now, if it still is. */
  below(path: string, id: string, base = ''): readonly Survivor[] {
    const durable = this.#durable(id)
    const current = this.#current(path)
    const all = [...new Set([...durable.keys(), ...current.keys()])].sort()
    return all.flatMap(name => {
      const old = durable.get(name)
      const now = current.get(name)
      const same = old?.id === now?.id
      if (!same) this.names += 1
      const kept = same || this.#choose?.(2) !== 1 ? old : now
      if (kept === undefined) return []
      const place = base === '' ? name : `${base}/${name}`
      const file = join(path, name)
      if (kept.kind === 'f') return { path: place, bytes: this.#bytes(kept.id, now?.id === kept.id, file) }
      return [{ path: place, bytes: undefined }, ...this.below(file, kept.id, place)]
    })
  }

  #durable(id: string): ReadonlyMap<string, Name> {
    const lines = linesOf(textOf(join(this.#copy, 'folders', id)))
    return new Map(
      lines.map(line => {
        const [, kind, inode = '', name = ''] = /^([fd]) (\S+) (.*)$/.exec(line) ?? []
        return [name, { kind: kind === 'd' ? 'd' : 'f', id: inode }]
      }),
    )
  }

  #current(path: string): ReadonlyMap<string, Name> {
    if (!fs.existsSync(path)) return new Map()
    return new Map(
      fs.readdirSync(path, { withFileTypes: true }).map(entry => {
        const inode = inodeOf(join(path, entry.name))
        const id = `${inode}.${this.#births.get(inode) ?? '0'}`
        return [entry.name, { kind: entry.isDirectory() ? 'd' : 'f', id }]
      }),
    )
  }

  #bytes(id: string, isThere: boolean, path: string): Uint8Array {
    const kept = join(this.#copy, 'files', id)
    const durable = fs.existsSync(kept) ? fs.readFileSync(kept) : Buffer.alloc(0)
    // A file that has another name now survives as it was synced.
    const current = isThere ? fs.readFileSync(path) : durable
    if (durable.equals(current)) return durable
    this.files += 1
    return this.#mixed(durable, current)
  }

  /** Every sector as it was synced or as it was written, and the length too. */
  #mixed(durable: Uint8Array, current: Uint8Array): Uint8Array {
    const size = this.#choose?.(2) === 1 ? current.length : durable.length
    const mixed = new Uint8Array(size)
    mixed.set(durable.subarray(0, size))
    const longest = Math.max(durable.length, current.length)
    for (let at = 0; at < longest; at += SECTOR_BYTES) {
      const written = current.subarray(at, at + SECTOR_BYTES)
      if (Buffer.compare(written, durable.subarray(at, at + SECTOR_BYTES)) === 0) continue
      this.sectors += 1
      if (at < size && this.#choose?.(2) === 1) mixed.set(written.subarray(0, size - at), at)
    }
    return mixed
  }
}

/** Folders that survive keep their inode, which is part of a journal's identity. */
function replace(root: string, survivors: readonly Survivor[]): void {
  const kept = new Map(survivors.map(({ path, bytes }) => [path, bytes]))
  for (const path of below(root)) {
    const isFolder = fs.lstatSync(join(root, path)).isDirectory()
    const stays = kept.has(path) && (kept.get(path) === undefined) === isFolder
    if (!stays) fs.rmSync(join(root, path), { recursive: true })
  }
  for (const { path, bytes } of survivors) {
    const file = join(root, path)
    if (bytes === undefined) fs.mkdirSync(file, { recursive: true })
    else if (!fs.existsSync(file) || !fs.readFileSync(file).equals(bytes)) fs.writeFileSync(file, bytes)
  }
}

/** Paths below a folder, the deepest first. */
function below(folder: string, base = ''): readonly string[] {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = base === '' ? entry.name : `${base}/${entry.name}`
    return [...(entry.isDirectory() ? below(join(folder, entry.name), path) : []), path]
  })
}

function textOf(file: string): string {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter(line => line !== '')
}
