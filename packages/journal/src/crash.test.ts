// Loss of power at every point, with any part of what was not synced: every acknowledged record is there afterwards,
// in order, and nothing that was never appended; also when the power goes again while the journal recovers.
import { type Chooser, keepEverything, loseEverything, Prng, SimDisk } from '@cashdesk/hardware-sim'
import { CashdeskError } from '@cashdesk/kernel'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openOn, quiet, range, step } from '../test/steps.ts'
import type { Journal } from './open.ts'

/** What a run on a disk promised, and what it had tried. */
interface Told {
  /** The last number handed to `append`; they count from 1. */
  appended: number
  /** The last one that was acknowledged. */
  acknowledged: number
}

const nothing = (): Told => ({ appended: 0, acknowledged: 0 })

/** Groups of records that are appended at once, each with its padding. */
type Plan = readonly (readonly number[])[]

/**
 * Opens and appends by plan. Each group is appended when the one before was answered or, with `hurry`, some turns of
 * the microtask queue after it, while a batch may be in flight. Stops at the first refusal.
 */
async function run(disk: SimDisk, plan: Plan, told: Told, hurry?: Prng): Promise<void> {
  let journal: Journal
  try {
    const opened = await openOn(disk)
    journal = opened.journal
    checkNumbers(opened.numbers, told, 'opened')
    // What recovery has handed out, the till acts on: it counts as acknowledged.
    told.acknowledged = opened.numbers.length
    told.appended = opened.numbers.length
  } catch (error) {
    if (error instanceof CashdeskError) return
    throw error
  }
  let refused = false
  const append = (padding: number): Promise<void> => {
    told.appended += 1
    const number = told.appended
    return journal.append(step(number, padding)).then(
      () => {
        if (number !== told.acknowledged + 1) throw new TypeError(`acknowledged out of order: ${number}`)
        told.acknowledged = number
      },
      () => {
        refused = true
      },
    )
  }
  const answers: Promise<void>[] = []
  for (const group of plan) {
    answers.push(...group.map(append))
    if (hurry === undefined) await Promise.all(answers)
    else for (let turns = hurry.below(40); turns > 0; turns -= 1) await undefined
    if (refused) break
  }
  await Promise.all(answers)
  await journal.close()
}

function checkNumbers(numbers: readonly number[], told: Told, where: string): void {
  expect(numbers, where).toEqual(range(1, numbers.length))
  expect(numbers.length, where).toBeGreaterThanOrEqual(told.acknowledged)
  expect(numbers.length, where).toBeLessThanOrEqual(told.appended)
}

/** Opens after a crash, checks what is there against what was told, and appends to it. */
async function check(disk: SimDisk, told: Told, where: string): Promise<number> {
  const first = await openOn(disk)
  checkNumbers(first.numbers, told, where)
  expect(first.report.unknownCount, where).toBe(0)
  disk.crash(loseEverything)
  const { numbers, journal, report } = await openOn(disk)
  expect(numbers, where).toEqual(first.numbers)
  expect(report.cut, where).toBeUndefined()
  // Whatever was torn must not come back behind what is appended now.
  const more = [30, 2000, 2000].map((padding, index) =>
    journal.append(step(numbers.length + 1 + index, padding)),
  )
  await Promise.all(more)
  disk.crash(loseEverything)
  const again = await openOn(disk)
  expect(again.numbers, where).toEqual(range(1, numbers.length + 3))
  expect(again.report.cut, where).toBeUndefined()
  await again.journal.close()
  return numbers.length
}

const PLAN: Plan = [[0], [700, 10, 1200], [3000], [40, 40, 40, 40, 40, 40], [2000, 2000], [0], [900, 5]]

async function changesOf(plan: Plan): Promise<number> {
  const disk = new SimDisk()
  await run(disk, plan, nothing())
  return disk.changes
}

describe('loss of power', () => {
  it('at every call keeps what was acknowledged, whatever part of the rest survives', async () => {
    const changes = await changesOf(PLAN)
    expect(changes).toBeGreaterThan(30)
    for (const change of range(1, changes)) {
      const disk = new SimDisk()
      disk.powerOffAt(change)
      const told = nothing()
      await run(disk, PLAN, told)
      const choosers: readonly (Chooser | number)[] = [loseEverything, keepEverything, 1, 2, 3, 4]
      for (const [index, choose] of choosers.entries()) {
        const copy = disk.fork()
        copy.crash(choose)
        await check(copy, told, `change ${change}, chooser ${index}`)
      }
    }
  })

  it('while others append during a batch keeps what was acknowledged', async () => {
    const changes = await changesOf(PLAN)
    for (const seed of range(1, 20)) {
      for (let change = 8 + (seed % 3); change <= changes; change += 3) {
        const disk = new SimDisk()
        disk.powerOffAt(change)
        const told = nothing()
        await run(disk, PLAN, told, new Prng(seed))
        disk.crash(loseEverything)
        await check(disk, told, `change ${change}, seed ${seed}`)
      }
    }
  })

  it('after a mere kill takes nothing that the till was given on its restart', async () => {
    const changes = await changesOf(PLAN)
    for (const change of range(1, changes)) {
      const killed = new SimDisk()
      killed.powerOffAt(change)
      const before = nothing()
      await run(killed, PLAN, before)
      await quiet()
      killed.kill()
      for (const later of [...range(1, 24), Number.POSITIVE_INFINITY]) {
        const disk = killed.fork()
        disk.powerOffAt(later)
        const told = { ...before }
        await run(disk, [[500], [2000], [2000], [1]], told)
        disk.crash(loseEverything)
        const { numbers, journal } = await openOn(disk)
        checkNumbers(numbers, told, `killed at ${change}, power off at ${later}`)
        await journal.close()
      }
    }
  })

  it('after a mere kill takes no record at the brim of a segment, where the next mark has no room', async () => {
    for (const padding of range(3780, 3880)) {
      const disk = new SimDisk()
      const { journal } = await openOn(disk)
      await quiet()
      disk.powerOffAt(disk.changes + 2)
      await journal.append(step(1, padding)).catch(() => undefined)
      disk.kill()
      const told = { appended: 1, acknowledged: 0 }
      await run(disk, [], told)
      disk.crash(loseEverything)
      await check(disk, told, `padding ${padding}`)
    }
  })

  it('during recovery, again and again, changes nothing of that', async () => {
    const plan: Plan = [[0], [700, 1500, 800, 10]]
    const changes = await changesOf(plan)
    for (const change of range(10, changes)) {
      for (const seed of range(1, 6)) {
        const prng = new Prng(change * 1000 + seed)
        const disk = new SimDisk()
        disk.powerOffAt(change)
        const told = nothing()
        await run(disk, plan, told)
        disk.crash(prng.word())
        for (const point of range(1, 8)) {
          disk.powerOffAt(disk.changes + point)
          await openOn(disk).catch(() => undefined)
          await quiet()
          disk.crash(prng.word())
        }
        await check(disk, told, `change ${change}, seed ${seed}`)
      }
    }
  })

  it('over many random lives of one till never loses, invents or reorders a record', async () => {
    const group = fc.array(fc.oneof(fc.nat(2500), fc.integer({ min: 3700, max: 3850 })), {
      minLength: 1,
      maxLength: 8,
    })
    const life = fc.record({
      plan: fc.array(group, { maxLength: 6 }),
      powerOff: fc.nat(60),
      seed: fc.nat(),
      end: fc.constantFrom('crash', 'kill'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 8 }), async lives => {
        const disk = new SimDisk()
        const told = nothing()
        for (const { plan, powerOff, seed, end } of lives) {
          disk.powerOffAt(disk.changes + 1 + powerOff)
          await run(disk, plan, told, new Prng(seed))
          await quiet()
          if (end === 'kill') disk.kill()
          else disk.crash(seed)
        }
        disk.crash(lives.length)
        await check(disk, told, 'at the end')
      }),
      { numRuns: 200 },
    )
  })

  it('leaves what a full disk or an error left, too', async () => {
    const troubles = ['write', 'sync', 'create', 'rename', 'syncFolder'] as const
    for (const call of troubles) {
      for (const reason of ['EIO', 'ENOSPC'] as const) {
        for (const skip of range(0, 12)) {
          const disk = new SimDisk()
          disk.fail({ call, reason, skip })
          const told = nothing()
          await run(disk, PLAN, told)
          await quiet()
          disk.repair()
          disk.crash(skip)
          await check(disk, told, `${call} ${reason} ${skip}`)
        }
      }
    }
  })

  it('during one batch leaves, in every subset of its sectors, a prefix of it', async () => {
    const disk = new SimDisk()
    const { journal } = await openOn(disk, 16_384)
    await journal.append(step(1))
    await quiet()
    disk.powerOffAt(disk.changes + 2)
    const batch = range(2, 7).map(number => journal.append(step(number, 450)).catch(() => 'refused'))
    expect(new Set(await Promise.all(batch))).toEqual(new Set(['refused']))
    await quiet()
    let sectors = 0
    disk.fork().crash(() => {
      sectors += 1
      return 0
    })
    expect(sectors).toBeGreaterThan(6)
    const found = new Set<number>()
    for (let subset = 0; subset < 2 ** sectors; subset += 1) {
      const torn = disk.fork()
      let sector = 0
      torn.crash(() => {
        sector += 1
        return (subset >> (sector - 1)) & 1
      })
      const told = { appended: 7, acknowledged: 1 }
      found.add(await check(torn, told, `subset ${subset.toString(2)}`))
    }
    expect([...found].sort()).toEqual(range(1, 7))
  })
})
