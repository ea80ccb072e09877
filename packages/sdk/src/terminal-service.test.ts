// What a terminal does besides money: never over a payment whose end nobody knows, and never without its slips being heard.
import type { Terminal } from '@cashdesk/kernel'
import { done } from '@cashdesk/kernel'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ScriptedTerminal } from '../test/devices.ts'
import { BREAD } from '../test/node-register.ts'
import { openShop, type Shop } from '../test/node-shop.ts'
import { type MoneyHooks, openDevices } from './index.ts'

/** One that can be diagnosed and asked how it is, and holds amounts. */
class ServiceTerminal extends ScriptedTerminal {
  diagnosed = 0

  readonly diagnose: NonNullable<Terminal['diagnose']> = async (_op, hooks) => {
    this.diagnosed += 1
    await hooks.onPrint?.([{ receipt: 'admin', text: 'Diagnosis 4111111111111111' }])
    return done({ facts: {} })
  }

  readonly status: NonNullable<Terminal['status']> = async () => done({ state: 'ready', facts: {} })

  readonly reserve: NonNullable<Terminal['reserve']> = (order, hooks) => this.pay(order, hooks)
}

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.end())

it('a till has it done, hears its slip with card numbers masked, and says what it can', async () => {
  const terminal = new ServiceTerminal()
  const till = await shop.till({ terminal })
  expect(till.terminal.capabilities).toEqual(['reserve', 'diagnose', 'status'])
  expect(await till.terminal.diagnose()).toMatchObject({
    outcome: 'unknown',
    error: { code: 'printer.absent' },
  })
  const slips: string[] = []
  till.on('slip', lines => slips.push(...lines.map(({ text }) => text)))
  expect(await till.terminal.diagnose()).toMatchObject({ outcome: 'done' })
  expect(slips).toEqual(['Diagnosis ************1111'])
  expect(await till.terminal.initialise()).toMatchObject({
    outcome: 'refused',
    error: { code: 'terminal.cannot' },
  })
  await till.close()
  expect(await till.terminal.status()).toMatchObject({
    outcome: 'refused',
    error: { code: 'register.closed' },
  })
})

it('a payment whose end is not known comes first; looking is allowed', async () => {
  const terminal = new ServiceTerminal()
  const till = await shop.till({ terminal })
  till.on('slip', () => undefined)
  const sale = await till.sale({ id: 'R-1' })
  await sale.add({ line: '1', gtin: BREAD })
  terminal.script = ['lose-booked']
  terminal.answersQueries = 'no'
  await sale.pay({ id: 'P-1', by: 'card' }, { resolveWithinMs: 10 })
  expect(await till.terminal.diagnose()).toMatchObject({
    outcome: 'refused',
    error: { code: 'terminal.blocked' },
  })
  expect(terminal.diagnosed).toBe(0)
  expect(await till.terminal.status()).toMatchObject({ outcome: 'done', data: { state: 'ready' } })
  expect(await till.terminal.last()).toMatchObject({ outcome: 'done', data: { amountMinor: 250 } })
})

it('devices without a till hold an amount, and say where they cannot', async () => {
  const hooks: MoneyHooks = { onApproval: () => 'accept' }
  const order = { amountMinor: 5_000, currency: 'EUR' }
  await using devices = await openDevices({ terminal: new ServiceTerminal() })
  devices.on('slip', () => undefined)
  const held = await devices.reserve(order, hooks)
  expect(held).toMatchObject({ outcome: 'done', attempt: { kind: 'reserve' } })
  if (held.outcome !== 'done') throw new TypeError('not held')
  expect(await devices.book(order, held.data, hooks)).toMatchObject({
    outcome: 'refused',
    error: { code: 'terminal.cannot' },
    attempt: { kind: 'book', original: held.data },
  })
  expect(devices.unresolved).toBeUndefined()
  expect(await devices.terminal.status()).toMatchObject({ outcome: 'done' })
})
