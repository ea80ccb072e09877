// The simulated disk forgets what a real one may forget, and nothing else.
import { type DiskFile, reportOf } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { keepEverything, loseEverything, SECTOR_BYTES, SimDisk } from './disk.ts'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)

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

/** A disk with one durable file `f`, which holds `old`. */
async function diskWith(old: string): Promise<{ disk: SimDisk; file: DiskFile }> {
  const disk = new SimDisk()
  const file = await disk.create('f')
  await file.write(0, bytes(old))
  await file.sync()
  await disk.syncFolder('')
  return { disk, file }
}

describe('a loss of power', () => {
  it('takes what was not synced, and nothing that was', async () => {
    const { disk, file } = await diskWith('old')
    await file.write(0, bytes('new'))
    expect(text(disk.bytes('f'))).toBe('new')
    disk.crash(loseEverything)
    expect(text(disk.bytes('f'))).toBe('old')
  })

  it('may keep it just as well', async () => {
    const { disk, file } = await diskWith('old')
    await file.write(0, bytes('new and longer'))
    disk.crash(keepEverything)
    expect(text(disk.bytes('f'))).toBe('new and longer')
  })

  it('may keep any version that a sector had since the last sync', async () => {
    const { disk, file } = await diskWith('one')
    await file.write(0, bytes('two'))
    await file.write(0, bytes('six'))
    const seen = [0, 1, 2].map(version => {
      const copy = disk.fork()
      copy.crash(count => Math.min(version, count - 1))
      return text(copy.bytes('f'))
    })
    expect(seen).toEqual(['one', 'two', 'six'])
  })

  it('decides for every sector by itself', async () => {
    const { disk, file } = await diskWith('.'.repeat(3 * SECTOR_BYTES))
    await file.write(0, bytes('#'.repeat(3 * SECTOR_BYTES)))
    let sector = 0
    disk.crash(() => {
      sector += 1
      return sector % 2
    })
    const kept = [0, 1, 2].map(index => text(disk.bytes('f'))[index * SECTOR_BYTES])
    expect(kept).toEqual(['#', '.', '#'])
  })

  it('takes names whose folder was not synced, old and new ones each for itself', async () => {
    const { disk } = await diskWith('x')
    await disk.rename('f', 'g')
    const outcomes = new Set<string>()
    for (let seed = 0; seed < 40; seed += 1) {
      const copy = disk.fork()
      copy.crash(seed)
      outcomes.add((await copy.list('')).join('+'))
    }
    expect([...outcomes].sort()).toEqual(['', 'f', 'f+g', 'g'])
    await disk.syncFolder('')
    disk.crash(loseEverything)
    expect(await disk.list('')).toEqual(['g'])
  })

  it('takes a folder with all that is in it when its own name was not synced', async () => {
    const disk = new SimDisk()
    await disk.makeFolder('a')
    await (await disk.create('a/f')).sync()
    await disk.syncFolder('a')
    const synced = disk.fork()
    disk.crash(loseEverything)
    expect(await disk.list('a')).toEqual([])
    await synced.syncFolder('')
    synced.crash(loseEverything)
    expect(await synced.list('a')).toEqual(['f'])
  })

  it('is the same for the same seed', async () => {
    const { disk, file } = await diskWith('.'.repeat(20 * SECTOR_BYTES))
    await file.write(0, bytes('#'.repeat(20 * SECTOR_BYTES)))
    const after = (seed: number): string => {
      const copy = disk.fork()
      copy.crash(seed)
      return text(copy.bytes('f'))
    }
    expect(after(5)).toBe(after(5))
    expect(after(5)).not.toBe(after(6))
  })

  it('ends handles and locks; a kill does too, and takes no data', async () => {
    const { disk, file } = await diskWith('old')
    await disk.lock('')
    expect(await codeOf(disk.lock('.'))).toBe('journal.in-use')
    await file.write(0, bytes('new'))
    disk.kill()
    expect(await reasonOf(file.read(0, 3))).toBe('EBADF')
    expect(text(disk.bytes('f'))).toBe('new')
    await (await disk.lock('')).release()
    disk.crash(loseEverything)
    expect(text(disk.bytes('f'))).toBe('old')
  })

  it('can be set to a call, which and all after it fail; a write in that call may be there in part', async () => {
    const { disk, file } = await diskWith('old')
    disk.powerOffAt(disk.changes + 1)
    expect(await codeOf(file.write(0, bytes('new')))).toBe('disk.failed')
    expect(await codeOf(file.sync())).toBe('disk.failed')
    expect(disk.powerIsOff).toBe(true)
    const lucky = disk.fork()
    lucky.crash(keepEverything)
    expect(text(lucky.bytes('f'))).toBe('new')
    disk.crash(loseEverything)
    expect(disk.powerIsOff).toBe(false)
    expect(text(disk.bytes('f'))).toBe('old')
  })
})

describe('a disk in trouble', () => {
  it('fails the planned call once, or from then on until it is repaired', async () => {
    const { disk, file } = await diskWith('old')
    disk.fail({ call: 'write', reason: 'EIO', skip: 1 })
    expect(await codeOf(file.write(0, bytes('a')))).toBe('none')
    expect(await reasonOf(file.write(0, bytes('b')))).toBe('EIO')
    expect(await codeOf(file.write(0, bytes('c')))).toBe('none')
    disk.fail({ call: 'create', reason: 'ENOSPC', path: '.new', lasting: true })
    expect(await codeOf(disk.create('x.new'))).toBe('disk.full')
    expect(await codeOf(disk.create('y.new'))).toBe('disk.full')
    expect(await codeOf(disk.create('z'))).toBe('none')
    disk.repair()
    expect(await codeOf(disk.create('x.new'))).toBe('none')
  })

  it('forgets after a failed sync what it should have written, and syncs in vain from then on', async () => {
    const { disk, file } = await diskWith('old')
    await file.write(0, bytes('new'))
    disk.fail({ call: 'sync', reason: 'EIO' })
    expect(await reasonOf(file.sync())).toBe('EIO')
    await file.sync()
    expect(text(disk.bytes('f'))).toBe('new')
    disk.crash(keepEverything)
    expect(text(disk.bytes('f'))).toBe('old')
  })

  it('is full at its capacity; writing within a file still works, and removing one makes room', async () => {
    const disk = new SimDisk({ capacityBytes: 100 })
    const file = await disk.create('f')
    await file.write(0, new Uint8Array(80))
    expect(await codeOf(file.write(80, new Uint8Array(21)))).toBe('disk.full')
    expect(await codeOf(file.write(10, new Uint8Array(70)))).toBe('none')
    expect(await codeOf(file.write(80, new Uint8Array(20)))).toBe('none')
    await disk.remove('f')
    expect(await codeOf((await disk.create('g')).write(0, new Uint8Array(100)))).toBe('none')
  })

  it('rots without anyone being told', async () => {
    const { disk } = await diskWith('old')
    const changes = disk.changes
    disk.flipBit('f', 8)
    expect(text(disk.bytes('f'))).toBe('omd')
    disk.crash(loseEverything)
    expect(text(disk.bytes('f'))).toBe('omd')
    expect(disk.changes).toBe(changes)
  })
})

describe('the calls', () => {
  it('are counted', async () => {
    const { disk, file } = await diskWith('old')
    await file.sync()
    expect([disk.count('sync'), disk.count('write'), disk.count('create'), disk.count('remove')]).toEqual([
      2, 1, 1, 0,
    ])
    expect(disk.changes).toBe(5)
  })

  it('fail as an operating system’s do', async () => {
    const { disk } = await diskWith('old')
    expect(await reasonOf(disk.open('g', 'read'))).toBe('ENOENT')
    expect(await reasonOf(disk.create('f'))).toBe('EEXIST')
    expect(await reasonOf(disk.create('no/f'))).toBe('ENOENT')
    expect(await reasonOf(disk.makeFolder('f'))).toBe('ENOTDIR')
    expect(await reasonOf((await disk.open('f', 'read')).write(0, bytes('x')))).toBe('EBADF')
    expect(await disk.list('no')).toEqual([])
  })
})
