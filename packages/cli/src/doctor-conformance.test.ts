// The device contract tried by the command on a configured till: what it does by itself, and what only where it was asked to.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import {
  missingForPcscd,
  startCardSim,
  startPcscd,
  startPinpadSim,
  startPrinterSim,
  startTerminalSim,
  tag,
} from '@cashdesk/hardware-sim'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type ConformanceOptions, conformanceOf } from './doctor-conformance.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cashdesk-contract-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

async function tried(
  devices: object,
  wishes: Partial<Omit<ConformanceOptions, 'config' | 'json'>> = {},
  said: (line: string) => void = () => undefined,
): Promise<{
  code: number
  report: {
    ok: boolean
    devices: { name: string; checks: { name: string; result: string; problem?: string }[] }[]
  }
}> {
  const config = join(folder, 'till.json')
  await writeFile(config, JSON.stringify({ dir: 'till', lane: '7', currency: 'EUR', ...devices }))
  const stdout = new PassThrough({ encoding: 'utf8' })
  const stderr = new PassThrough()
  stderr.on('data', bytes => said(String(bytes)))
  const code = await conformanceOf({ stdout, stderr }, { json: true, config, ...wishes })
  return { code, report: JSON.parse(String(stdout.read())) }
}

it('tries a printer without printing, and prints where it may', async () => {
  const printer = await startPrinterSim()
  const devices = { printer: { kind: 'tcp', host: '127.0.0.1', port: printer.port } }
  const silent = await tried(devices)
  expect(silent).toMatchObject({ code: 0, report: { ok: true } })
  expect(printer.state().receipts).toEqual([])
  await tried(devices, { print: true })
  expect(printer.state().receipts.length).toBeGreaterThan(0)
  expect(printer.state().receipts.length).toBeLessThanOrEqual(10)
  await printer.close()
})

it('moves no money unless an amount is named, and then once, there and back', async () => {
  const terminal = await startTerminalSim({ speed: 0, answerMs: 2_000, repeatMs: 50 })
  const devices = { terminal: { kind: 'zvt', host: '127.0.0.1', port: terminal.port } }
  expect(await tried(devices)).toMatchObject({ code: 0 })
  expect(terminal.state().books).toEqual([])
  expect(await tried(devices, { pay: '100' })).toMatchObject({ code: 0 })
  expect(terminal.state().books).toHaveLength(2)
  expect(terminal.state().totals.totalMinor).toBe(0)
  await expect(tried(devices, { pay: '1.00' })).rejects.toMatchObject({ code: 'cli.usage' })
  await terminal.close()
})

it('ends with 1 where a device is not there, and tries nothing more on it', async () => {
  const printer = await startPrinterSim()
  await printer.close()
  const gone = await tried(
    { printer: { kind: 'tcp', host: '127.0.0.1', port: printer.port } },
    { readyMs: 300 },
  )
  expect(gone.code).toBe(1)
  expect(gone.report.devices[0]?.checks.slice(0, 3)).toMatchObject([
    { result: 'kept' },
    { result: 'broken', problem: expect.stringContaining('absent (transport.unreachable)') },
    { result: 'skipped' },
  ])
})

it('shows a text on a PIN pad, and asks for digits where it may, once', async () => {
  const pad = await startPinpadSim({ pin: '1234' })
  const devices = { pinpad: { kind: 'tcp', host: '127.0.0.1', port: pad.port } }
  expect(await tried(devices)).toMatchObject({ code: 0, report: { devices: [{ family: 'pinpad' }] } })
  expect(pad.state()).toMatchObject({ entries: 0, display: 'CASHDESK TEST' })
  expect(await tried(devices, { pin: true })).toMatchObject({ code: 0 })
  expect(pad.state().entries).toBe(1)
  await pad.accident('tamper')
  const tampered = await tried(devices, { pin: true })
  expect(tampered.code).toBe(1)
  const problems = tampered.report.devices[0]?.checks.flatMap(({ problem }) => problem ?? [])
  expect(problems).toEqual(['the entry is refused (pinpad.no-key)'])
  await pad.close()
})

it('finds what a PIN pad section says that no driver accepts', async () => {
  const pinpad = { kind: 'tcp', host: '127.0.0.1', port: 4001, profile: 'acme' }
  await expect(tried({ pinpad })).rejects.toMatchObject({
    code: 'config.invalid',
    detail: { problems: [expect.stringContaining('pinpad.profile')] },
  })
})

it.skipIf(missingForPcscd() !== undefined)(
  'asks for a card on a reader, reads it and speaks to it',
  async () => {
    const service = await startPcscd()
    const card = await startCardSim({
      card: tag({ uid: '04a1b2c3d4e580' }),
      port: service.port,
      inserted: false,
    })
    const devices = { nfc: { kind: 'pcsc', socket: service.socket } }
    const asked: string[] = []
    const kept = await tried(devices, { tap: true }, line => {
      if (!line.includes('Hold a card')) return
      asked.push(line)
      void card.insert()
    })
    expect(kept.report.devices[0]?.checks.filter(({ result }) => result === 'broken')).toEqual([])
    expect(kept.code).toBe(0)
    expect(asked).toHaveLength(1)
    expect(card.state().commands).toBeGreaterThan(1)
    await card.close()
    await service.close()
  },
  120_000,
)
