// `cashdesk journal resolve`: a person's decision about an open task of a closed till, with who and why.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openShop, providerStuck, refundDue, type Shop, sell } from '../test/shop.ts'
import { readBook } from './reading.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.end())

const anna = ['--operator', 'Anna', '--reason', 'paid back in cash']
const resolve = (task: string, ...rest: string[]) =>
  shop.cashdesk('journal', 'resolve', shop.dir, task, ...rest)

async function lastStep(): Promise<unknown> {
  let last: unknown
  await readBook(shop.dir, step => {
    last = step
  })
  return last
}

describe('cashdesk journal resolve', () => {
  it('lists the open tasks with their actions, and why each is there', async () => {
    const task = await refundDue(shop)
    const { code, out } = await shop.cashdesk('journal', 'resolve', shop.dir, '--list')
    expect(code).toBe(0)
    for (const word of [task, 'a refund is due', '25.00 EUR', 'sale R-1', 'written-off', 'booked as a loss'])
      expect(out).toContain(word)
    const json = await shop.cashdesk('journal', 'resolve', shop.dir, '--list', '--json')
    expect(JSON.parse(json.out)).toMatchObject({
      tasks: [{ id: task, kind: 'refund-due', sale: 'R-1', amountMinor: 2500, plugin: 'activation' }],
    })
  })

  it('journals who decided and why, and leaves what follows to the next start', async () => {
    const task = await providerStuck(shop)
    const said = await resolve(
      task,
      '--action',
      'retry',
      '--operator',
      'Anna',
      '--reason',
      'password corrected',
    )
    expect(said).toMatchObject({ code: 0 })
    expect(said.out).toContain('next start of the till, or with `cashdesk journal drain`')
    expect(said.out).toContain('→ activation: activation once more')
    expect(await lastStep()).toMatchObject({
      input: { type: 'task.resolve', task, action: 'retry', operator: 'Anna', reason: 'password corrected' },
      events: expect.arrayContaining([expect.objectContaining({ type: 'task.resolved', operator: 'Anna' })]),
    })
    const drained = await shop.cashdesk('journal', 'drain', shop.dir, '--config', shop.config, '--json')
    expect(drained.code).toBe(0)
    expect(JSON.parse(drained.out)).toMatchObject({
      empty: true,
      settled: [{ kind: 'commit', at: 'activation', sale: 'R-1', outcome: 'done' }],
      tasks: [],
    })
  })

  it('books a loss: the till tries no more', async () => {
    const task = await providerStuck(shop)
    const { code, out } = await resolve(task, '--action', 'written-off', ...anna, '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      task,
      action: 'written-off',
      sale: 'R-1',
      left: [],
      openTasks: 0,
    })
    const { lane } = await readBook(shop.dir)
    expect([lane.operations.size, lane.tasks.size]).toEqual([0, 0])
  })

  it('asks for the configuration where only a plugin can describe what follows', async () => {
    const task = await refundDue(shop)
    const without = await resolve(task, '--action', 'settled', ...anna)
    expect(without.code).toBe(3)
    expect(without.err).toMatch(/^task\.needs-config: .*--config/)
    expect((await readBook(shop.dir)).lane.tasks.size).toBe(1)

    const { code, out } = await resolve(
      task,
      '--action',
      'settled',
      ...anna,
      '--config',
      shop.config,
      '--json',
    )
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ openTasks: 0, left: [expect.stringContaining('release')] })
    const book = await readBook(shop.dir)
    expect([...book.lane.operations.values()]).toMatchObject([{ kind: 'release' }])
    const [waiting] = [...book.outbox.entries.values()]
    expect(waiting?.intent.effect).toMatchObject({ type: 'provider', call: { wire: 'http' } })
    const drained = await shop.cashdesk('journal', 'drain', shop.dir, '--config', shop.config)
    expect(drained).toMatchObject({
      code: 0,
      out: expect.stringContaining('activation: release of sale R-1'),
    })
  })

  it('tries again under a new id when a person says so', async () => {
    const task = await refundDue(shop)
    const done = await resolve(task, '--action', 'retry', ...anna, '--config', shop.config)
    expect(done).toMatchObject({ code: 0, out: expect.stringContaining('→ activation: activation of') })
    await shop.cashdesk('journal', 'drain', shop.dir, '--config', shop.config)
    const sale = await shop.cashdesk('journal', 'show', shop.dir, '--sale', 'R-1', '--json')
    expect(JSON.parse(sale.out)).toMatchObject({ sale: { claims: [{ state: 'committed' }] }, tasks: [] })
  })

  it('is refused while the till runs, and says what to do instead', async () => {
    const till = await shop.till()
    await shop.accident('refuse', 2)
    await sell(till, 'R-1', '6034714625981538')
    const { code, err } = await resolve(till.tasks()[0]?.id ?? '', '--action', 'settled', ...anna)
    expect(code).toBe(3)
    expect(err).toContain('journal.in-use')
    expect(err).toContain('the till is running: do it there')
  })

  it('takes only a task that is open, and an action that it has', async () => {
    const task = await refundDue(shop)
    const { out } = await shop.cashdesk('journal', 'verify', shop.dir)
    expect(await resolve('no-such-task', '--action', 'settled', ...anna)).toMatchObject({
      code: 3,
      err: expect.stringMatching(/^task\.unknown/),
    })
    const wrong = await resolve(task, '--action', 'booked', ...anna)
    expect(wrong).toMatchObject({ code: 3, err: expect.stringMatching(/^task\.action/) })
    expect(wrong.err).toContain('written-off')
    expect((await shop.cashdesk('journal', 'verify', shop.dir)).out).toBe(out)
    expect((await readBook(shop.dir)).lane.tasks.size).toBe(1)
  })

  it('touches no damaged journal', async () => {
    const task = await refundDue(shop)
    const folder = join(shop.dir, 'journal')
    const segment = join(folder, (await readdir(folder)).find(name => name.endsWith('.seg')) ?? '')
    const bytes = await readFile(segment)
    const at = bytes.indexOf('"R-1"')
    bytes[at + 1] = (bytes[at + 1] ?? 0) ^ 1
    await writeFile(segment, bytes)
    const said = await resolve(task, '--action', 'settled', ...anna)
    expect(said).toMatchObject({ code: 3, err: expect.stringMatching(/^journal\.damaged/) })
    expect(await readFile(segment)).toEqual(bytes)
  })

  it('wants action, operator and reason', async () => {
    const { code, err } = await resolve('a-task', '--action', 'settled', '--operator', ' ')
    expect(code).toBe(2)
    expect(err).toContain('--operator, --reason missing')
  })
})
