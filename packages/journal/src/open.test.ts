// A journal on a simulated disk: what it promises when it is opened, written, full, broken, copied and closed.
import { SimDisk } from '@cashdesk/hardware-sim'
import { type CashdeskError, reportOf, type Step } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { FOLDER, numberOf, openOn, quiet, range, segment, step } from '../test/steps.ts'
import { type Journal, openJournal, readJournal } from './open.ts'

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: unknown) => reportOf(error, 'disk.failed').code,
  )
}

async function errorOf(promise: Promise<unknown>): Promise<CashdeskError['report']> {
  return promise.then(
    () => reportOf('nothing was thrown', 'disk.failed'),
    (error: unknown) => reportOf(error, 'disk.failed'),
  )
}

async function fill(journal: Journal, first: number, last: number, padding = 100): Promise<void> {
  for (const number of range(first, last)) await journal.append(step(number, padding))
}

async function numbersIn(disk: SimDisk): Promise<number[]> {
  const numbers: number[] = []
  await readJournal({ disk, folder: FOLDER, onStep: read => numbers.push(numberOf(read)) })
  return numbers
}

describe('a journal', () => {
  it('gives back every step in order when it is opened again', async () => {
    const disk = new SimDisk()
    const first = await openOn(disk)
    expect(first.report).toMatchObject({ created: true, restored: false, records: 0, epoch: 1 })
    await fill(first.journal, 1, 50)
    expect(first.journal).toMatchObject({ records: 50, state: 'open' })
    await first.journal.close()

    const second = await openOn(disk)
    expect(second.numbers).toEqual(range(1, 50))
    expect(second.report).toMatchObject({ created: false, restored: false, records: 50, epoch: 2 })
    expect(second.report.segments).toBeGreaterThan(2)
    expect(second.report.cut).toBeUndefined()
    await fill(second.journal, 51, 60)
    await second.journal.close()
    expect((await openOn(disk)).numbers).toEqual(range(1, 60))
  })

  it('says nothing before the sync, and one sync covers all who wait', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk, 65_536)
    await quiet()
    const before = disk.count('sync')
    const answered: number[] = []
    const all = range(1, 64).map(number =>
      journal.append(step(number)).then(() => answered.push(disk.count('sync') - before)),
    )
    expect(journal.records).toBe(0)
    await Promise.all(all)
    expect(new Set(answered)).toEqual(new Set([1]))
    await journal.append(step(65))
    expect(disk.count('sync') - before).toBe(2)
  })

  it('lets all who were answered by one batch join the next', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk, 1_048_576)
    await quiet()
    const before = disk.count('sync')
    const producer = async (lane: number): Promise<void> => {
      for (const turn of range(1, 10)) await journal.append(step(lane * 100 + turn))
    }
    await Promise.all(range(1, 64).map(producer))
    expect(disk.count('sync') - before).toBe(10)
  })

  it('never syncs the folder or lets a file grow to append a record', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk, 65_536)
    await quiet()
    const before = [disk.count('syncFolder'), disk.count('create'), disk.bytes(segment(1)).length]
    await fill(journal, 1, 20)
    expect([disk.count('syncFolder'), disk.count('create'), disk.bytes(segment(1)).length]).toEqual(before)
  })

  it('keeps the step as it was when it was appended', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk)
    const changing = { ...step(1) }
    const written = journal.append(changing)
    Object.assign(changing, { at: 99 })
    await written
    await journal.close()
    expect((await openOn(disk)).numbers).toEqual([1])
  })

  it('refuses a record over its limit and takes the next', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk)
    expect(await codeOf(journal.append(step(1, 9000)))).toBe('journal.too-large')
    expect(await codeOf(journal.append(step(1, 3800)))).toBe('none')
    await journal.close()
    expect((await openOn(disk)).numbers).toEqual([1])
  })

  it('answers everything that was appended before it closes, and nothing after', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk)
    const written = range(1, 30).map(number => journal.append(step(number, 300)))
    await journal.close()
    await Promise.all(written)
    expect(journal.state).toBe('closed')
    expect(await codeOf(journal.append(step(31)))).toBe('register.closed')
    expect(await codeOf(journal.close())).toBe('none')
    expect((await openOn(disk)).numbers).toEqual(range(1, 30))
  })

  it('is refused to a second till, and free once the first is closed or dead', async () => {
    const disk = new SimDisk()
    const first = await openOn(disk)
    expect(await codeOf(openOn(disk))).toBe('journal.in-use')
    await first.journal.close()
    const second = await openOn(disk)
    await second.journal.append(step(1))
    disk.kill()
    expect((await openOn(disk)).numbers).toEqual([1])
  })

  it('is free again when opening it failed', async () => {
    const disk = new SimDisk()
    disk.fail({ call: 'sync', reason: 'EIO' })
    expect(await codeOf(openOn(disk))).toBe('disk.failed')
    expect(await codeOf(openOn(disk))).toBe('none')
  })
})

describe('a folder that is no journal', () => {
  it('is refused when it holds other files', async () => {
    const disk = new SimDisk()
    await disk.makeFolder(FOLDER)
    await disk.create(`${FOLDER}/letter.txt`)
    expect((await errorOf(openOn(disk))).detail).toMatchObject({ files: ['letter.txt'] })
    expect(await codeOf(openOn(disk))).toBe('journal.not-ours')
  })

  it('is refused when its files only have our names', async () => {
    const disk = new SimDisk()
    await disk.makeFolder(FOLDER)
    await (await disk.create(segment(1))).write(0, new Uint8Array(8192).fill(65))
    expect(await codeOf(openOn(disk))).toBe('journal.not-ours')
  })

  it('is refused when it cannot be written', async () => {
    const disk = new SimDisk()
    disk.fail({ call: 'create', reason: 'EROFS', lasting: true })
    expect(await codeOf(openOn(disk))).toBe('journal.not-writable')
    disk.repair()
    const { journal } = await openOn(disk)
    await journal.close()
    disk.fail({ call: 'open', reason: 'EACCES', lasting: true })
    expect(await codeOf(openOn(disk))).toBe('journal.not-writable')
  })
})

describe('a disk that fails', () => {
  it('ends the journal at the first failed sync: nothing is tried again', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk, 65_536)
    await fill(journal, 1, 5)
    disk.fail({ call: 'sync', reason: 'EIO' })
    const inFlight = [journal.append(step(6)), journal.append(step(7))].map(codeOf)
    await quiet()
    const syncs = disk.count('sync')
    expect(await Promise.all(inFlight)).toEqual(['journal.poisoned', 'journal.poisoned'])
    expect(journal.state).toBe('poisoned')
    expect(await codeOf(journal.append(step(8)))).toBe('journal.poisoned')
    expect(disk.count('sync')).toBe(syncs)
    await journal.close()
    expect(journal.records).toBe(5)
    disk.crash(1)
    expect((await openOn(disk)).numbers.slice(0, 5)).toEqual(range(1, 5))
  })

  it('ends it at a failed write, and says which file and why', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk, 65_536)
    await quiet()
    disk.fail({ call: 'write', reason: 'EIO' })
    const { code, detail } = await errorOf(journal.append(step(1)))
    expect(code).toBe('journal.poisoned')
    expect(detail).toMatchObject({ reason: 'EIO', file: segment(1), error: 'disk.failed' })
  })

  it('ends it when no further segment can be made for another reason than space', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk)
    await quiet()
    disk.fail({ call: 'rename', reason: 'EIO' })
    const codes = []
    for (const number of range(1, 30)) codes.push(await codeOf(journal.append(step(number, 100))))
    expect(journal.state).toBe('poisoned')
    const taken = codes.filter(code => code === 'none').length
    expect(codes.slice(taken)).toEqual(range(taken + 1, 30).map(() => 'journal.poisoned'))
    disk.crash(1)
    expect((await numbersIn(disk)).slice(0, taken)).toEqual(range(1, taken))
  })
})

describe('a restored or copied journal', () => {
  it('can be read and takes nothing until an operator confirms', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk)
    await fill(journal, 1, 3)
    await journal.close()

    const copy = disk.fork({ identity: 'machine-2:1' })
    const opened = await openOn(copy)
    expect(opened.numbers).toEqual([1, 2, 3])
    expect(opened.report.restored).toBe(true)
    expect(opened.journal).toMatchObject({ state: 'restored', records: 3 })
    expect(await codeOf(opened.journal.append(step(4)))).toBe('journal.restored')
    expect([copy.count('write'), copy.count('create'), copy.count('remove')]).toEqual([0, 0, 0])
    await Promise.all([opened.journal.confirm(), opened.journal.confirm()])
    expect(opened.journal.state).toBe('open')
    await opened.journal.append(step(4))
    await opened.journal.close()

    const again = await openOn(copy)
    expect(again.report.restored).toBe(false)
    expect(again.numbers).toEqual([1, 2, 3, 4])
    await again.journal.confirm()
    expect(again.journal.state).toBe('open')
  })

  it('stays restored while nobody confirms', async () => {
    const disk = new SimDisk()
    await (await openOn(disk)).journal.close()
    const copy = disk.fork({ identity: 'machine-2:1' })
    for (const _ of range(1, 3)) {
      const { journal } = await openOn(copy)
      expect(journal.state).toBe('restored')
      await journal.close()
    }
  })

  it('is restored again when it comes back to its first machine', async () => {
    const disk = new SimDisk()
    await (await openOn(disk)).journal.close()
    const copy = disk.fork({ identity: 'machine-2:1' })
    const { journal } = await openOn(copy)
    await journal.confirm()
    await journal.close()
    expect((await openOn(copy.fork({ identity: 'machine-1:1' }))).journal.state).toBe('restored')
  })
})

describe('reading without the lock', () => {
  it('gives the steps of a till that is writing, and changes nothing', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk)
    await fill(journal, 1, 40)
    await quiet()
    const changes = disk.changes
    const numbers: number[] = []
    const onStep = (read: Step): void => void numbers.push(numberOf(read))
    const reading = await readJournal({ disk, folder: FOLDER, onStep })
    expect(numbers).toEqual(range(1, 40))
    expect(reading).toMatchObject({ records: 40, epoch: 1, unknownCount: 0, identity: 'machine-1:1' })
    expect(disk.changes).toBe(changes)
  })

  it('never takes for damage what a till writes meanwhile', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk)
    let writing = true
    const writer = (async () => {
      for (let number = 1; number <= 1500; number += 1) await journal.append(step(number, 40))
      writing = false
    })()
    let last = 0
    while (writing) {
      const numbers = await numbersIn(disk)
      expect(numbers).toEqual(range(1, numbers.length))
      expect(numbers.length).toBeGreaterThanOrEqual(last)
      last = numbers.length
    }
    await writer
    expect(await numbersIn(disk)).toEqual(range(1, 1500))
  })

  it('finds nothing in a folder that is not there', async () => {
    const reading = await readJournal({ disk: new SimDisk(), folder: 'nowhere', onStep: () => undefined })
    expect(reading).toMatchObject({ records: 0, segments: 0 })
  })
})

describe('opening', () => {
  it('passes on what onStep throws, and gives the lock back', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk)
    await journal.append(step(1))
    await journal.close()
    const onStep = (): void => {
      throw new TypeError('cannot fold this')
    }
    await expect(openJournal({ disk, folder: FOLDER, onStep })).rejects.toThrow('cannot fold this')
    expect((await openOn(disk)).numbers).toEqual([1])
  })

  it('makes and syncs the folders that lead to it', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk, 8192, 'a/b/c')
    await journal.append(step(1))
    disk.crash(() => 0)
    expect((await openOn(disk, 8192, 'a/b/c')).numbers).toEqual([1])
  })
})
