// `cashdesk journal show`: what is pending and why, what a person must settle, and the story of a sale.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CARD, openShop, providerStuck, refundDue, ringUp, SECOND, type Shop, sell } from '../test/shop.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.end())

const show = (...rest: string[]) => shop.cashdesk('journal', 'show', shop.dir, ...rest)

describe('cashdesk journal show', () => {
  it('counts sales by state and names the latest, beside a till that sells', async () => {
    const till = await shop.till()
    await sell(till, 'R-1')
    await ringUp(till, 'R-2')
    const { code, out } = await show()
    expect(code).toBe(0)
    expect(out).toContain('Till 7, EUR')
    expect(out).toContain('Sales: 1 being rung up, 1 closed')
    expect(out).toContain('Nothing waits for a person.')
    expect(out).toContain('Nothing is pending.')
    expect(out).toMatch(/R-1: 1\.99 EUR, cash, closed/)
    expect(out).toContain('may not be on the disk yet')
    await till.close()
  })

  it('says of what is pending: where, what, since when, why, and when it is tried next', async () => {
    const till = await shop.till()
    await shop.accident('http-500', 2)
    await sell(till, 'R-1', CARD)
    const { out } = await show('--pending')
    expect(out).toContain(`activation: activation of ${CARD}, sale R-1`)
    expect(out).toMatch(/since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(.*\), \d attempts?/)
    expect(out).toContain('provider.malformed: The provider answered something that is no answer. (500)')
    expect(out).toMatch(/under the same id|is awaited/)
    const json = JSON.parse((await show('--pending', '--json')).out)
    expect(json.pending).toMatchObject([
      {
        kind: 'commit',
        at: 'activation',
        sale: 'R-1',
        item: CARD,
        why: { code: 'provider.malformed', outcome: 'unknown' },
      },
    ])
    expect(json.pending[0].attempts).toBeGreaterThanOrEqual(1)
    await till.close()
  })

  it('says of a provider that is silent how long it has been, and that the rest waits for it', async () => {
    const till = await shop.till()
    await shop.accident('http-500', 2)
    await sell(till, 'R-1', CARD)
    await sell(till, 'R-2', SECOND)
    await till.close()
    const again = await shop.till()
    for (let down = false; !down; ) {
      const { providers } = JSON.parse((await show('--json')).out)
      down = providers.some((each: { down: boolean }) => each.down)
    }
    await again.close()
    const { out } = await show()
    expect(out).toMatch(
      /activation, commit: \d+ attempts in a row without an answer; the till asks one thing at a time/,
    )
    const { providers, pending } = JSON.parse((await show('--json')).out)
    expect(providers).toMatchObject([{ plugin: 'activation', operation: 'commit', down: true }])
    expect(pending).toHaveLength(2)
  })

  it('ties a task to the operation it is about', async () => {
    const task = await providerStuck(shop)
    const { out } = await show('--tasks', '--pending')
    expect(out).toContain('a provider does not settle an operation')
    expect(out).toContain(`task ${task} asks a person`)
    expect(out).toContain('retry       let the till try again')
  })

  it('tells a sale as a timeline: what came in, what was sent, what came back, the money', async () => {
    await refundDue(shop)
    const { code, out } = await show('--sale', 'R-1')
    expect(code).toBe(0)
    const told = [
      'Sale R-1 · closed · 26.99 EUR',
      'by Anna Muster',
      `Gift card 25  25.00 EUR, ${CARD} could not be activated`,
      'A sale is opened by Anna Muster.',
      '1 × Pen: 1.99 EUR',
      `The answer “${CARD}” was given.`,
      `→ activation: reservation of ${CARD}`,
      '← activation: reservation done',
      'The total is 26.99 EUR; money may be taken.',
      '26.99 EUR is paid by cash, 50.00 EUR given, 23.01 EUR back.',
      'PAID: 26.99 EUR.',
      `→ activation: activation of ${CARD}`,
      '← activation: activation refused',
      '! A person is asked: a refund is due, 25.00 EUR.',
      '1 task for a person',
    ]
    let at = 0
    for (const words of told) {
      const found = out.indexOf(words, at)
      expect(found, `${words} after ${out.slice(at, at + 80)}`).toBeGreaterThanOrEqual(at)
      at = found
    }
  })

  it('tells one sale alone, whatever else happens meanwhile', async () => {
    const till = await shop.till()
    await sell(till, 'R-1')
    await sell(till, 'R-2', CARD)
    const { story } = JSON.parse((await show('--sale', 'R-1', '--json')).out)
    const text = JSON.stringify(story)
    expect(text).toContain('1 × Pen')
    expect(text).not.toContain(CARD)
    expect(story[0]).toMatchObject({ record: expect.any(Number), at: expect.any(Number) })
    await till.close()
  })

  it('limits by number and by time', async () => {
    const till = await shop.till()
    for (const id of ['R-1', 'R-2', 'R-3']) await sell(till, id)
    expect(JSON.parse((await show('--limit', '2', '--json')).out).latest).toHaveLength(2)
    expect(JSON.parse((await show('--since', '1h', '--json')).out).sales).toEqual({ closed: 3 })
    expect(JSON.parse((await show('--since', '2099-01-01', '--json')).out)).toMatchObject({
      sales: {},
      latest: [],
    })
    expect(await show('--since', 'yesterdayish')).toMatchObject({ code: 2 })
    expect(await show('--limit', '0')).toMatchObject({ code: 2 })
    await till.close()
  })

  it('shows what is whole of a damaged journal, and ends with 1', async () => {
    const till = await shop.till()
    await sell(till, 'R-1')
    await sell(till, 'R-2')
    await till.close()
    const folder = join(shop.dir, 'journal')
    const segment = join(folder, (await readdir(folder)).find(name => name.endsWith('.seg')) ?? '')
    const bytes = await readFile(segment)
    const at = bytes.indexOf('"R-2"')
    bytes[at + 1] = (bytes[at + 1] ?? 0) ^ 1
    await writeFile(segment, bytes)
    const { code, out, err } = await show()
    expect(code).toBe(1)
    expect(out).toContain('DAMAGED')
    expect(out).toContain('R-1: 1.99 EUR')
    expect(err).toContain('journal.damaged')
    const json = await show('--json')
    expect(json.code).toBe(1)
    expect(JSON.parse(json.out)).toMatchObject({ damage: { code: 'journal.damaged' }, sales: { closed: 1 } })
  })

  it('says so where there is no directory, no journal, no such sale, or a foreign file', async () => {
    const nowhere = join(shop.folder, 'nowhere')
    expect(await shop.cashdesk('journal', 'show', nowhere)).toMatchObject({
      code: 3,
      err: expect.stringMatching(/^journal\.absent/),
    })
    const till = await shop.till()
    await sell(till, 'R-1')
    await till.close()
    expect(await show('--sale', 'R-9')).toMatchObject({
      code: 3,
      err: expect.stringMatching(/^sale\.unknown/),
    })
    const folder = join(shop.dir, 'journal')
    for (const name of await readdir(folder))
      if (name.endsWith('.seg')) await writeFile(join(folder, name), 'no journal at all')
    expect(await show()).toMatchObject({ code: 3, err: expect.stringMatching(/^journal\.not-ours/) })
  })
})
