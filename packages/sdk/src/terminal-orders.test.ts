// Attempts at a terminal without a till behind it: none is forgotten while nobody knows its end.
import { done, report, unknown } from '@cashdesk/kernel'
import { expect, it } from 'vitest'
import { ScriptedTerminal } from '../test/devices.ts'
import { type MoneyHooks, openDevices } from './index.ts'

it('an approval that is the last transaction once more is rejected, and nothing is charged by it', async () => {
  const terminal = new ScriptedTerminal()
  await using devices = await openDevices({ terminal })
  const asked: string[] = []
  const known = {
    amountMinor: 1_999,
    currency: 'EUR',
    trace: '000007',
    receipt: '0007',
    terminalTime: '2026-11-21T17:08:16',
  }
  terminal.pay = async (_order, hooks) => {
    const verdict = await hooks.onApproval({ ...known })
    asked.push(verdict)
    return verdict === 'accept' ? done(known) : unknown(report('terminal.rejected-approval'))
  }
  const hooks: MoneyHooks = { onApproval: () => 'accept' }
  const order = { amountMinor: 1_999, currency: 'EUR' }
  expect((await devices.pay(order, hooks)).outcome).toBe('done')
  expect((await devices.pay(order, hooks)).outcome).toBe('unknown')
  expect(asked).toEqual(['accept', 'reject'])
})

it('an unresolved attempt stays in the way, whatever else is asked about meanwhile', async () => {
  const terminal = new ScriptedTerminal()
  await using devices = await openDevices({ terminal })
  devices.on('slip', () => undefined)
  const order = { amountMinor: 1_999, currency: 'EUR' }
  const hooks: MoneyHooks = { onApproval: () => 'accept' }
  const old = (await devices.pay(order, hooks)).attempt
  terminal.script = ['lose-booked']
  terminal.answersQueries = 'no'
  const lost = await devices.pay(order, hooks)
  expect(lost.outcome).toBe('unknown')
  expect((await devices.query(old)).outcome).toBe('unknown')
  expect(devices.unresolved?.op).toBe(lost.attempt.op)
  expect(await devices.pay(order, hooks)).toMatchObject({
    outcome: 'refused',
    error: { code: 'terminal.blocked' },
  })
  terminal.answersQueries = 'yes'
  expect((await devices.query(lost.attempt)).outcome).toBe('done')
  expect(devices.unresolved).toBeUndefined()
})
