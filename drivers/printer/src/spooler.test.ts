// The driver on Windows' spooler: what it says of receipts that nobody will ever answer for. Where a spooler is there
// (CASHDESK_SPOOLER=NAME CASHDESK_SPOOLER_FILE=PATH), a receipt goes through it into the file behind its port.
import { readFileSync, rmSync } from 'node:fs'
import {
  CashdeskError,
  type Clock,
  type ErrorCode,
  type OperationId,
  type PrintJob,
  type Transport,
  text,
} from '@cashdesk/kernel'
import { spoolerTransport } from '@cashdesk/transport'
import { afterEach, describe, expect, test } from 'vitest'
import { type EscPosPrinter, encodeReceipt, epson48, printer } from './index.ts'

const clock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, wake) {
    const handle = setTimeout(wake, delayMs)
    return () => clearTimeout(handle)
  },
}

const JOB: PrintJob = {
  op: 'op-1' as OperationId,
  document: { kind: 'sale', locale: 'de-DE', blocks: [text('Grüße vom Spooler'), text('42,00 €')] },
  copy: false,
}

const opened: EscPosPrinter[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map(each => each.close()))
})

async function on(transport: Transport): Promise<EscPosPrinter> {
  const mine = printer({ transport, profile: epson48 })
  opened.push(mine)
  await mine.open({
    clock,
    random: { bytes: length => new Uint8Array(length) },
    log: () => undefined,
    healthChanged: () => undefined,
  })
  return mine
}

/** A way on which nothing comes back; it keeps its jobs, or refuses them. */
function queue(refusal?: ErrorCode): { readonly jobs: Uint8Array[]; readonly transport: Transport } {
  const jobs: Uint8Array[] = []
  const write = async (bytes: Uint8Array): Promise<void> => {
    if (refusal !== undefined) throw new CashdeskError(refusal)
    jobs.push(bytes)
  }
  const open: Transport['open'] = async listener => ({ write, close: async () => listener.closed() })
  return { jobs, transport: { name: 'queue', oneWay: true, open } }
}

function bytesOf(job: PrintJob): Uint8Array {
  const encoded = encodeReceipt(job.document, { ...epson48, answers: false, automaticStatus: 0 })
  return 'bytes' in encoded ? encoded.bytes : new Uint8Array()
}

describe('on a way where nothing ever comes back', () => {
  test('a receipt is one job without a single question, and never known to be printed', async () => {
    const { jobs, transport } = queue()
    const mine = await on(transport)
    expect(await mine.print(JOB)).toMatchObject({
      outcome: 'unknown',
      error: { code: 'printer.no-answer', detail: { reason: 'this printer cannot answer' } },
    })
    expect(jobs).toEqual([bytesOf(JOB)])
    expect(mine.health().counts).toMatchObject({ jobs: 1, done: 0 })
  })

  test('opening, status and drawer put nothing into the queue but the pulse', async () => {
    const { jobs, transport } = queue()
    const mine = await on(transport)
    expect(await mine.status()).toMatchObject({ data: { paper: 'unknown', cover: 'unknown' } })
    expect(jobs).toEqual([])
    expect(await mine.kickDrawer()).toMatchObject({ outcome: 'unknown' })
    expect(jobs.map(job => [...job])).toEqual([[0x1b, 0x70, 0, 25, 250]])
  })

  test.each<[ErrorCode, string, ErrorCode]>([
    ['printer.paper-out', 'refused', 'printer.paper-out'],
    ['transport.unreachable', 'refused', 'printer.absent'],
    ['transport.closed', 'unknown', 'printer.no-answer'],
  ])('%s while it is handed over: %s, for that is how much is known', async (refusal, outcome, code) => {
    const mine = await on(queue(refusal).transport)
    expect(await mine.print(JOB)).toMatchObject({ outcome, error: { code } })
  })
})

const name = process.env['CASHDESK_SPOOLER'] ?? ''
const file = process.env['CASHDESK_SPOOLER_FILE'] ?? ''
const here = process.platform === 'win32' && name !== '' && file !== ''

if (here)
  test('a receipt reaches the port of a spooled printer byte for byte', async () => {
    rmSync(file, { force: true })
    const mine = await on(spoolerTransport({ printer: name }))
    expect(await mine.print(JOB)).toMatchObject({
      error: { detail: { reason: 'this printer cannot answer' } },
    })
    const bytes = bytesOf(JOB)
    let arrived = new Uint8Array()
    while (arrived.length < bytes.length) {
      await new Promise(resolve => setTimeout(resolve, 20))
      try {
        arrived = new Uint8Array(readFileSync(file))
      } catch {
        // Not yet.
      }
    }
    expect(arrived).toEqual(bytes)
  })
