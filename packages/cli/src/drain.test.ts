// `cashdesk journal drain`: the queue empties itself without a register, and what does not is named.
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CARD, openShop, ringUp, SECOND, type Shop, sell, TestIo, until } from '../test/shop.ts'
import { run } from './program.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.end())

const drain = (...rest: string[]) =>
  shop.cashdesk('journal', 'drain', shop.dir, '--config', shop.config, ...rest)

/** Two paid sales whose activations did not get through. */
async function backlog(): Promise<void> {
  const till = await shop.till()
  await shop.accident('http-500', 2)
  await sell(till, 'R-1', CARD)
  await sell(till, 'R-2', SECOND)
  await till.close()
}

describe('cashdesk journal drain', () => {
  it('brings what is pending to its end, one result for each', async () => {
    await backlog()
    await shop.calm()
    const { code, out, err } = await drain()
    expect(code).toBe(0)
    expect(out).toContain('activation: activation of sale R-1: done')
    expect(out).toContain('activation: activation of sale R-2: done')
    expect(out).toMatch(/The queue is empty, after .*: 2 settled\./)
    expect(err).toContain('2 operations to bring to an end.')
    const show = await shop.cashdesk('journal', 'show', shop.dir, '--json')
    expect(JSON.parse(show.out)).toMatchObject({ pending: [], sales: { closed: 2 } })
  })

  it('ends when its time is up, says what is left and why, and ends with 1', async () => {
    await backlog()
    const { code, out } = await drain('--timeout', '1')
    expect(code).toBe(1)
    expect(out).toContain('2 operations left')
    expect(out).toContain('provider.malformed')
    const json = await drain('--timeout', '1', '--json')
    expect(json.code).toBe(1)
    expect(JSON.parse(json.out)).toMatchObject({
      empty: false,
      left: [
        { kind: 'commit', at: 'activation', sale: 'R-1', item: CARD, why: { code: 'provider.malformed' } },
        { sale: 'R-2' },
      ],
    })
  })

  it('ends at once when it is told to, with what is left', async () => {
    await backlog()
    const io = new TestIo()
    let said = ''
    io.stdout.on('data', text => {
      said += String(text)
    })
    const ended = run(['journal', 'drain', shop.dir, '--config', shop.config, '--timeout', '3600'], io)
    await until(() => io.listenerCount('SIGINT') > 0)
    io.emit('SIGINT')
    expect(await ended).toBe(1)
    expect(said).toContain('2 operations left')
    expect(io.listenerCount('SIGINT')).toBe(0)
  })

  it('sells nothing: a sale that was left open stays as it was', async () => {
    const till = await shop.till()
    await ringUp(till, 'R-3', CARD)
    await till.close()
    expect(await drain()).toMatchObject({ code: 0 })
    const show = await shop.cashdesk('journal', 'show', shop.dir, '--json')
    expect(JSON.parse(show.out)).toMatchObject({ sales: { open: 1 } })
  })

  it('does not open a printer or terminal that nothing waits for', async () => {
    await backlog()
    await shop.calm()
    const document = JSON.parse(await readFile(shop.config, 'utf8'))
    // Nobody listens there: a driver would report it as absent, and a payment would wait for it.
    const devices = { printer: { kind: 'tcp', host: '127.0.0.1', port: 1 } }
    await writeFile(shop.config, JSON.stringify({ ...document, ...devices }))
    const { code, err } = await drain()
    expect(code).toBe(0)
    expect(err).not.toContain('printer')
  })

  it('refuses another till’s configuration, and one that lacks a plugin with work to do', async () => {
    await backlog()
    const document = JSON.parse(await readFile(shop.config, 'utf8'))
    await writeFile(shop.config, JSON.stringify({ ...document, dir: 'another' }))
    expect(await drain()).toMatchObject({ code: 2, err: expect.stringContaining('is of the till in') })
    await writeFile(shop.config, JSON.stringify({ ...document, plugins: [] }))
    expect(await drain()).toMatchObject({ code: 3, err: expect.stringMatching(/^plugin\.missing/) })
    const tasks = await shop.cashdesk('journal', 'show', shop.dir, '--tasks', '--json')
    expect(JSON.parse(tasks.out)).toMatchObject({ tasks: [] })
  })

  it('sends nothing from a copy of the journal, and nothing beside a till that runs', async () => {
    await backlog()
    await shop.calm()
    const copy = join(shop.folder, 'copy')
    await cp(shop.dir, copy, { recursive: true })
    const document = JSON.parse(await readFile(shop.config, 'utf8'))
    const config = join(shop.folder, 'copy.json')
    await writeFile(config, JSON.stringify({ ...document, dir: 'copy' }))
    const copied = await shop.cashdesk('journal', 'drain', copy, '--config', config)
    expect(copied).toMatchObject({ code: 3, err: expect.stringMatching(/^journal\.restored/) })
    const till = await shop.till()
    expect(await drain()).toMatchObject({ code: 3, err: expect.stringMatching(/^journal\.in-use/) })
    await till.close()
  })

  it('wants a configuration, and a time limit that is one', async () => {
    expect(await shop.cashdesk('journal', 'drain', shop.dir)).toMatchObject({ code: 2 })
    await backlog()
    expect(await drain('--timeout', 'soon')).toMatchObject({ code: 2 })
  })
})
