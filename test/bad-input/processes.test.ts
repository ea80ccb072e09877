// What a process says to bad input, and with which exit code it ends: the command, the host and the simulators as they
// are started in a shop.
import { mkdtemp, readdir, rm, unlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { build, cashdesk, start, stop } from './command.ts'
import { canMount, mountAt, remount, unmountAll } from './mounts.ts'

let folder = ''

beforeAll(build, 120_000)

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cashdesk-bad-'))
})

afterEach(async () => {
  unmountAll()
  await rm(folder, { recursive: true, force: true })
})

async function written(config: object): Promise<string> {
  const file = join(folder, 'till.json')
  await writeFile(file, JSON.stringify({ dir: 'till', lane: '7', currency: 'EUR', ...config }))
  return file
}

describe('a configuration with a missing key', () => {
  it('is told with its place and ends with 1; nothing is made', async () => {
    const file = await written({ lane: undefined, printer: { kind: 'tcp' } })
    const both = await Promise.all([cashdesk(['check', file]), cashdesk(['run', file])])
    for (const { code, out, err } of both) {
      expect(code).toBe(1)
      expect(out + err).toContain('lane is missing')
      expect(out + err).toContain('printer.host is missing')
    }
    expect(await readdir(folder)).toEqual(['till.json'])
  })

  it('that names a secret nobody set ends with 1, and the secrets that are set stay unseen', async () => {
    const terminal = { kind: 'zvt', host: 'localhost', password: { secret: 'env:BAD_INPUT_PASSWORD' } }
    const file = await written({ terminal })
    const without = await cashdesk(['check', file])
    expect(without.code).toBe(1)
    expect(without.out).toContain('terminal.password names env:BAD_INPUT_PASSWORD, and that is not there')
    const set = await cashdesk(['check', file], { BAD_INPUT_PASSWORD: '918273' })
    expect(set.code).toBe(0)
    expect(set.out).toContain('terminal.password from env:BAD_INPUT_PASSWORD')
    const odd = await cashdesk(['check', file], { BAD_INPUT_PASSWORD: 'never-shown' })
    expect(odd.code).toBe(1)
    expect(set.out + odd.out + odd.err).not.toMatch(/918273|never-shown/)
  })
})

describe('a journal directory', () => {
  it('in use is refused to the second till with 3, and free when the first one is killed', async () => {
    const file = await written({})
    const first = start(['run', file])
    expect(await first.ready).toMatchObject({ till: 'open', records: 1 })
    const second = await cashdesk(['run', file])
    expect(second.code).toBe(3)
    expect(second.err).toMatch(/^journal\.in-use: .*two on one journal would sell twice/)
    expect((await cashdesk(['check', file])).code).toBe(0)
    first.child.kill('SIGKILL')
    await first.ended
    const third = start(['run', file])
    expect(await third.ready).toMatchObject({ till: 'open', records: 2 })
    expect(await stop(third)).toBe(process.platform === 'win32' ? null : 0)
  })

  it('that cannot be made or written ends with 3 at a till and with 1 at a check', async () => {
    const file = await written({ dir: 'till.json/inside' })
    const till = await cashdesk(['run', file])
    expect(till.code).toBe(3)
    expect(till.err).toMatch(/^journal\.not-writable: /)
    const check = await cashdesk(['check', file, '--json'])
    expect(check.code).toBe(1)
    expect(JSON.parse(check.out)).toMatchObject({ problems: [{ path: 'dir', code: 'journal.not-writable' }] })
    expect(await readdir(folder)).toEqual(['till.json'])
  })

  it.runIf(canMount())('on a full disk ends with 3, and works when there is room again', async () => {
    mountAt(folder, 'size=9m')
    const file = await written({})
    const filler = join(folder, 'filler')
    await writeFile(filler, new Uint8Array(6_000_000))
    const full = await cashdesk(['run', file])
    expect(full.code).toBe(3)
    expect(full.err).toMatch(/^disk\.full: /)
    await unlink(filler)
    const till = start(['run', file])
    expect(await till.ready).toMatchObject({ till: 'open', records: 1 })
    await stop(till)
    expect((await cashdesk(['check', file])).code).toBe(0)
  })

  it.runIf(canMount())('on a read-only disk ends with 3 at a till and with 1 at a check', async () => {
    mountAt(folder, 'size=20m')
    const file = await written({})
    const before = start(['run', file])
    await before.ready
    await stop(before)
    remount(folder, 'ro')
    const till = await cashdesk(['run', file])
    expect(till.code).toBe(3)
    expect(till.err).toMatch(/^journal\.not-writable: [\s\S]*EROFS/)
    const check = await cashdesk(['check', file, '--json'])
    expect(check.code).toBe(1)
    // It cannot be written, and what is in it is still read.
    expect(JSON.parse(check.out)).toMatchObject({
      problems: [{ path: 'dir', code: 'journal.not-writable' }],
      till: { place: { writable: false, journal: { records: 1, tear: false } } },
    })
  })
})

describe('a port in use', () => {
  it('ends host and simulators with 3, each with its code', async () => {
    const taken = createServer()
    await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
    const address = taken.address()
    const port = String(typeof address === 'object' && address !== null ? address.port : 0)
    const [host, ...sims] = await Promise.all([
      cashdesk(['host', '--store', 'memory', '--port', port]),
      ...['terminal', 'printer', 'scanner'].map(name => cashdesk(['sim', name, '--port', port])),
    ])
    expect(host).toMatchObject({ code: 3, out: '', err: expect.stringMatching(/host\.port-in-use: /) })
    for (const sim of sims)
      expect(sim).toMatchObject({ code: 3, out: '', err: expect.stringMatching(/^sim\.port-in-use: /) })
    taken.close()
  })
})

describe('a command line that makes no sense', () => {
  it.each([
    [['chekc', 'till.json'], 2, /^cli\.usage: [\s\S]*check/],
    [['sim', 'terminal', '--prot', '1'], 2, /^sim\.usage: /],
    [['sim', 'terminal', '--port', '99999'], 2, /^sim\.usage: /],
    [['host', '--prot', '1'], 2, /^config\.invalid: /],
  ])('%j ends with %d', async (args, code, said) => {
    const ended = await cashdesk(args)
    expect(ended).toMatchObject({ code, out: '' })
    expect(ended.err).toMatch(said)
  })
})
