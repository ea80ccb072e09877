// A receipt and an accident at every point of it: before its first byte, at each byte, between its last byte and the
// printer's answer. Whatever happens, the paper never bears two originals, and what is called done is on the paper.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type PrinterPoint,
  SimClock,
  SimNetwork,
  type SimulatedPrinter,
  simulatedPrinter,
  startPrinterSim,
} from '@cashdesk/hardware-sim'
import {
  type Clock,
  type DevicePorts,
  type Json,
  type OperationId,
  type Outcome,
  type PrinterStatus,
  type PrintJob,
  pair,
  qr,
  type ReceiptDocument,
  rule,
  text,
} from '@cashdesk/kernel'
import {
  type EscPosPrinter,
  encodeReceipt,
  epson48,
  printer as printerOn,
  tcpPrinter,
} from '@cashdesk/printer'
import { serialTransport } from '@cashdesk/transport'
import { afterEach, describe, expect, it } from 'vitest'
import { openPty } from '../../hardware-sim/src/scanner/pty.ts'

const DOCUMENT: ReceiptDocument = {
  kind: 'sale',
  locale: 'de-DE',
  blocks: [
    text('BEGIN 4711', { align: 'center', size: 2 }),
    rule(),
    ...Array.from({ length: 9 }, (_, index) => pair(`Article ${index} with a name`, `${index + 1},99 €`)),
    qr('https://example.org/receipts/4711?signature=0123456789abcdef'),
    { block: 'barcode', symbology: 'ean13', data: '4006381333931' },
    text('Zażółć гроші Καφές', { bold: true }),
    text('END 4711'),
  ],
}
const job = (copy: boolean): PrintJob => ({ op: 'op-1' as OperationId, document: DOCUMENT, copy })

/** How many bytes stand between the first of a job and its last. */
const JOB_BYTES = ((): number => {
  const encoded = encodeReceipt(DOCUMENT, epson48, { checkpoints: true })
  if ('error' in encoded) throw new TypeError(encoded.error.code)
  // And the question behind it.
  return encoded.bytes.length + 3
})()

interface Png {
  new (size: { readonly width: number; readonly height: number }): { readonly data: Buffer }
  readonly sync: { write(picture: { readonly data: Buffer }): Buffer }
}

/** 400 by 120 dots: on a slow line it takes seconds. */
const PICTURE = ((): string => {
  // Of the driver, which unpacks pictures with it.
  const ofDriver = createRequire(new URL('../../drivers/printer/package.json', import.meta.url))
  const { PNG }: { readonly PNG: Png } = ofDriver('pngjs')
  const png = new PNG({ width: 400, height: 120 })
  for (const at of png.data.keys()) png.data[at] = at % 4 === 3 || (at >> 5) % 3 === 0 ? 255 : 0
  return PNG.sync.write(png).toString('base64')
})()

/** Every so many bytes of it, of which every byte has its turn in the long tier: `PRINTER_STEP=1`. */
const STEP = Number(process.env['PRINTER_STEP'] ?? 127)

/** What must be set right by a person after the accident. */
const CURES: { readonly [accident: string]: string } = {
  'paper-out': 'paper-in',
  'cover-open': 'cover-close',
  'cutter-error': 'cutter-freed',
  offline: 'online',
}
const ACCIDENTS: readonly (readonly [string, { readonly [name: string]: Json }])[] = [
  ['paper-out', {}],
  ['cover-open', {}],
  ['cutter-error', {}],
  ['cutter-error', { when: 'next-cut' }],
  ['offline', {}],
  ['lose-link', {}],
  ['power-cycle', {}],
  ['power-cycle', { offMs: 3_000 }],
  ['power-cycle', { offMs: 3_000, keepLine: true }],
  ['power-cycle', { offBytes: 500, keepLine: true }],
  ['silent', {}],
]

/** What lies on the counter in the end: whole receipts without a mark, and whole ones in all. */
function counted(sheets: readonly string[]): { originals: number; whole: number } {
  let [originals, whole] = [0, 0]
  for (const sheet of sheets) {
    // A receipt that broke off may hang before the next one on the same sheet.
    const parts = sheet.split(/(?<=END 4711)/)
    for (const part of parts) {
      const from = part.lastIndexOf('BEGIN 4711')
      const all = Array.from({ length: 9 }, (_, index) => `Article ${index} with`)
      if (from < 0 || !part.endsWith('END 4711')) continue
      if (!all.every(line => part.indexOf(line, from) >= 0) || !part.slice(from).includes('[QR https'))
        continue
      whole += 1
      if (!part.slice(0, from).trimEnd().endsWith('***')) originals += 1
    }
  }
  return { originals, whole }
}

interface World {
  readonly printer: EscPosPrinter
  readonly sheets: () => readonly string[]
  readonly accident: (name: string, args?: { readonly [name: string]: Json }) => unknown
  /** Lets time pass until `work` is over. */
  passing<T>(work: Promise<T>): Promise<T>
}

/** Prints as a till does: refused is tried again as it was, unknown is printed again as a copy. */
async function printed(
  world: World,
  cure: string | undefined,
  lost = false,
): Promise<Outcome<PrinterStatus>> {
  const first = await world.passing(world.printer.print(job(false)))
  let copy = first.outcome === 'unknown'
  if (first.outcome === 'done') expect(counted(world.sheets()).originals, 'called done').toBe(1)
  if (cure !== undefined) world.accident(cure)
  world.accident('silent', { off: true })
  // Whoever switched it off has switched it on.
  if (lost) world.accident('power-cycle', { keepLine: true })
  let last = first
  for (let attempt = 1; attempt <= 5 && last.outcome !== 'done'; attempt += 1) {
    last = await world.passing(world.printer.print(job(copy)))
    if (last.outcome === 'unknown') copy = true
  }
  expect(last).toMatchObject({ outcome: 'done' })
  return first
}

function judge(world: World): void {
  const { originals, whole } = counted(world.sheets())
  expect(originals, 'originals').toBeLessThanOrEqual(1)
  expect(whole, 'whole receipts').toBeGreaterThanOrEqual(1)
}

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step()
})

async function virtual(onPoint?: (point: PrinterPoint, paper: SimulatedPrinter) => void): Promise<World> {
  const clock = new SimClock()
  const network = new SimNetwork({ clock, seed: 3 })
  const paper: SimulatedPrinter = simulatedPrinter({ clock, onPoint: point => onPoint?.(point, paper) })
  const printer = printerOn({
    transport: network.transport('printer', paper.peer),
    profile: epson48,
    jobTimeoutMs: 2_000,
    statusTimeoutMs: 500,
  })
  const passing = async <T>(work: Promise<T>): Promise<T> => {
    let over = false
    const ended = work.finally(() => {
      over = true
    })
    ended.catch(() => undefined)
    const untilMs = clock.monotonicMs() + 120_000
    while (!over && clock.monotonicMs() < untilMs) await clock.settle(clock.untilNextMs() ?? 0)
    if (!over) throw new TypeError('the printer never let go')
    return await ended
  }
  await printer.open(portsWith(clock))
  await passing(printer.status())
  await clock.settle(100)
  return {
    printer,
    passing,
    sheets: () => [...paper.receipts.map(receipt => receipt.text), paper.uncut],
    accident: (name, args) => paper.accident(name, args),
  }
}

function portsWith(clock: Clock): DevicePorts {
  return {
    clock,
    random: { bytes: length => new Uint8Array(length) },
    log: () => {},
    healthChanged: () => {},
  }
}

describe('a receipt that an accident meets', () => {
  it.each(ACCIDENTS)('%s %j at any of its bytes is never a second original', async (name, args) => {
    for (let at = 1; at <= JOB_BYTES + 12; at += STEP) {
      const world = await virtual()
      world.accident(name, { ...args, afterBytes: at })
      await printed(world, CURES[name], 'offBytes' in args)
      judge(world)
      await world.passing(world.printer.close())
    }
  })

  it.each(ACCIDENTS)('%s %j before it begins', async (name, args) => {
    const world = await virtual()
    world.accident(name, args)
    await printed(world, CURES[name], 'offBytes' in args)
    judge(world)
  })

  it.each(ACCIDENTS)('%s %j at each moment between paper, knife and answer', async (name, args) => {
    for (let moment = 1; ; moment += 1) {
      let seen = 0
      const world = await virtual((_point, paper) => {
        seen += 1
        if (seen === moment) paper.accident(name, args)
      })
      await printed(world, CURES[name], 'offBytes' in args)
      judge(world)
      if (seen < moment) break
    }
  })

  it('is known not to be whole when its picture is not: power lost in the middle of it, the line kept', async () => {
    const logo: ReceiptDocument = {
      ...DOCUMENT,
      blocks: [text('BEGIN 4711'), { block: 'image', png: PICTURE }, text('END 4711')],
    }
    const encoded = encodeReceipt(logo, epson48, { checkpoints: true })
    const length = 'bytes' in encoded ? encoded.bytes.length : 0
    expect(length).toBeGreaterThan(5_000)
    for (let at = 1; at <= length - 500; at += 8 * STEP) {
      const world = await virtual()
      world.accident('power-cycle', { keepLine: true, offBytes: 500, afterBytes: at })
      const first = await world.passing(world.printer.print({ ...job(false), document: logo }))
      expect(first.outcome, `at byte ${at}`).not.toBe('done')
      await world.passing(world.printer.close())
    }
  })

  it('is done by the last answer alone where the profile says that the printer gives no other', async () => {
    const clock = new SimClock()
    const network = new SimNetwork({ clock, seed: 3 })
    let asked = 0
    const onPoint = (point: PrinterPoint): void => {
      if (point === 'asked') asked += 1
    }
    const paper = simulatedPrinter({ clock, onPoint })
    const transport = network.transport('printer', paper.peer)
    const printer = printerOn({ transport, profile: { ...epson48, checkpoints: false } })
    await printer.open(portsWith(clock))
    const printing = printer.print(job(false))
    while (clock.pending > 0 && paper.receipts.length === 0) await clock.settle(100)
    await clock.settle(1_000)
    expect(await printing).toMatchObject({ outcome: 'done' })
    // Its name, and the end.
    expect(asked).toBe(2)
    await printer.close()
  })

  it('is a copy when the link broke inside a command whose data the printer waits for', async () => {
    const world = await virtual()
    const encoded = encodeReceipt(DOCUMENT, epson48, { checkpoints: true })
    const bytes = 'error' in encoded ? new Uint8Array() : encoded.bytes
    const inside = Buffer.from(bytes).indexOf('example.org')
    // In front of the job stand the questions about the status.
    world.accident('lose-link', { afterBytes: 12 + inside })
    expect(await printed(world, undefined)).toMatchObject({ outcome: 'unknown' })
    expect(counted(world.sheets())).toEqual({ originals: 0, whole: 1 })
  })
})

const realClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, wake) => {
    const timer = setTimeout(wake, delayMs)
    return () => clearTimeout(timer)
  },
}

/** Of the bytes of a job, about so many are tried where time is real. */
const PLACES = [1, 430, JOB_BYTES + 11]

async function real(line: 'tcp' | 'pty'): Promise<World> {
  const sim = await startPrinterSim()
  cleanUp.push(() => sim.close())
  const timeouts = { profile: epson48, jobTimeoutMs: 300, statusTimeoutMs: 300 }
  let printer: EscPosPrinter
  if (line === 'tcp') printer = tcpPrinter({ host: '127.0.0.1', port: sim.port, ...timeouts })
  else {
    const folder = mkdtempSync(join(tmpdir(), 'cashdesk-printer-'))
    const pty = await openPty(join(folder, 'tty'), sim.port)
    cleanUp.push(async () => {
      await pty.close()
      rmSync(folder, { recursive: true, force: true })
    })
    printer = printerOn({ transport: serialTransport({ path: pty.path, baudRate: 115_200 }), ...timeouts })
  }
  cleanUp.push(() => printer.close())
  await printer.open(portsWith(realClock))
  while ((await printer.status()).outcome !== 'done');
  // Its name is the last thing that it says by itself.
  while (printer.health().facts['model'] === undefined) await new Promise(resolve => setImmediate(resolve))
  return {
    printer,
    async passing(work) {
      await new Promise(resolve => setTimeout(resolve, 50))
      return await work
    },
    sheets: () => [...sim.state().receipts.map(receipt => receipt.text), sim.state().uncut],
    accident: (name, args) => sim.accident(name, args),
  }
}

describe('the same over TCP', () => {
  const short = ACCIDENTS.filter(([name]) => name !== 'silent')
  it.each(short)('%s %j', async (name, args) => {
    for (const at of PLACES) {
      const world = await real('tcp')
      const offMs = 'offMs' in args ? { offMs: 100 } : {}
      world.accident(name, { ...args, ...offMs, afterBytes: at })
      await printed(world, CURES[name], 'offBytes' in args)
      judge(world)
      await Promise.all(cleanUp.splice(0).map(step => step()))
    }
  })
})

const canPty = process.platform !== 'win32' && spawnSync('python3', ['-c', 'import pty']).status === 0

describe.skipIf(!canPty)('the same on a pseudo terminal', () => {
  // Nobody sees there that the other side lost its power.
  const onLine = ACCIDENTS.filter(
    ([name, args]) =>
      name !== 'silent' && name !== 'lose-link' && (name !== 'power-cycle' || 'keepLine' in args),
  )
  it.each(onLine)('%s %j', async (name, args) => {
    for (const at of PLACES.slice(1)) {
      const world = await real('pty')
      const offMs = 'offMs' in args ? { offMs: 100 } : {}
      world.accident(name, { ...args, ...offMs, afterBytes: at })
      await printed(world, CURES[name], 'offBytes' in args)
      judge(world)
      for (const step of cleanUp.splice(0).reverse()) await step()
    }
  })
})
