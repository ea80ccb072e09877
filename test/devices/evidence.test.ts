// A till asks its terminal what became of an order whose end it did not see. What the terminal shows as its last
// transaction is evidence only beside what the till knows to be the one before it: never the payment that a reversal
// takes back, and never by the till's clock. The terminal's own books say who is right.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTerminalSim, type TerminalSim } from '@cashdesk/hardware-sim'
import type { Clock } from '@cashdesk/kernel'
import { openTill, type SaleHandle, type Till } from '@cashdesk/sdk'
import { zvtTerminal } from '@cashdesk/terminal'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const HOUR_MS = 3_600_000

let terminal: TerminalSim
let dir: string
let till: Till
/** How far the till's clock is off. */
let offMs = 0

const clock: Clock = {
  now: () => Date.now() + offMs,
  monotonicMs: () => performance.now(),
  after: (delayMs, wake) => {
    const timer = setTimeout(wake, delayMs)
    return () => clearTimeout(timer)
  },
}

beforeEach(async () => {
  offMs = 0
  terminal = await startTerminalSim({ speed: 0, answerMs: 2_000, repeatMs: 50 })
  dir = mkdtempSync(join(tmpdir(), 'cashdesk-evidence-'))
  till = await open()
})

afterEach(async () => {
  await till.close()
  await terminal.close()
  rmSync(dir, { recursive: true, force: true })
})

function open(): Promise<Till> {
  return openTill({
    dir,
    lane: '7',
    currency: 'EUR',
    ports: { clock },
    terminal: zvtTerminal({
      host: '127.0.0.1',
      port: terminal.port,
      timeouts: { t3Ms: 200, queryMs: 5_000, retryMs: 50, openMs: 2_000 },
      profile: { afterAutoReversal: 'reversal' },
    }),
  })
}

async function rungUp(id: string): Promise<SaleHandle> {
  const sale = await till.sale({ id })
  await sale.add({ line: '1', article: { name: 'Pen', priceMinor: 1_000, vat: 1900 } })
  return sale
}

async function sold(id: string): Promise<void> {
  const sale = await rungUp(id)
  await sale.pay({ id: `P-${id}`, by: 'card' })
  await sale.finish()
}

const booked = (): number => terminal.state().totals.totalMinor

describe('a reversal whose end was not seen', () => {
  let sale: SaleHandle

  beforeEach(async () => {
    // A payment before it, so that there is always something to take it for.
    await sold('R-0')
    sale = await rungUp('R-1')
    expect(await sale.pay({ id: 'P-1', by: 'card', amount: 400, split: true })).toMatchObject({
      outcome: 'done',
    })
    expect(booked()).toBe(1_400)
  })

  it.each([
    ['the terminal never took it', { name: 'no-answer', when: 'command' }],
    ['the link broke before the approval', { name: 'lose-link-before-status' }],
    ['the terminal reversed it', { name: 'lose-link-after-status' }],
  ])('is sent again when %s: the customer gets the money back', async (_when, { name, ...details }) => {
    terminal.accident(name, { at: 'reversal', ...details })
    await sale.cancel()
    expect(await till.idle({ timeoutMs: 10_000 })).toBe(true)
    expect(sale.view()).toMatchObject({ state: 'cancelled', payments: [{ state: 'reversed' }], tasks: [] })
    expect(booked()).toBe(1_000)
  })

  it('is sent again when the till stopped before the terminal had done it', async () => {
    terminal.accident('card-wait', { at: 'reversal', ms: 300 })
    await sale.cancel()
    while (terminal.state().dialogue !== 'reversal') await new Promise(resolve => setTimeout(resolve, 5))
    await till.close()
    till = await open()
    expect(await till.idle({ timeoutMs: 10_000 })).toBe(true)
    expect(till.find('R-1').view()).toMatchObject({ state: 'cancelled', payments: [{ state: 'reversed' }] })
    expect(booked()).toBe(1_000)
  })

  it('is found in the terminal’s books when it stands there, and needs nobody', async () => {
    terminal.accident('lose-link-after-ack', { at: 'reversal' })
    await sale.cancel()
    expect(await till.idle({ timeoutMs: 10_000 })).toBe(true)
    expect(sale.view()).toMatchObject({ state: 'cancelled', payments: [{ state: 'reversed' }], tasks: [] })
    expect(booked()).toBe(1_000)
  })
})

describe('a payment whose end was not seen', () => {
  it('after a reversal is told from that reversal, and refused without anybody', async () => {
    const cancelled = await rungUp('R-1')
    await cancelled.pay({ id: 'P-1', by: 'card', amount: 400, split: true })
    await cancelled.cancel()
    expect(await till.idle({ timeoutMs: 10_000 })).toBe(true)
    const sale = await rungUp('R-2')
    terminal.accident('no-answer', { when: 'command' })
    expect(await sale.pay({ id: 'P-2', by: 'card' })).toMatchObject({ outcome: 'refused' })
    expect(booked()).toBe(0)
    expect(till.tasks()).toEqual([])
  })

  it('is never taken for the one before it because the till’s clock was set back', async () => {
    await sold('R-1')
    offMs = HOUR_MS
    await sold('R-2')
    offMs = HOUR_MS / 2
    const sale = await rungUp('R-3')
    terminal.accident('no-answer', { when: 'command' })
    expect(await sale.pay({ id: 'P-3', by: 'card' })).toMatchObject({ outcome: 'refused' })
    expect(sale.view().state).toBe('tendering')
    expect(booked()).toBe(2_000)
  })
})
