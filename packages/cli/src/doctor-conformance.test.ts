// The device contract tried by the command on a configured till: what it does by itself, and what only where it was asked to.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { startPrinterSim, startTerminalSim } from '@cashdesk/hardware-sim'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { conformanceOf } from './doctor-conformance.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cashdesk-contract-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

async function tried(
  devices: object,
  wishes: { print?: boolean; pay?: string; readyMs?: number } = {},
): Promise<{ code: number; report: { ok: boolean; devices: { name: string; checks: object[] }[] } }> {
  const config = join(folder, 'till.json')
  await writeFile(config, JSON.stringify({ dir: 'till', lane: '7', currency: 'EUR', ...devices }))
  const stdout = new PassThrough({ encoding: 'utf8' })
  const stderr = new PassThrough()
  stderr.resume()
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
