// Power lost for real, on real files: a short run of `npm run power`, which keeps every promise, and the same run on a
// disk that lies, which must not. Needs a C compiler; without one it says so and is skipped.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { keepEverything } from '@cashdesk/hardware-sim'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runPower } from './run.ts'
import { begin, buildLibrary, cut, environment, missing, type Shadow } from './shadow.ts'

const reason = missing()
const required = process.env['CASHDESK_REQUIRE'] === 'all'
if (reason !== undefined && !required) process.stderr.write(`Real losses of power are skipped: ${reason}.\n`)
const real = describe.skipIf(reason !== undefined && !required)

beforeAll(() => {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  spawnSync(process.execPath, [tsc, '-b', 'test/power', 'packages/host'], { cwd: root })
}, 120_000)

real('a real loss of power', () => {
  it('takes nothing that a journal or a till acknowledged, and money and cards agree with the host', async () => {
    const report = await runPower({ cuts: 8, seed: 20_261_121 })
    expect(report.wrong).toEqual([])
    expect(report).toMatchObject({ cuts: 8, lost: 0 })
    expect(report.journal.acknowledged).toBeGreaterThan(100)
    expect(report.till.acknowledged).toBeGreaterThan(10)
    // Whether anything was unsynced when the power went is chance in eight cuts; `npm run power` insists on it.
  })

  it('on a disk that confirms syncs and does not make them takes what was acknowledged, and is noticed', async () => {
    const report = await runPower({ cuts: 4, seed: 7, lying: true, only: 'journal' })
    expect(report.lost).toBeGreaterThan(0)
  })
})

/** Each acts on the shadowed folder `dir`, by Node's own calls. */
const ACTS = {
  unsynced: `const f = fs.openSync(dir + '/a', 'w'); fs.writeSync(f, 'AAAA')`,
  synced: `const f = fs.openSync(dir + '/a', 'w'); fs.writeSync(f, 'AAAA'); fs.fdatasyncSync(f); folder(dir)
    fs.writeSync(f, 'BBBB', 4); fs.writeSync(f, 'C', 0)`,
  nameless: `const f = fs.openSync(dir + '/a', 'w'); fs.writeSync(f, 'AAAA'); fs.fdatasyncSync(f)`,
  renamed: `const f = fs.openSync(dir + '/a.new', 'w'); fs.writeSync(f, 'AAAA'); fs.fdatasyncSync(f); folder(dir)
    fs.renameSync(dir + '/a.new', dir + '/a')`,
  removed: `fs.unlinkSync(dir + '/old'); const f = fs.openSync(dir + '/new', 'w'); fs.writeSync(f, 'NEW')
    fs.fsyncSync(f)`,
  inFolder: `fs.mkdirSync(dir + '/in'); const f = fs.openSync(dir + '/in/a', 'w'); fs.writevSync(f, [Buffer.from('AA'),
    Buffer.from('BB')]); fs.fsyncSync(f); folder(dir + '/in'); folder(dir)`,
  loose: `fs.mkdirSync(dir + '/in'); const f = fs.openSync(dir + '/in/a', 'w'); fs.writeSync(f, 'A'); fs.fsyncSync(f)
    folder(dir + '/in')`,
  shortened: `const f = fs.openSync(dir + '/old', 'r+'); fs.ftruncateSync(f, 2); fs.fsyncSync(f); fs.ftruncateSync(f, 1)`,
}

real('the preloaded library', () => {
  let folder = ''
  let shadow: Shadow
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cashdesk-shadow-'))
    shadow = { library: buildLibrary(folder), root: join(folder, 'root'), copy: join(folder, 'copy') }
    mkdirSync(shadow.root)
    writeFileSync(join(shadow.root, 'old'), 'OLD!')
    begin(shadow)
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** What is there after the act and a loss of power. */
  function after(act: keyof typeof ACTS, choose?: (count: number) => number): { [path: string]: string } {
    const script = `const fs = require('node:fs'); const dir = process.argv[1]
      const folder = path => { const f = fs.openSync(path, 'r'); fs.fsyncSync(f); fs.closeSync(f) }
      ${ACTS[act]}; process.kill(process.pid, 'SIGKILL')`
    spawnSync(process.execPath, ['-e', script, shadow.root], {
      env: { ...process.env, ...environment(shadow) },
    })
    cut(shadow, choose)
    const names = spawnSync('find', ['.', '-type', 'f'], { cwd: shadow.root, encoding: 'utf8' }).stdout
    const paths = names.split('\n').filter(Boolean).sort()
    return Object.fromEntries(
      paths.map(path => [path.slice(2), readFileSync(join(shadow.root, path), 'utf8')]),
    )
  }

  it('forgets a file that nobody synced, name and all', () => {
    expect(after('unsynced')).toEqual({ old: 'OLD!' })
  })

  it('keeps what was synced, and forgets what was written behind it', () => {
    expect(after('synced')).toEqual({ a: 'AAAA', old: 'OLD!' })
  })

  it('forgets a synced file whose name was not synced, and an unsynced renaming', () => {
    expect(after('nameless')).toEqual({ old: 'OLD!' })
    begin(shadow)
    expect(after('renamed')).toEqual({ 'a.new': 'AAAA', old: 'OLD!' })
  })

  it('brings back what was removed, also where its place on the disk was used again', () => {
    expect(after('removed')).toEqual({ old: 'OLD!' })
  })

  it('keeps a folder only with its own name synced into the one above', () => {
    expect(after('loose')).toEqual({ old: 'OLD!' })
    begin(shadow)
    expect(after('inFolder')).toEqual({ 'in/a': 'AABB', old: 'OLD!' })
  })

  it('keeps a shortened length once it is synced', () => {
    expect(after('shortened')).toEqual({ old: 'OL' })
  })

  it('can lose nothing at all, like a mere kill', () => {
    expect(after('synced', keepEverything)).toEqual({ a: 'CAAABBBB', old: 'OLD!' })
  })
})
