// The ZVT driver against the simulated terminal, which shares no table and no codec with it: serial lines, counted
// messages, signatures, reservations and service commands. What the terminal booked is read from its own books.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTerminalSim, type TerminalSim, type TerminalSimOptions } from '@cashdesk/hardware-sim'
import type { DevicePorts, OperationId, PaymentHooks, Terminal, TerminalAnswer } from '@cashdesk/kernel'
import { type ZvtOptions, zvtTerminal } from '@cashdesk/terminal'
import { describe, expect, it, onTestFinished } from 'vitest'
import { canPty } from '../../drivers/terminal/test/node-serial-box.ts'

const OP = '019358a0-0000-7000-8000-000000000001' as OperationId
const ORDER = { op: OP, amountMinor: 1999, currency: 'EUR' }

/** On a line where nothing is lost: a busy machine is no reason to say anything twice. */
const PATIENT = { t1Ms: 1_000, t2Ms: 5_000, t3Ms: 20_000, openMs: 20_000 }

const PORTS: DevicePorts = {
  clock: {
    now: () => Date.now(),
    monotonicMs: () => performance.now(),
    after(delayMs, wake) {
      const handle = setTimeout(wake, delayMs)
      return () => clearTimeout(handle)
    },
  },
  random: { bytes: length => new Uint8Array(length) },
  log: () => undefined,
  healthChanged: () => undefined,
}

async function pair(
  simulated: TerminalSimOptions,
  options: ZvtOptions = {},
): Promise<{ sim: TerminalSim; terminal: Terminal; lines: string[]; hooks: PaymentHooks }> {
  const sim = await startTerminalSim({ speed: 0, answerMs: 2_000, repeatMs: 50, ...simulated })
  const terminal = zvtTerminal({
    ...(options.serial ? {} : { host: '127.0.0.1', port: sim.port }),
    profile: { afterAutoReversal: 'reversal' },
    ...options,
    timeouts: { openMs: 2_000, closeMs: 500, t2Ms: 300, ...options.timeouts },
  })
  await terminal.open(PORTS)
  onTestFinished(async () => {
    await terminal.close()
    await sim.close()
  })
  const lines: string[] = []
  const hooks: PaymentHooks = {
    onApproval: async () => 'accept',
    onPrint: async printed => void lines.push(...printed.map(({ text }) => text)),
  }
  return { sim, terminal, lines, hooks }
}

const booked = (sim: TerminalSim): readonly string[] =>
  sim.state().books.map(({ kind, amountMinor, state }) => `${kind} ${amountMinor} ${state}`)

describe('over a serial line', () => {
  it('pays once on the network, messages counted', async () => {
    const { sim, terminal, hooks, lines } = await pair(
      { serial: {} },
      { framing: 'serial', registrationConfig: { messageSequence: true } },
    )
    expect(await terminal.pay(ORDER, hooks)).toMatchObject({ outcome: 'done' })
    expect(await terminal.pay({ ...ORDER, amountMinor: 100 }, hooks)).toMatchObject({ outcome: 'done' })
    expect(booked(sim)).toEqual(['payment 1999 booked', 'payment 100 booked'])
    expect(lines.length).toBeGreaterThan(5)
    expect(terminal.health().facts['messageSequence']).toBeDefined()
  })

  it.runIf(canPty)('pays once on a device file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cashdesk-zvt-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const path = join(folder, 'line')
    const { sim, terminal, hooks } = await pair(
      { pty: path },
      { serial: { path, baudRate: 115_200 }, timeouts: PATIENT },
    )
    expect(await terminal.pay(ORDER, hooks)).toMatchObject({ outcome: 'done' })
    expect(booked(sim)).toEqual(['payment 1999 booked'])
  })

  it.runIf(canPty)('is taken up again by a till that was closed: the terminal has not noticed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cashdesk-zvt-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const path = join(folder, 'line')
    const { sim, terminal, hooks } = await pair(
      { pty: path, serial: {} },
      { serial: { path, baudRate: 115_200 }, timeouts: PATIENT },
    )
    for (const count of [1, 2, 3]) {
      expect(await terminal.pay(ORDER, hooks)).toMatchObject({ outcome: 'done' })
      expect(booked(sim)).toHaveLength(count)
      await terminal.close()
      await terminal.open(PORTS)
    }
  })
})

describe('a line with accidents', () => {
  const NAMES = ['line-nak', 'line-crc', 'line-lost-ack', 'line-lost-byte', 'line-noise', 'line-split']

  it.each(NAMES)('%s costs a repeat and no payment', async name => {
    const { sim, terminal, hooks } = await pair(
      { serial: { t2Ms: 300, t1Ms: 60 } },
      { framing: 'serial', timeouts: { t1Ms: 60 } },
    )
    expect(await terminal.pay({ ...ORDER, amountMinor: 100 }, hooks)).toMatchObject({ outcome: 'done' })
    sim.accident(name, name === 'line-noise' ? { bytes: 12 } : { times: 2 })
    expect(await terminal.pay(ORDER, hooks)).toMatchObject({ outcome: 'done' })
    expect(booked(sim)).toEqual(['payment 100 booked', 'payment 1999 booked'])
  })

  it.each(['line-nak', 'line-crc', 'line-lost-ack', 'line-lost-byte'])(
    '%s for long ends in what the terminal booked, or unknown until it is asked',
    async name => {
      const { sim, terminal, hooks } = await pair(
        { serial: { t2Ms: 100, t1Ms: 40 } },
        { framing: 'serial', timeouts: { t1Ms: 40, t2Ms: 100, t3Ms: 500, queryMs: 8_000, retryMs: 50 } },
      )
      const first = await terminal.pay({ ...ORDER, amountMinor: 100 }, hooks)
      expect(first).toMatchObject({ outcome: 'done' })
      if (first.outcome !== 'done') return
      sim.accident(name, { times: 8 })
      const startedAt = Date.now()
      const paid = await terminal.pay(ORDER, hooks)
      const outcome =
        paid.outcome === 'unknown'
          ? await terminal.query({ ...ORDER, kind: 'pay', startedAt, before: first.data })
          : paid
      const expected = outcome.outcome === 'done' ? 2099 : 100
      expect(outcome.outcome).not.toBe('unknown')
      expect(sim.state().totals.totalMinor).toBe(expected)
    },
  )
})

describe('messages are counted', () => {
  it('through payments, reversals and service commands', async () => {
    const { sim, terminal, hooks } = await pair({}, { registrationConfig: { messageSequence: true } })
    const paid = await terminal.pay(ORDER, hooks)
    expect(paid.outcome).toBe('done')
    if (paid.outcome === 'done')
      expect(await terminal.reverse(ORDER, paid.data, hooks)).toMatchObject({ outcome: 'done' })
    expect(await terminal.last()).toMatchObject({ outcome: 'done' })
    expect(await terminal.endOfDay(OP, hooks)).toMatchObject({ outcome: 'done' })
    expect(sim.state().totals.totalMinor).toBe(0)
  })
})

describe('a signature', () => {
  const paying = async (
    answer?: TerminalAnswer['answer'],
  ): Promise<{ sim: TerminalSim; outcome: object }> => {
    const { sim, terminal, hooks } = await pair({ behaviour: { name: 'signature' } })
    const onQuestion = async (): Promise<TerminalAnswer> => ({ answer: answer === 'yes' ? 'yes' : 'no' })
    const outcome = await terminal.pay(ORDER, { ...hooks, ...(answer && { onQuestion }) })
    return { sim, outcome }
  }

  it('is confirmed, or the money comes back', async () => {
    const good = await paying('yes')
    expect(good.outcome).toMatchObject({ outcome: 'done', data: { signature: 'confirmed' } })
    expect(good.sim.state().totals.totalMinor).toBe(1999)
    const bad = await paying('no')
    expect(bad.outcome).toMatchObject({ outcome: 'refused', error: { code: 'terminal.signature' } })
    expect(bad.sim.state().totals.totalMinor).toBe(0)
  })

  it('that nobody can be asked about books nothing', async () => {
    const { sim, outcome } = await paying()
    expect(outcome).toMatchObject({ outcome: 'unknown' })
    while (sim.state().dialogue !== null) await new Promise(resolve => setTimeout(resolve, 1))
    expect(sim.state().totals.totalMinor).toBe(0)
  })
})

describe('an approval that is not what was ordered', () => {
  it('holds a tip where the shop takes tips, and is rejected where it takes none', async () => {
    for (const [tips, outcome, total] of [
      [true, 'done', 2199],
      [false, 'unknown', 0],
    ] as const) {
      const { sim, terminal, hooks } = await pair({ behaviour: { name: 'tip', amountMinor: 200 } }, { tips })
      const paid = await terminal.pay(ORDER, hooks)
      expect(paid).toMatchObject({ outcome, ...(tips && { data: { amountMinor: 2199, tipMinor: 200 } }) })
      while (sim.state().dialogue !== null) await new Promise(resolve => setTimeout(resolve, 1))
      expect(sim.state().totals.totalMinor).toBe(total)
    }
  })

  it('of a part is rejected by a register that said that it takes none', async () => {
    const { sim, terminal, hooks } = await pair({ behaviour: { name: 'partial', amountMinor: 500 } })
    expect(await terminal.pay(ORDER, hooks)).toMatchObject({
      outcome: 'unknown',
      error: { detail: { reason: 'amount' } },
    })
    while (sim.state().dialogue !== null) await new Promise(resolve => setTimeout(resolve, 1))
    expect(sim.state().totals.totalMinor).toBe(0)
    expect(await terminal.pay(ORDER, hooks)).toMatchObject({ error: { code: 'terminal.blocked' } })
  })

  it('is the shop’s amount although the cardholder pays in dollars', async () => {
    const { sim, terminal, hooks } = await pair({ behaviour: { name: 'foreign-currency' } })
    expect(await terminal.pay(ORDER, hooks)).toMatchObject({
      outcome: 'done',
      data: { amountMinor: 1999, currency: 'EUR', foreignCurrency: 'USD', foreignAmount: expect.any(String) },
    })
    expect(sim.state().totals.totalMinor).toBe(1999)
  })
})

describe('the age of a customer', () => {
  it.each([
    ['girocard', 30, { reached: true, by: 'card' }],
    ['girocard', 17, { reached: false, by: 'card' }],
    ['visa', 30, { reached: false, by: 'person' }],
  ])('with a %s of somebody who is %d', async (card, years, data) => {
    const { sim, terminal, hooks } = await pair({ card })
    sim.accident('age', { years })
    const onQuestion = async (): Promise<TerminalAnswer> => ({ answer: 'no' })
    expect(await terminal.checkAge?.(OP, 18, { onQuestion })).toEqual({ outcome: 'done', data })
    expect(await terminal.pay(ORDER, hooks)).toMatchObject({ outcome: 'done' })
    expect(booked(sim)).toEqual(['payment 1999 booked'])
  })
})

describe('a reservation', () => {
  it('is booked in part', async () => {
    const { sim, terminal, hooks } = await pair({})
    const held = await terminal.reserve?.(ORDER, hooks)
    expect(held).toMatchObject({ outcome: 'done' })
    expect(sim.state().totals.totalMinor).toBe(0)
    if (held?.outcome !== 'done') return
    const part = { ...ORDER, amountMinor: 1200 }
    expect(await terminal.book?.(part, held.data, hooks)).toMatchObject({ outcome: 'done' })
    expect(sim.state().totals.totalMinor).toBe(1200)
  })

  it('is given back whole, or in part', async () => {
    const { sim, terminal, hooks } = await pair({})
    for (const [amountMinor, moved] of [
      [1999, 0],
      [500, 1499],
    ] as const) {
      const held = await terminal.reserve?.(ORDER, hooks)
      if (held?.outcome !== 'done') throw new Error('not held')
      expect(await terminal.release?.({ ...ORDER, amountMinor }, held.data, hooks)).toMatchObject({
        outcome: 'done',
      })
      expect(sim.state().totals.totalMinor).toBe(moved)
    }
  })
})

it('serves: status, diagnosis, initialisation, reprint, log-off', async () => {
  const { terminal, hooks, lines } = await pair({})
  expect(await terminal.pay(ORDER, hooks)).toMatchObject({ outcome: 'done' })
  lines.length = 0
  expect(await terminal.reprint?.(OP, hooks)).toMatchObject({ outcome: 'done' })
  expect(lines.length).toBeGreaterThan(3)
  expect(await terminal.status?.()).toMatchObject({ outcome: 'done', data: { state: 'ready' } })
  expect(await terminal.diagnose?.(OP, hooks)).toMatchObject({ outcome: 'done' })
  expect(await terminal.initialise?.(OP, hooks)).toMatchObject({ outcome: 'done' })
  expect(await terminal.logOff?.()).toMatchObject({ outcome: 'done' })
  expect(await terminal.pay(ORDER, hooks)).toMatchObject({ outcome: 'done' })
})
