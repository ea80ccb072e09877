// Whole sales on a disk that forgets: the power goes in every change that a sale makes to the disk, with every part of the
// rest, and in the middle of every record. What the till answered stays so, and the sale is ended and paid once.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Chooser, keepEverything, loseEverything, SimDisk } from '@cashdesk/hardware-sim'
import { CashdeskError, type Disk } from '@cashdesk/kernel'
import type { Till } from '@cashdesk/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Basket, basketOf, MAX_SALES, seedFor } from './basket.ts'
import { type RunningHost, startHost } from './host.ts'
import { lyingDisk } from './lying-disk.ts'
import { Promises, unsettled } from './promises.ts'
import { openRegister, sell } from './selling.ts'

const DIR = 'simulated'
const LIVES = 40
const SEGMENT = 'journal/00000001.seg'

let folder = ''
let host: RunningHost

beforeAll(async () => {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', 'packages/host'], {
    cwd: root,
  })
  folder = mkdtempSync(join(tmpdir(), 'cashdesk-sales-'))
  host = await startHost(folder, seedFor(LIVES))
}, 120_000)

afterAll(async () => {
  await host.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Baskets that were not sold yet: each trial has a card of its own, for all trials share one host. */
function* baskets(fits: (basket: Basket) => boolean): Generator<Basket, never, undefined> {
  for (let life = 1; life <= LIVES; life += 1)
    for (let number = 0; number < MAX_SALES; number += 1) {
      const basket = basketOf(life, number)
      if (basket.prices.length === 2 && fits(basket)) yield basket
    }
  throw new TypeError('all baskets are sold')
}

/** One run of the till: sells the basket until it is done or the power goes. Answers what went wrong, if it did. */
async function run(
  disk: Disk,
  basket: Basket,
  promises: Promises,
  url?: string,
): Promise<{ readonly till?: Till; readonly code?: string }> {
  let till: Till | undefined
  try {
    till = await openRegister({ dir: DIR, disk, ...(url === undefined ? {} : { host: url }) })
    await sell(till, basket, answered => void promises.take(answered))
    return { till }
  } catch (error) {
    if (!(error instanceof CashdeskError)) throw error
    return till === undefined ? { code: error.code } : { till, code: error.code }
  }
}

/** After the cut: what was promised is there; the same commands again end the sale; both sides agree about it. */
async function check(
  disk: SimDisk,
  basket: Basket,
  promises: Promises,
  where: string,
  url?: string,
): Promise<void> {
  const till = await openRegister({ dir: DIR, disk, ...(url === undefined ? {} : { host: url }) })
  const views = till.unfinished().length > 0 || promises.sales.length > 0 ? viewsOf(till, basket.id) : []
  expect(promises.broken(promises.sales, views), where).toEqual([])
  await sell(till, basket, () => undefined)
  expect(await till.idle({ timeoutMs: 20_000 }), where).toBe(true)
  expect(await unsettled(till.find(basket.id).view(), url === undefined ? undefined : host), where).toEqual(
    [],
  )
  expect(till.tasks(), where).toEqual([])
  await till.close()
}

function viewsOf(till: Till, id: string): ReturnType<Till['unfinished']> {
  try {
    return [till.find(id).view()]
  } catch {
    return []
  }
}

async function trial(basket: Basket, change: number, choose: Chooser | number, url?: string): Promise<void> {
  const disk = new SimDisk()
  const promises = new Promises()
  disk.powerOffAt(change)
  const { till } = await run(disk, basket, promises, url)
  await till?.close()
  disk.crash(choose)
  await check(disk, basket, promises, `${basket.id}, change ${change}, ${String(choose)}`, url)
}

/** Changes of the disk that the till makes for its first sale, from the opening on. */
async function changesOf(basket: Basket, url?: string): Promise<number> {
  const disk = new SimDisk()
  const { till, code } = await run(disk, basket, new Promises(), url)
  expect(code).toBeUndefined()
  await till?.close()
  return disk.changes
}

const withCard = ({ serial, cancelled }: Basket): boolean => serial !== undefined && !cancelled
const cancelled = ({ serial, cancelled }: Basket): boolean => serial !== undefined && cancelled
const ordinary = ({ serial, cancelled }: Basket): boolean => serial === undefined && !cancelled

describe('a sale with a prepaid card', () => {
  it.each([
    ['paid', withCard],
    ['cancelled', cancelled],
  ] as const)(
    'that is %s keeps what was answered, whenever the power goes and whatever survives',
    async (_, fits) => {
      const next = baskets(fits)
      const changes = await changesOf(next.next().value, host.url)
      expect(changes).toBeGreaterThan(20)
      for (let change = 1; change <= changes; change += 1) {
        // Everything, nothing, and any part of it, in turn: every kind of change meets each of them.
        const choose = [loseEverything, change, keepEverything, change + 1000][change % 4] ?? change
        await trial(next.next().value, change, choose, host.url)
      }
    },
  )
})

describe('a sale for cash', () => {
  it('ends paid once, whatever sectors of any of its records are torn', async () => {
    const [basket] = baskets(ordinary)
    if (basket === undefined) throw new TypeError('no basket')
    const changes = await changesOf(basket)
    let trials = 0
    for (let change = 9; change <= changes; change += 1) {
      const disk = new SimDisk()
      const promises = new Promises()
      disk.powerOffAt(change)
      const { till } = await run(disk, basket, promises)
      await till?.close()
      let sectors = 0
      disk.fork().crash(() => {
        sectors += 1
        return 0
      })
      // The making of a segment has thousands of sectors; those of a record are few enough for every subset.
      if (sectors > 5) continue
      for (let subset = 1; subset < 2 ** sectors - 1; subset += 1) {
        const torn = disk.fork()
        let sector = 0
        torn.crash(() => {
          sector += 1
          return (subset >> (sector - 1)) & 1
        })
        trials += 1
        await check(torn, basket, promises, `change ${change}, subset ${subset.toString(2)}`)
      }
    }
    expect(trials).toBeGreaterThan(10)
  })

  it('whose last record is torn at any byte is ended by the same commands', async () => {
    const [basket] = baskets(ordinary)
    if (basket === undefined) throw new TypeError('no basket')
    const disk = new SimDisk()
    const { till, code } = await run(disk, basket, new Promises())
    expect(code).toBeUndefined()
    await till?.close()
    const bytes = disk.bytes(SEGMENT)
    const magic = Buffer.from([0xf5, 0x43, 0x44, 0xf5])
    const last = Buffer.from(bytes).lastIndexOf(magic)
    const end = bytes.findLastIndex(byte => byte !== 0) + 1
    expect(end - last).toBeGreaterThan(100)
    for (let at = last; at < end; at += at < last + 40 ? 4 : 23) {
      const torn = disk.fork()
      torn.rot(SEGMENT, at, new Uint8Array(end - at))
      const opened = await openRegister({ dir: DIR, disk: torn })
      // All records before it are there: the sale is paid at least.
      expect(['settling', 'closed'], `byte ${at - last}`).toContain(opened.find(basket.id).view().state)
      await opened.close()
      await check(torn, basket, new Promises(), `byte ${at - last}`)
    }
  })

  it('loses what was answered on a disk that confirms syncs and makes none: then this is noticed', async () => {
    const [basket] = baskets(ordinary)
    if (basket === undefined) throw new TypeError('no basket')
    const disk = new SimDisk()
    const promises = new Promises()
    const { till } = await run(lyingDisk(disk), basket, promises)
    await till?.close()
    disk.crash(loseEverything)
    const again = await openRegister({ dir: DIR, disk })
    expect(promises.broken(promises.sales, viewsOf(again, basket.id))).toEqual([`${basket.id}: the sale`])
    await again.close()
  })
})
