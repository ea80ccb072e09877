// A till that stops at any moment ends right in the next run, on the same directory: nothing lost, nothing twice.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeDisk } from '@cashdesk/journal'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { gate } from '../test/devices.ts'
import { HeldDisk } from '../test/held-disk.ts'
import { CARD, COFFEE } from '../test/node-register.ts'
import { answer, codeOf, openShop, quiet, ringUp, type Shop } from '../test/node-shop.ts'
import type { Till } from './index.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.end())

/** Everything a register does for one sale; it may be begun again from the start at any time. */
const SCRIPT: readonly ((till: Till) => Promise<unknown>)[] = [
  till => till.sale({ id: 'R-1' }),
  till => till.find('R-1').add({ line: '1', gtin: COFFEE }),
  till => till.find('R-1').add({ line: '2', gtin: CARD }),
  async till => {
    const sale = till.find('R-1')
    if (sale.view().prompts.length > 0) await answer(sale, 'SER-1')
  },
  till => till.find('R-1').total(),
  till => till.find('R-1').pay({ id: 'P-1', by: 'cash', amount: 1000 }),
  payByCard,
  till => till.find('R-1').finish(),
]

/** A payment that was refused once stays refused: a new attempt takes a new id. */
async function payByCard(till: Till): Promise<void> {
  const first = await till.find('R-1').pay({ id: 'P-2', by: 'card' })
  if (first.outcome === 'refused') await till.find('R-1').pay({ id: 'P-3', by: 'card' })
}

async function play(till: Till, steps: number = SCRIPT.length): Promise<void> {
  for (const step of SCRIPT.slice(0, steps)) await step(till)
}

/** The world's own books: never the till's verdict. */
function right(): void {
  expect(shop.provider.books()).toEqual({ held: 0, committed: 1, conflicts: 0 })
  expect(shop.terminal.totalMinor()).toBe(1999)
  expect(shop.printer.papers.length).toBeGreaterThan(0)
  expect(shop.printer.papers.filter(job => !job.copy).length).toBeLessThanOrEqual(1)
}

describe('a receipt whose end nobody saw', () => {
  it('is printed again with a mark: the first one may lie in the printer', async () => {
    const never = gate()
    shop.printer.script = [{ after: never.opened }]
    const first = await shop.till()
    await play(first, SCRIPT.length - 1)
    void first
      .find('R-1')
      .finish()
      .catch(() => undefined)
    await expect.poll(() => first.find('R-1').view().paper.state, { timeout: 30_000 }).toBe('printing')
    await first.close()
    const second = await shop.till()
    expect(await second.idle({ timeoutMs: 4000 })).toBe(true)
    expect(shop.printer.papers.map(job => job.copy)).toEqual([true])
    never.open()
    await expect
      .poll(() => shop.printer.papers.map(job => job.copy), { timeout: 30_000 })
      .toEqual([true, false])
  })
})

describe('a till that is closed and opened again', () => {
  it.each(SCRIPT.map((_, steps) => [steps]))('after %i steps of a sale ends it right', async steps => {
    const first = await shop.till()
    await play(first, steps)
    await first.close()
    const second = await shop.till()
    expect(second.recovered.map(({ sale }) => sale)).toEqual(steps === 0 ? [] : ['R-1'])
    expect(second.unfinished()).toHaveLength(steps === 0 ? 0 : 1)
    await play(second)
    expect(second.find('R-1').view()).toMatchObject({ state: 'closed', tasks: [] })
    if (steps > 0) expect(second.recovered[0]?.state).toBe('closed')
    right()
  })

  it('finishes a paid sale by itself, and says so', async () => {
    const first = await shop.till()
    await play(first, 7)
    await first.close()
    const second = await shop.till()
    expect(await second.idle({ timeoutMs: 3000 })).toBe(true)
    expect(second.recovered).toEqual([
      {
        sale: 'R-1',
        state: 'closed',
        claims: [{ plugin: 'cards', serial: 'SER-1', state: 'committed' }],
      },
    ])
    right()
  })

  it('delivers what waited in the outbox', async () => {
    const first = await shop.till()
    await play(first, 5)
    shop.server.usually = 'lose-request'
    await first.find('R-1').pay({ id: 'P-1', by: 'cash', amount: 1000 })
    await first.find('R-1').pay({ id: 'P-2', by: 'card' })
    await first.find('R-1').finish({ commitBudgetMs: 0 })
    await first.close()
    shop.server.usually = 'answer'
    const second = await shop.till()
    expect(second.recovered).toMatchObject([{ sale: 'R-1', claims: [{ state: 'committing' }] }])
    expect(await second.idle({ timeoutMs: 3000 })).toBe(true)
    expect(second.recovered).toMatchObject([{ sale: 'R-1', claims: [{ state: 'committed' }] }])
    right()
  })
})

/** Drops the till as a power cut would: nothing that it still tries reaches disk or world. */
async function playUntilDead(disk: HeldDisk): Promise<void> {
  const till = await shop.till({ ports: { disk } }).catch(() => undefined)
  if (till) await play(till).catch(() => undefined)
  await till?.close().catch(() => undefined)
}

describe('a till that dies at a sync', () => {
  it.each(Array.from({ length: 16 }, (_, at) => [at + 1]))(
    'the %ith of a sale: played again from the start, it ends right',
    async at => {
      mkdirSync(shop.dir, { recursive: true })
      const disk = new HeldDisk(nodeDisk(shop.dir))
      disk.failAfter(at + 1)
      await playUntilDead(disk)
      const second = await shop.till()
      await play(second)
      expect(await second.idle({ timeoutMs: 3000 })).toBe(true)
      expect(second.find('R-1').view()).toMatchObject({ state: 'closed', tasks: [] })
      right()
    },
  )
})

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
/** A till in a process of its own, on what was built: it begins a sale and waits to be killed. */
const OTHER_TILL = `
import { openTill } from '@cashdesk/sdk'
const till = await openTill({ dir: process.argv[1], lane: 'other', currency: 'EUR' })
await till.sale({ id: 'R-other' })
process.stdout.write('open')
setInterval(() => {}, 1000)
`

/** A till whose terminal never answers; it is closed in the middle of a payment, and nothing may keep its process. */
const CLOSING_TILL = `
import { openTill } from '@cashdesk/sdk'
const never = () => new Promise(() => {})
const terminal = { family: 'terminal', name: 'hung', health: () => ({ family: 'terminal', name: 'hung', state: 'ready',
  counts: {}, facts: {} }), open: async () => {}, close: async () => {}, pay: never, query: never }
const till = await openTill({ dir: process.argv[1], lane: 'closing', currency: 'EUR', terminal })
const sale = await till.sale({ id: 'R-1' })
await sale.add({ line: '1', article: { name: 'Bread', priceMinor: 250, vat: 700 } })
sale.pay({ id: 'P-1', by: 'card' }).catch(() => undefined)
while (sale.view().payments.length === 0) await new Promise(setImmediate)
await till.close()
`

describe('the journal directory', () => {
  it('in use is a coded error, and the first till goes on', async () => {
    const till = await shop.till()
    expect(await codeOf(shop.till())).toBe('journal.in-use')
    expect((await till.sale({ id: 'R-1' })).view().state).toBe('open')
  })

  it('in use by another process is one too, and free as soon as that process is dead', async () => {
    spawnSync(process.execPath, [TSC, '-b', 'packages/sdk'], { cwd: ROOT })
    const other = spawn(process.execPath, ['--input-type=module', '-e', OTHER_TILL, shop.dir], { cwd: ROOT })
    await new Promise<void>((resolve, reject) => {
      other.stdout.on('data', () => resolve())
      other.stderr.on('data', (data: Buffer) => reject(new TypeError(data.toString())))
    })
    expect(await codeOf(shop.till())).toBe('journal.in-use')
    const dead = new Promise(resolve => other.once('exit', resolve))
    other.kill('SIGKILL')
    await dead
    const till = await shop.till()
    expect(till.recovered.map(({ sale }) => sale)).toEqual(['R-other'])
  })

  // Rights bind everybody but root and Windows; for them test/bad-input mounts a disk read-only.
  if (process.platform !== 'win32' && process.getuid?.() !== 0) {
    it('that is read-only is a coded error', async () => {
      mkdirSync(shop.dir, { recursive: true })
      chmodSync(shop.dir, 0o500)
      expect(await codeOf(shop.till())).toBe('journal.not-writable')
      chmodSync(shop.dir, 0o700)
    })
  }

  it('on a file system that is mounted read-only is one too', async () => {
    mkdirSync(shop.dir, { recursive: true })
    const disk = new HeldDisk(nodeDisk(shop.dir))
    disk.failWrites('disk.failed', 'EROFS')
    expect(await codeOf(shop.till({ ports: { disk } }))).toBe('journal.not-writable')
  })

  it('that is a file, or lies under one, is a coded error', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cashdesk-file-'))
    const file = join(folder, 'file')
    writeFileSync(file, '')
    expect(await codeOf(shop.till({ dir: file }))).toBe('journal.not-writable')
    expect(await codeOf(shop.till({ dir: join(file, 'till') }))).toBe('journal.not-writable')
    rmSync(folder, { recursive: true })
  })

  it.runIf(process.platform === 'linux')(
    'on a file system that makes no folders says so, and ends',
    async () => {
      expect(await codeOf(shop.till({ dir: '/proc/cashdesk/till' }))).toBe('journal.not-writable')
    },
  )

  it('makes the folders on the way to it', async () => {
    const till = await shop.till({ dir: join(shop.dir, 'stores', '0412', 'till-7') })
    expect(till.state).toBe('open')
  })
})

describe('a copy of the directory', () => {
  it('sells nothing until somebody confirms that the original does not', async () => {
    const first = await shop.till()
    await play(first, 5)
    await first.close()
    const copy = mkdtempSync(join(tmpdir(), 'cashdesk-copy-'))
    cpSync(shop.dir, copy, { recursive: true })
    const restored = await shop.till({ dir: copy })
    expect(restored.state).toBe('restored')
    expect(restored.find('R-1').view().state).toBe('tendering')
    expect(await codeOf(restored.find('R-1').cancel())).toBe('journal.restored')
    expect(await codeOf(restored.sale({ id: 'R-2' }))).toBe('journal.restored')
    expect(restored.state).toBe('restored')
    await restored.confirmRestored()
    await restored.close()
    const till = await shop.till({ dir: copy })
    expect(till.state).toBe('open')
    await till.find('R-1').cancel()
    expect(await till.idle({ timeoutMs: 3000 })).toBe(true)
    expect(shop.provider.books().held).toBe(0)
    await till.close()
    rmSync(copy, { recursive: true })
  })
})

describe('a task that is killed in flight', () => {
  it('thirty times is still there, and is delivered once', async () => {
    const first = await shop.till()
    await play(first, 5)
    shop.server.usually = 'hang'
    await first.find('R-1').pay({ id: 'P-1', by: 'cash' })
    await first.close()
    for (let times = 0; times < 30; times += 1) {
      const till = await shop.till()
      await quiet(5)
      await till.close()
    }
    shop.server.usually = 'answer'
    const last = await shop.till()
    expect(await last.idle({ timeoutMs: 3000 })).toBe(true)
    expect(last.find('R-1').view()).toMatchObject({ state: 'closed', claims: [{ state: 'committed' }] })
    expect(shop.provider.books()).toEqual({ held: 0, committed: 1, conflicts: 0 })
    const commits = shop.server.requests.filter(({ url }) => url.endsWith('/commit'))
    expect(commits.length).toBeGreaterThan(10)
    expect(new Set(commits.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
  })
})

describe('a process', () => {
  it('ends by itself once its till is closed, whatever hangs', async () => {
    spawnSync(process.execPath, [TSC, '-b', 'packages/sdk'], { cwd: ROOT })
    const child = spawn(process.execPath, ['--input-type=module', '-e', CLOSING_TILL, shop.dir], {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    const ended = await new Promise(resolve => child.once('exit', resolve))
    expect(ended).toBe(0)
  })
})

describe('work for a plugin that is no longer registered', () => {
  it('stays, as a task, and goes on when the plugin is back', async () => {
    const first = await shop.till()
    await ringUp(first, 'R-1', 'SER-1')
    await first.find('R-1').total()
    shop.server.usually = 'lose-request'
    await first.find('R-1').pay({ id: 'P-1', by: 'cash' })
    await first.find('R-1').finish({ commitBudgetMs: 0 })
    await first.close()
    shop.server.usually = 'answer'
    const without = await shop.till({ plugins: [] })
    expect(without.tasks()).toMatchObject([{ kind: 'provider-stuck', error: { code: 'plugin.missing' } }])
    await quiet()
    await without.close()
    const again = await shop.till()
    expect(await again.idle({ timeoutMs: 3000 })).toBe(true)
    expect(again.tasks()).toEqual([])
    expect(shop.provider.books()).toEqual({ held: 0, committed: 1, conflicts: 0 })
  })
})
