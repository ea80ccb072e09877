// HID POS: descriptors as recorded from devices, reports of the simulated scanner, and the driver on a simulated bus.
// No real HID scanner has been seen by these tests.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HidBus, hidDescriptor, hidReports, SimClock } from '@cashdesk/hardware-sim'
import type { CashdeskError, Scan, Scanner, ScannerHost } from '@cashdesk/kernel'
import { keepOpen } from '@cashdesk/transport'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { hidScannerFrom } from './driver.ts'
import { readDescriptor } from './hid-descriptor.ts'
import { HID_LAYOUTS, layoutOf } from './hid-layout.ts'
import { HidSession } from './hid-session.ts'
import { HID_SCANNER, HID_STRIPE, type HidModule, type HidOpen, hidTransport } from './node-hid.ts'

const PEN = '4006381333931'
const MODELS = ['counted', 'padded'] as const

describe('a report descriptor', () => {
  test.each(MODELS)('of a %s scanner gives the layout of that name', model => {
    expect(layoutOf(hidDescriptor(model))).toEqual(HID_LAYOUTS[model])
  })

  test('may put fields anywhere, number no reports, and describe other things beside', () => {
    // Two padding bytes, data of 8 bytes as usages of their own report, the continued bit third in its byte; no number.
    const clean = Uint8Array.from(
      Buffer.from(
        '058c0902a101150026ff0075089502810395 0809fe820201 75019502 8103 9501 09ff 8102 9505 8103 c0'.replaceAll(
          ' ',
          '',
        ),
        'hex',
      ),
    )
    expect(layoutOf(clean)).toEqual({
      report: 0,
      bytes: 11,
      data: { at: 2, length: 8 },
      continued: { at: 10, bit: 2 },
    })
  })

  test('of a keyboard, or a broken one, describes no scanner', () => {
    const keyboard =
      '05010906a101050719e029e71500250175019508810295017508810195067508150025650507190029658100c0'
    expect(readDescriptor(Buffer.from(keyboard, 'hex'))?.fields.length).toBe(3)
    expect(layoutOf(Buffer.from(keyboard, 'hex'))).toBeUndefined()
    const good = hidDescriptor('counted')
    for (let length = 0; length < good.length; length += 1)
      expect(layoutOf(good.slice(0, length))).toBeUndefined()
  })
})

describe('a HID session', () => {
  const code = fc.string({
    unit: fc.constantFrom(...'0123456789ABCxyz-./', '\u001d'),
    minLength: 1,
    maxLength: 400,
  })

  test.each(MODELS)('reads codes of any length from %s reports', model => {
    fc.assert(
      fc.property(code, fc.constantFrom(']d2', ']E0', ']Q1', ''), (text, aim) => {
        const session = new HidSession(HID_LAYOUTS[model])
        const events = hidReports(text, { model, aim }).flatMap(report => [...session.bytes(report)])
        expect(events).toEqual([{ kind: 'scan', text, ...(aim === '' ? {} : { aim }) }])
        expect(session.pending).toBe(false)
      }),
    )
  })

  const long = hidReports('L'.repeat(100), { model: 'counted', aim: ']Q1' })
  const pen = hidReports(PEN, { model: 'counted', aim: ']E0' })
  const first = (reports: readonly Uint8Array[]): Uint8Array => reports[0] ?? new Uint8Array()

  test('joins nothing to a code whose rest never came', () => {
    const session = new HidSession(HID_LAYOUTS.counted)
    expect(session.bytes(first(long))).toEqual([])
    expect(session.bytes(first(pen))).toEqual([
      { kind: 'discard', code: 'scanner.cut-off', bytes: 56 },
      { kind: 'scan', text: PEN, aim: ']E0' },
    ])
    session.bytes(first(long))
    expect(session.silence()).toEqual([{ kind: 'discard', code: 'scanner.cut-off', bytes: 56 }])
    expect(session.bytes(first(pen))).toMatchObject([{ kind: 'scan', text: PEN }])
  })

  test('discards a report that does not fit its layout, and reads the next', () => {
    const session = new HidSession(HID_LAYOUTS.counted)
    const tooMany = first(pen).slice()
    tooMany[1] = 57
    const noIdentifier = first(pen).slice()
    noIdentifier[2] = 0x41
    for (const bad of [tooMany, noIdentifier, first(pen).slice(0, 40)]) {
      expect(session.bytes(bad)).toMatchObject([{ kind: 'discard', code: 'scanner.garbled' }])
      expect(session.bytes(first(pen))).toMatchObject([{ kind: 'scan', text: PEN }])
    }
    expect(session.bytes(Uint8Array.of(7, 1, 2, 3))).toEqual([])
  })

  test('takes a report with the padding that some systems add', () => {
    const session = new HidSession(HID_LAYOUTS.counted)
    const padded = new Uint8Array(64)
    padded.set(first(pen))
    expect(session.bytes(padded)).toMatchObject([{ kind: 'scan', text: PEN }])
  })

  test('holds no more than a symbol has', () => {
    const session = new HidSession(HID_LAYOUTS.counted)
    for (let index = 0; index < 1000; index += 1) expect(session.bytes(first(long))).toEqual([])
    const last = hidReports('X', { model: 'counted', aim: ']Q1' })
    expect(session.bytes(first(last))).toEqual([{ kind: 'discard', code: 'scanner.too-long', bytes: 56_001 }])
    expect(session.bytes(first(pen))).toMatchObject([{ kind: 'scan', text: PEN }])
  })

  test('takes the line end off that a scanner was set up to send', () => {
    const session = new HidSession(HID_LAYOUTS.padded)
    const report = first(hidReports(`${PEN}\r\n`, { model: 'padded', aim: ']E0' }))
    expect(session.bytes(report)).toMatchObject([{ kind: 'scan', text: PEN }])
  })
})

const opened: Scanner[] = []
const folders: string[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map(scanner => scanner.close()))
  await Promise.all(folders.splice(0).map(folder => rm(folder, { recursive: true })))
})

function hostOf(clock: SimClock): ScannerHost & { readonly scans: Scan[]; readonly errors: string[] } {
  const scans: Scan[] = []
  const errors: string[] = []
  return {
    clock,
    random: { bytes: length => new Uint8Array(length) },
    log: () => undefined,
    healthChanged: () => undefined,
    scanned: scan => scans.push(scan),
    discarded: (error: CashdeskError) => errors.push(error.code),
    scans,
    errors,
  }
}

describe('a HID scanner', () => {
  test('is found by what it says it is, read, lost and found again', async () => {
    const [bus, clock] = [new HidBus(), new SimClock()]
    const scanner = hidScannerFrom(async () => bus.module, { layout: 'counted' })
    opened.push(scanner)
    const host = hostOf(clock)
    await scanner.open(host)
    bus.plug('keyboard', 1, 6)
    await clock.settle(60_000)
    expect(scanner.health()).toMatchObject({ state: 'absent', trouble: { code: 'transport.unreachable' } })
    for (let round = 1; round <= 3; round += 1) {
      bus.plug('gun')
      await clock.settle(60_000)
      expect(scanner.health()).toMatchObject({ state: 'ready', counts: { connects: round } })
      for (const report of hidReports(PEN, { model: 'counted', aim: ']E0' })) bus.send('gun', report)
      await clock.settle(1_000)
      expect(host.scans).toHaveLength(round)
      bus.unplug('gun')
      await clock.settle(10)
      expect(scanner.health().state).toBe('absent')
    }
    expect(host.scans[0]).toMatchObject({ text: PEN, aim: ']E0', source: 'HID scanner' })
    expect(host.errors).toEqual([])
    await scanner.close()
    expect(clock.pending).toBe(0)
  })

  test('pulled out in the middle of a code discards what came of it, and reads the next whole', async () => {
    const [bus, clock] = [new HidBus(), new SimClock()]
    bus.plug('gun')
    const scanner = hidScannerFrom(async () => bus.module, { layout: 'counted' })
    opened.push(scanner)
    const host = hostOf(clock)
    await scanner.open(host)
    await clock.settle(100)
    const [part = new Uint8Array()] = hidReports('L'.repeat(100), { model: 'counted', aim: ']Q1' })
    bus.send('gun', part)
    bus.unplug('gun')
    bus.plug('gun')
    await clock.settle(60_000)
    for (const report of hidReports(PEN, { model: 'counted', aim: ']E0' })) bus.send('gun', report)
    await clock.settle(1_000)
    expect(host.errors).toEqual(['scanner.cut-off'])
    expect(host.scans.map(({ text }) => text)).toEqual([PEN])
  })

  test('without its package says what to install, and keeps the till going', async () => {
    const clock = new SimClock()
    const scanner = hidScannerFrom(() => Promise.reject(new TypeError('no such module')))
    opened.push(scanner)
    await scanner.open(hostOf(clock))
    await clock.settle(100)
    expect(scanner.health().trouble).toMatchObject({
      code: 'transport.missing-module',
      detail: { install: 'npm install node-hid@3.4.0' },
    })
  })

  test('whose descriptor nobody gives asks for a named layout', async () => {
    const [bus, clock] = [new HidBus(), new SimClock()]
    bus.plug('gun')
    const scanner = hidScannerFrom(async () => bus.module)
    opened.push(scanner)
    await scanner.open(hostOf(clock))
    await clock.settle(100)
    expect(scanner.health().trouble).toMatchObject({ code: 'scanner.no-layout' })
  })

  test('on Linux has its descriptor read from where the system keeps it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hidraw-'))
    folders.push(folder)
    await mkdir(join(folder, 'hidraw3', 'device'), { recursive: true })
    await writeFile(join(folder, 'hidraw3', 'device', 'report_descriptor'), hidDescriptor('padded'))
    const bus = new HidBus()
    bus.plug('/dev/hidraw3')
    const hid = hidTransport(async () => bus.module, HID_SCANNER, {}, folder)
    const connection = await hid.transport.open({ data: () => undefined, closed: () => undefined })
    expect(hid.layout()).toEqual(HID_LAYOUTS.padded)
    await connection.close()
  })

  test('that is named by a path and not plugged in is waited for, and read under a name that udev gave', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hidraw-'))
    folders.push(folder)
    const [bus, clock, path] = [new HidBus(), new SimClock(), join(folder, 'counter')]
    const { transport, layout } = hidTransport(async () => bus.module, HID_SCANNER, { path }, folder)
    const trouble: string[] = []
    const link = keepOpen(
      transport,
      { up: () => trouble.push('up'), down: ({ code }) => trouble.push(code), data: () => undefined },
      { clock },
    )
    await expect.poll(() => trouble).toEqual(['transport.unreachable'])
    expect(link.state).toBe('down')
    await mkdir(join(folder, 'hidraw3', 'device'), { recursive: true })
    await writeFile(join(folder, 'hidraw3', 'device', 'report_descriptor'), hidDescriptor('padded'))
    await symlink(join(folder, 'hidraw3'), path)
    bus.plug(path)
    await clock.settle(1_000)
    await expect.poll(() => trouble.at(-1)).toBe('up')
    expect(layout()).toEqual(HID_LAYOUTS.padded)
    await link.close()
  })

  test('that the system neither opens nor lets go keeps nobody waiting', async () => {
    const openings: ((device: HidOpen) => void)[] = []
    let closings = 0
    const device: HidOpen = {
      on: () => undefined,
      write: async () => 0,
      close: () => {
        closings += 1
        return new Promise(() => undefined)
      },
    }
    const module: HidModule = {
      devicesAsync: async () => [],
      HIDAsync: { open: () => new Promise(resolve => openings.push(resolve)) },
    }
    const { transport } = hidTransport(async () => module, HID_SCANNER, { path: 'gun', layout: 'counted' })
    const ends: unknown[] = []
    const listener = { data: () => undefined, closed: (cause?: unknown) => ends.push(cause) }
    await expect(transport.open(listener, { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'transport.timeout',
    })
    openings[0]?.(device)
    await expect.poll(() => closings).toBe(1)
    const second = transport.open(listener)
    await expect.poll(() => openings.length).toBe(2)
    openings[1]?.(device)
    await (await second).close()
    expect([closings, ends]).toEqual([2, [undefined]])
  })

  test.runIf(process.platform === 'linux')('is had by one till at a time, under whatever name', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hidraw-'))
    folders.push(folder)
    const [bus, path, steady] = [new HidBus(), join(folder, 'hidraw3'), join(folder, 'counter')]
    await mkdir(path)
    await symlink(path, steady)
    for (const each of [path, steady]) bus.plug(each)
    const [one, other] = [path, steady].map(
      each =>
        hidTransport(async () => bus.module, HID_SCANNER, { path: each, layout: 'counted' }, folder)
          .transport,
    )
    const listener = { data: () => undefined, closed: () => undefined }
    const first = await one?.open(listener)
    await expect(other?.open(listener)).rejects.toMatchObject({ code: 'transport.claimed' })
    const stripes = hidTransport(async () => bus.module, HID_STRIPE, { path, layout: 'magtek' }).transport
    await (await stripes.open(listener)).close()
    await first?.close()
    const second = await other?.open(listener)
    bus.unplug(steady)
    bus.plug(steady)
    await expect.poll(() => one?.open(listener).catch(({ code }) => code)).toHaveProperty('close')
    await second?.close()
  })
})
