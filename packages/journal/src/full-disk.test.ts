// A journal on a disk that is full: what it still takes, what it refuses, and how it goes on when there is room.
import { SimDisk } from '@cashdesk/hardware-sim'
import { reportOf } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { FOLDER, numberOf, openOn, quiet, range, step } from '../test/steps.ts'
import { type Journal, readJournal } from './open.ts'

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: unknown) => reportOf(error, 'disk.failed').code,
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

describe('a full disk', () => {
  it('leaves the open segment and the next for the sale in progress, then refuses, and loses nothing', async () => {
    const disk = new SimDisk({ capacityBytes: 2 * 8192 + 100 })
    const { journal } = await openOn(disk)
    let taken = 0
    let refusal = 'none'
    for (let number = 1; number <= 200 && refusal === 'none'; number += 1) {
      refusal = await codeOf(journal.append(step(number, 100)))
      if (refusal === 'none') taken = number
      if (number === 5) expect(journal.low).toBe(false)
    }
    expect(refusal).toBe('disk.full')
    expect(journal).toMatchObject({ state: 'open', low: true, records: taken })
    expect(taken).toBeGreaterThan(20)
    expect(await disk.list(FOLDER)).toEqual(['00000001.seg', '00000002.seg'])
    await journal.close()
    disk.crash(1)
    expect(await numbersIn(disk)).toEqual(range(1, taken))

    const larger = disk.fork({ capacityBytes: 10 * 8192 })
    const again = await openOn(larger)
    await fill(again.journal, taken + 1, taken + 20)
    await again.journal.close()
    expect(await numbersIn(larger)).toEqual(range(1, taken + 20))
  })

  it('takes records again as soon as there is room, without a restart', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk)
    await quiet()
    disk.fail({ call: 'create', reason: 'ENOSPC', lasting: true })
    const codes = await Promise.all(range(1, 100).map(number => codeOf(journal.append(step(number, 100)))))
    const taken = codes.indexOf('disk.full')
    expect(taken).toBeGreaterThan(0)
    expect(new Set(codes.slice(taken))).toEqual(new Set(['disk.full']))
    disk.repair()
    await fill(journal, taken + 1, 100)
    expect(journal.low).toBe(false)
    await journal.close()
    expect((await openOn(disk)).numbers).toEqual(range(1, 100))
  })

  it('is asked again when somebody wants to know, once for all who ask, and is enough from then on', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk)
    await quiet()
    disk.fail({ call: 'create', reason: 'ENOSPC', lasting: true })
    for (let number = 1; !journal.low; number += 1) await journal.append(step(number, 100))
    const before = disk.count('create')
    const asked = [1, 2, 3].map(() => journal.makeRoom())
    expect(await Promise.all(asked)).toEqual([false, false, false])
    expect(disk.count('create')).toBe(before + 1)
    expect(journal.state).toBe('open')
    disk.repair()
    const { records } = journal
    const room = [1, 2, 3].map(() => journal.makeRoom())
    await fill(journal, records + 1, records + 80)
    expect(await Promise.all(room)).toEqual([true, true, true])
    expect(journal).toMatchObject({ low: false, state: 'open' })
    await journal.close()
    expect(await journal.makeRoom()).toBe(false)
    expect((await openOn(disk)).numbers).toEqual(range(1, records + 80))
  })

  it('is asked for room once at a time, however slow it is', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk, 65_536)
    await quiet()
    let attempts = 0
    let most = 0
    const create = disk.create.bind(disk)
    disk.create = async path => {
      attempts += 1
      most = Math.max(most, attempts)
      for (let turn = 0; turn < 300; turn += 1) await undefined
      attempts -= 1
      return create(path)
    }
    disk.fail({ call: 'create', reason: 'ENOSPC', lasting: true })
    const codes: string[] = []
    for (const number of range(1, 600)) codes.push(await codeOf(journal.append(step(number, 100))))
    expect(new Set(codes)).toEqual(new Set(['none', 'disk.full']))
    expect(most).toBe(1)
    expect(journal.state).toBe('open')
    await journal.close()
  })

  it('cannot hold a new journal', async () => {
    expect(await codeOf(openOn(new SimDisk({ capacityBytes: 5000 })))).toBe('disk.full')
  })
})
