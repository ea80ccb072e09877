// The disk port on a real folder: files, errors with codes, the lock between processes, and a journal on it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { reportOf } from '@cashdesk/kernel'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openOn, range, step } from '../test/steps.ts'
import { nodeDisk } from './node-disk.ts'
import { refuseNetworkVolume } from './node-lock.ts'
import { machineName } from './node-machine.ts'

const ROOT: string = fileURLToPath(new URL('../../..', import.meta.url))
const WINDOWS: boolean = process.platform === 'win32'
let top: string
let folder: string
const running = new Set<ChildProcess>()

beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), 'cashdesk-journal-'))
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  spawnSync(process.execPath, [tsc, '-b', 'packages/journal'], { cwd: ROOT })
})
beforeEach(async () => {
  folder = await mkdtemp(join(top, 'disk-'))
})
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await rm(top, { recursive: true, force: true })
})

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: unknown) => reportOf(error, 'disk.failed').code,
  )
}

async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'none',
    (error: unknown) => reportOf(error, 'disk.failed').detail?.['reason'],
  )
}

/** A program that opens the journal in `dir`, says so, appends for ever, and says after how many records it is. */
const TILL = `
import { nodeDisk, openJournal } from ${JSON.stringify(pathToFileURL(join(ROOT, 'packages/journal/dist/index.js')).href)}
const [dir] = process.argv.slice(1)
const { journal } = await openJournal({ disk: nodeDisk(dir), folder: 'journal', segmentBytes: 65536, onStep() {} })
for (let number = journal.records + 1; ; number += 1) {
  const sale = 'S' + number
  await journal.append({ decideVersion: 1, at: 1767600000000 + number, input: { type: 'sale.total', sale },
    events: [{ type: 'sale.parked', sale }], intents: [] })
  process.stdout.write(number + '\\n')
  if (number % 20 === 0) await new Promise(resolve => setImmediate(resolve))
}`

interface Till {
  readonly child: ChildProcess
  /** The last number it said. */
  readonly said: () => number
  /** Resolves once it has acknowledged `number`. */
  readonly reached: (number: number) => Promise<void>
}

function startTill(dir: string): Till {
  const child = spawn(process.execPath, ['--input-type=module', '-e', TILL, dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  let out = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    out = (out + text).slice(-4000)
  })
  const said = (): number => Number(out.slice(0, out.lastIndexOf('\n')).split('\n').at(-1) ?? 0)
  const reached = async (number: number): Promise<void> => {
    while (said() < number) await once(child.stdout, 'data')
  }
  return { child, said, reached }
}

describe('a file on a real disk', () => {
  it('holds what was written where it was written', async () => {
    const disk = nodeDisk(folder)
    await disk.makeFolder('a/b')
    const file = await disk.create('a/b/f')
    const large = new Uint8Array(300_000).fill(7)
    await file.write(0, large)
    await file.write(10, Uint8Array.of(1, 2, 3))
    await file.sync()
    expect(await file.size()).toBe(300_000)
    expect([...(await file.read(9, 5))]).toEqual([7, 1, 2, 3, 7])
    expect(await file.read(299_990, 100)).toHaveLength(10)
    await file.close()
    await disk.rename('a/b/f', 'a/b/g')
    await disk.syncFolder('a/b')
    expect(await disk.list('a/b')).toEqual(['g'])
    await disk.remove('a/b/g')
    expect(await disk.list('a/b')).toEqual([])
    expect(await disk.list('a/c')).toEqual([])
  })

  it('stays the same through many syncs, quick or slow', async () => {
    const disk = nodeDisk(folder)
    const file = await disk.create('f')
    for (const number of range(0, 80)) {
      await file.write(number, Uint8Array.of(number))
      await file.sync()
    }
    await file.close()
    expect([...(await readFile(join(folder, 'f')))]).toEqual(range(0, 80))
  })

  it('gives errors with a code and the system’s reason', async () => {
    const disk = nodeDisk(folder)
    expect(await codeOf(disk.open('nothing', 'read'))).toBe('disk.failed')
    expect(await reasonOf(disk.open('nothing', 'read'))).toBe('ENOENT')
    await (await disk.create('f')).close()
    expect(await reasonOf(disk.create('f'))).toBe('EEXIST')
    expect(await reasonOf(disk.remove('g'))).toBe('ENOENT')
    const reader = await disk.open('f', 'read')
    expect(await codeOf(reader.write(0, Uint8Array.of(1)))).toBe('disk.failed')
    await reader.close()
  })

  it('really asks the system to sync: what is closed or gone cannot be', async () => {
    const disk = nodeDisk(folder)
    for (const syncs of [0, 100]) {
      const file = await disk.create(`f${syncs}`)
      for (const _ of range(1, syncs)) await file.sync()
      await file.close()
      expect(await reasonOf(file.sync())).toBe('EBADF')
    }
    if (!WINDOWS) expect(await reasonOf(disk.syncFolder('gone'))).toBe('ENOENT')
  })

  it('never leaves its root', async () => {
    const disk = nodeDisk(folder)
    for (const path of ['../x', 'a/../../x', 'C:/x', 'a\\..\\..\\x']) {
      expect(await codeOf(disk.create(path))).toBe('disk.failed')
    }
    expect(await readdir(folder)).toEqual([])
  })

  it.skipIf(process.platform !== 'linux')('that is full says so', async () => {
    const disk = nodeDisk('/dev')
    const file = await disk.open('full', 'write')
    expect(await codeOf(file.write(0, Uint8Array.of(1)))).toBe('disk.full')
    await file.close()
  })
})

describe('what identifies a folder', () => {
  it('is the same at every look, and another for another folder or machine', async () => {
    const disk = nodeDisk(folder)
    await disk.makeFolder('a')
    await disk.makeFolder('b')
    const identity = await disk.identity('a')
    expect(await nodeDisk(folder).identity('a')).toBe(identity)
    expect(await disk.identity('b')).not.toBe(identity)
    expect(await nodeDisk(folder, { machine: 'till 7' }).identity('a')).not.toBe(identity)
  })

  it('does not give away the machine’s own id', async () => {
    const id = await readFile('/etc/machine-id', 'utf8').catch(() => 'none')
    expect(await machineName()).toMatch(/^[0-9a-f]{16}$/)
    expect(id).not.toContain(await machineName())
  })
})

describe('the lock', () => {
  it('refuses a second holder in the same process and is free after release', async () => {
    const lock = await nodeDisk(folder).lock('.')
    expect(await codeOf(nodeDisk(folder).lock(''))).toBe('journal.in-use')
    await lock.release()
    await lock.release()
    await (await nodeDisk(folder).lock('.')).release()
  })

  it('belongs to the folder, whatever path leads to it', async () => {
    await mkdir(join(folder, 'a'))
    const lock = await nodeDisk(folder).lock('a')
    expect(await codeOf(nodeDisk(join(folder, 'a')).lock('.'))).toBe('journal.in-use')
    await lock.release()
  })

  it('refuses a second process, and SIGKILL frees it with every acknowledged record in place', async () => {
    let told = 0
    for (const round of range(1, 4)) {
      const till = startTill(folder)
      await till.reached(told + 25 * round)
      expect(await codeOf(openOn(nodeDisk(folder), 65_536, 'journal'))).toBe('journal.in-use')
      const dead = once(till.child, 'exit')
      till.child.kill('SIGKILL')
      await dead
      told = till.said()
      const { numbers, journal } = await openOn(nodeDisk(folder), 65_536, 'journal')
      expect(numbers).toEqual(range(1, numbers.length))
      expect(numbers.length).toBeGreaterThanOrEqual(told)
      told = numbers.length
      await journal.close()
    }
  })

  it('is not refused on a local disk', async () => {
    expect(await codeOf(refuseNetworkVolume(folder))).toBe('none')
  })
})

describe('a journal on a real disk', () => {
  it('comes back whole, in files that were zeroed in advance', async () => {
    const disk = nodeDisk(folder)
    const { journal } = await openOn(disk, 65_536, 'journal')
    await Promise.all(range(1, 1000).map(number => journal.append(step(number, 50))))
    await journal.close()
    const again = await openOn(disk, 65_536, 'journal')
    expect(again.numbers).toEqual(range(1, 1000))
    expect(again.report.restored).toBe(false)
    await again.journal.close()
    for (const name of await readdir(join(folder, 'journal'))) {
      if (name.endsWith('.seg')) expect((await stat(join(folder, 'journal', name))).size).toBe(65_536)
    }
  })

  it('that was copied is restored', async () => {
    const disk = nodeDisk(folder)
    const { journal } = await openOn(disk, 65_536, 'journal')
    await journal.append(step(1))
    await journal.close()
    await mkdir(join(folder, 'copy'))
    for (const name of await readdir(join(folder, 'journal'))) {
      await writeFile(join(folder, 'copy', name), await readFile(join(folder, 'journal', name)))
    }
    const copy = await openOn(disk, 65_536, 'copy')
    expect(copy.numbers).toEqual([1])
    expect(copy.journal.state).toBe('restored')
    await copy.journal.close()
  })

  it('in the place of a file is not writable', async () => {
    await writeFile(join(folder, 'journal'), 'a file')
    expect(await codeOf(openOn(nodeDisk(folder), 65_536, 'journal'))).toBe('journal.not-writable')
  })

  // Rights bind everybody but root and Windows; for them test/bad-input mounts a disk read-only.
  if (!WINDOWS && process.getuid?.() !== 0) {
    it('in a folder without the right to write is not writable', async () => {
      await chmod(folder, 0o555)
      expect(await codeOf(openOn(nodeDisk(folder), 65_536, 'journal'))).toBe('journal.not-writable')
      await chmod(folder, 0o755)
    })
  }
})
