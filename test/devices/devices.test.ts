// Devices without a till: the real drivers over TCP, the simulated devices on the other side, and a register that
// listens, or does not.
import {
  type PrinterSim,
  type ScannerSim,
  startPrinterSim,
  startScannerSim,
  startTerminalSim,
  type TerminalSim,
} from '@cashdesk/hardware-sim'
import { text } from '@cashdesk/kernel'
import { epson48, tcpPrinter } from '@cashdesk/printer'
import { tcpScanner } from '@cashdesk/scanner'
import { type Devices, type MoneyHooks, openDevices } from '@cashdesk/sdk'
import { zvtTerminal } from '@cashdesk/terminal'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let terminal: TerminalSim
let printer: PrinterSim
let scanner: ScannerSim
let devices: Devices

beforeEach(async () => {
  terminal = await startTerminalSim({ speed: 0, answerMs: 2_000, repeatMs: 50 })
  printer = await startPrinterSim()
  scanner = await startScannerSim()
  devices = await openDevices({
    terminal: zvtTerminal({
      host: '127.0.0.1',
      port: terminal.port,
      timeouts: { queryMs: 5_000, retryMs: 50, openMs: 2_000 },
      profile: { afterAutoReversal: 'reversal' },
    }),
    printer: tcpPrinter({ host: '127.0.0.1', port: printer.port, profile: epson48 }),
    scanner: tcpScanner({ host: '127.0.0.1', port: scanner.port }),
  })
  devices.on('slip', () => undefined)
})

afterEach(async () => {
  await devices.close()
  await Promise.all([terminal.close(), printer.close(), scanner.close()])
})

const EUR = (amountMinor: number): { amountMinor: number; currency: string } => ({
  amountMinor,
  currency: 'EUR',
})
const accept: MoneyHooks = { onApproval: () => 'accept' }
const booked = (): number => terminal.state().totals.totalMinor

describe('a payment without a till', () => {
  it('is done when the register accepted the approval, and the terminal has booked it', async () => {
    const heard: string[] = []
    const messages: string[] = []
    devices.on('message', ({ text }) => void messages.push(text))
    const paid = await devices.pay(EUR(1_999), {
      onAttempt: attempt => void heard.push(`attempt ${attempt.kind} ${attempt.amountMinor}`),
      onApproval: facts => {
        heard.push(`approved ${facts.amountMinor}, booked ${booked()}`)
        return 'accept'
      },
    })
    expect(heard).toEqual(['attempt pay 1999', 'approved 1999, booked 0'])
    expect(paid).toMatchObject({ outcome: 'done', data: { amountMinor: 1_999 }, attempt: { kind: 'pay' } })
    expect(booked()).toBe(1_999)
    expect(messages.length).toBeGreaterThan(0)
  })

  it.each([
    ['says no', () => 'reject' as const],
    ['fails', () => Promise.reject(new TypeError('the register is out of order'))],
  ])('moves no money when the register %s, and can be asked for afterwards', async (_how, onApproval) => {
    const paid = await devices.pay(EUR(500), { onApproval })
    const end = paid.outcome === 'unknown' ? await devices.query(paid.attempt) : paid
    expect(end.outcome).toBe('refused')
    expect(devices.unresolved).toBeUndefined()
    expect(booked()).toBe(0)
  })

  it('is not begun when nobody would be asked about the approval', async () => {
    // A register in JavaScript can leave out what the type demands.
    const nobody = JSON.parse('{}') as MoneyHooks
    await expect(devices.pay(EUR(500), nobody)).rejects.toMatchObject({
      code: 'value.malformed',
      detail: { field: 'onApproval' },
    })
    expect(terminal.state().lastDialogue?.kind).not.toBe('authorisation')
  })

  it('is not begun when the register cannot keep the attempt', async () => {
    const full = new TypeError('the register has no room')
    const onAttempt = (): Promise<void> => Promise.reject(full)
    await expect(devices.pay(EUR(500), { ...accept, onAttempt })).rejects.toBe(full)
    expect(terminal.state().books).toEqual([])
  })

  it.each([0, -100, 19.99, Number.NaN, 2 ** 53])('refuses %d before anything is sent', async amountMinor => {
    const paid = await devices.pay(EUR(amountMinor), accept)
    expect(paid).toMatchObject({ outcome: 'refused', error: { code: 'value.amount' } })
  })

  it('says that an amount over the terminal’s field does not fit', async () => {
    const paid = await devices.pay(EUR(1_000_000_000_000), accept)
    expect(paid).toMatchObject({ outcome: 'refused', error: { code: 'terminal.amount' } })
    expect(booked()).toBe(0)
  })

  it('whose end was not seen keeps the terminal for the question what became of it', async () => {
    terminal.accident('lose-link-after-ack', { refuseMs: 200 })
    const paid = await devices.pay(EUR(700), accept)
    expect(paid.outcome).toBe('unknown')
    expect(devices.unresolved).toEqual(paid.attempt)
    expect(paid.attempt.approved?.amountMinor).toBe(700)
    const second = await devices.pay(EUR(700), accept)
    expect(second).toMatchObject({ outcome: 'refused', error: { code: 'terminal.blocked' } })
    expect(await devices.endOfDay()).toMatchObject({ error: { code: 'terminal.blocked' } })
    // What a register keeps is JSON.
    const kept = JSON.parse(JSON.stringify(paid.attempt)) as typeof paid.attempt
    expect(await devices.query(kept)).toMatchObject({ outcome: 'done', data: { amountMinor: 700 } })
    expect(await devices.pay(EUR(800), accept)).toMatchObject({ outcome: 'done' })
    expect(booked()).toBe(1_500)
  })

  it('can be decided by a person, and then the terminal is free', async () => {
    terminal.accident('lose-link-after-status', { refuseMs: 200 })
    const paid = await devices.pay(EUR(700), accept)
    expect(paid.outcome).toBe('unknown')
    devices.decided(paid.attempt.op)
    expect(() => devices.decided(paid.attempt.op)).toThrow('value.id')
    expect(devices.unresolved).toBeUndefined()
    expect(await devices.pay(EUR(800), accept)).toMatchObject({ outcome: 'done' })
  })

  it('can be reversed, and refunds and the end of the day add up', async () => {
    const paid = await devices.pay(EUR(2_500), accept)
    if (paid.outcome !== 'done') throw new TypeError(paid.error.code)
    expect((await devices.reverse(EUR(2_500), paid.data, accept)).outcome).toBe('done')
    expect((await devices.pay(EUR(1_000), accept)).outcome).toBe('done')
    expect((await devices.refund(EUR(300), accept)).outcome).toBe('done')
    expect(booked()).toBe(700)
    expect(await devices.endOfDay()).toMatchObject({ outcome: 'done', data: { totalMinor: 700 } })
  })

  it('takes another operation id each time', async () => {
    const ops = [await devices.pay(EUR(0), accept), await devices.pay(EUR(0), accept)].map(
      ({ attempt }) => attempt.op,
    )
    expect(new Set(ops).size).toBe(2)
  })
})

describe('the terminal’s slip', () => {
  it('reaches whoever listens before it is acknowledged', async () => {
    const lines: string[] = []
    devices.on('slip', async slip => void lines.push(...slip.lines.map(line => line.text)))
    expect((await devices.pay(EUR(1_234), accept)).outcome).toBe('done')
    expect(lines.join('\n')).toContain('12,34')
  })
})

describe('the other devices', () => {
  it('tell scans and bytes that are no code', async () => {
    const scans: string[] = []
    const discarded: string[] = []
    devices.on('scan', scan => void scans.push(scan.text))
    devices.on('discarded', error => void discarded.push(error.code))
    await until(() => scanner.state().connected === 1)
    await scanner.scan('4006381333931')
    await until(() => scans.length === 1)
    await scanner.accident('garble', { code: '4006381333931' })
    await until(() => discarded.length > 0)
    expect(scans).toEqual(['4006381333931'])
    expect(discarded[0]).toMatch(/^scanner\./)
  })

  it('print documents and blocks, and open the drawer once', async () => {
    expect(await devices.print([text('Guten Tag')])).toMatchObject({ outcome: 'done' })
    const document = { kind: 'sale', locale: 'de-DE', blocks: [text('Beleg')] } as const
    expect(await devices.print(document, { copy: true })).toMatchObject({ outcome: 'done' })
    expect(await devices.kickDrawer()).toMatchObject({ outcome: 'done' })
    const { receipts, kicks } = printer.state()
    expect(receipts.map(receipt => receipt.text.includes('COPY'))).toEqual([false, true])
    expect(kicks).toHaveLength(1)
  })

  it('go on although a listener of the register fails', async () => {
    devices.on('health', () => {
      throw new TypeError('a screen is broken')
    })
    printer.accident('power-cycle')
    expect((await devices.pay(EUR(100), accept)).outcome).toBe('done')
  })
})

describe('what is not there', () => {
  it('is answered, not thrown: no terminal, no printer, and nothing after closing', async () => {
    const none = await openDevices({})
    expect(await none.pay(EUR(100), accept)).toMatchObject({ error: { code: 'terminal.absent' } })
    expect(await none.endOfDay()).toMatchObject({ error: { code: 'terminal.absent' } })
    expect(await none.print([text('x')])).toMatchObject({ error: { code: 'printer.absent' } })
    expect(none.devices()).toEqual([])
    await none.close()
    await devices.close()
    expect(await devices.pay(EUR(100), accept)).toMatchObject({ error: { code: 'register.closed' } })
    expect(devices.devices().map(({ state }) => state)).toEqual(['closed', 'closed', 'closed'])
  })
})

/** Until something that arrives by itself is there; the test's own time limit ends it. */
async function until(seen: () => boolean): Promise<void> {
  while (!seen()) await new Promise(resolve => setTimeout(resolve, 5))
}
