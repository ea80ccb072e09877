// `cashdesk journal follow`: beside a till in another process, over its kill and its next start.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openShop, type Shop, sell, TestIo, until } from '../test/shop.ts'
import { run } from './program.ts'

let shop: Shop
const children: ChildProcess[] = []
beforeEach(async () => {
  shop = await openShop()
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await shop.end()
})

/** A till in another process that sold these pens and waits. */
async function sellElsewhere(from: number, to: number): Promise<ChildProcess> {
  const script = join(import.meta.dirname, '../test/till-process.mjs')
  const child = spawn(process.execPath, [script, shop.dir, String(from), String(to)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  if (child.stdout) await once(child.stdout, 'data')
  return child
}

interface Following {
  readonly said: () => string
  end(): Promise<number>
}

function follow(...rest: string[]): Following {
  const io = new TestIo()
  let said = ''
  io.stdout.on('data', text => {
    said += String(text)
  })
  const ended = run(['journal', 'follow', shop.dir, ...rest], io)
  return {
    said: () => said,
    end: () => {
      io.emit('SIGINT')
      return ended
    },
  }
}

describe('cashdesk journal follow', () => {
  it('tells every step once, over a kill of the till and its next start, and ends with 0', async () => {
    const first = await sellElsewhere(1, 5)
    const following = follow('--after', '0', '--json')
    await until(() => following.said().includes('"P-5"'))
    first.kill('SIGKILL')
    await once(first, 'exit')
    await sellElsewhere(6, 8)
    await until(() => following.said().split('"sale.closed"').length > 8)
    expect(await following.end()).toBe(0)
    const lines = following
      .said()
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(lines.map(line => line.record)).toEqual(lines.map((_, index) => index + 1))
    const closed = lines.flatMap(line => line.events).filter(event => event.type === 'sale.closed')
    expect(closed.map(event => event.sale)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map(number => `P-${number}`))
    expect(lines[0].story).toContainEqual({ kind: 'in', text: 'The till was started.' })
  })

  it('and the other readers never take a till at work for a damaged one', async () => {
    const selling = sellElsewhere(1, 150)
    let looks = 0
    let done = false
    void selling.then(() => {
      done = true
    })
    await until(() => existsSync(join(shop.dir, 'journal', '00000001.seg')))
    while (!done || looks === 0) {
      for (const command of ['show', 'verify', 'export']) {
        const said = await shop.cashdesk('journal', command, shop.dir)
        expect(said, said.err).toMatchObject({ code: 0 })
      }
      looks += 1
    }
    const { out } = await shop.cashdesk('journal', 'show', shop.dir, '--json')
    expect(JSON.parse(out)).toMatchObject({ sales: { closed: 150 }, pending: [], tasks: [] })
  })

  it('shows the last ten steps, then what comes; with --sale only what is about it', async () => {
    const till = await shop.till()
    for (let number = 1; number <= 5; number += 1) await sell(till, `R-${number}`)
    const all = follow()
    const one = follow('--sale', 'R-6')
    await until(() => all.said().includes('PAID'))
    expect(all.said().match(/A sale is opened/g)?.length).toBeLessThan(5)
    await sell(till, 'R-6')
    await until(() => one.said().includes('The sale is closed.'))
    expect(await one.end()).toBe(0)
    expect(await all.end()).toBe(0)
    expect(one.said().match(/A sale is opened/g)).toHaveLength(1)
    expect(one.said()).toMatch(/\d\d:\d\d:\d\d {3}A sale is opened by Anna Muster\./)
    await till.close()
  })

  it('begins behind the record that a reader has seen last', async () => {
    const till = await shop.till()
    await sell(till, 'R-1')
    const following = follow('--after', '2', '--json')
    await until(() => following.said().includes('"sale.closed"'))
    await following.end()
    expect(JSON.parse(following.said().split('\n')[0] ?? '')).toMatchObject({ record: 3 })
    await till.close()
  })

  it('says so where there is no journal, and where its options are no options', async () => {
    expect(await shop.cashdesk('journal', 'follow', join(shop.folder, 'nowhere'))).toMatchObject({ code: 3 })
    expect(await shop.cashdesk('journal', 'follow', shop.dir, '--after', 'noon')).toMatchObject({ code: 2 })
  })
})
