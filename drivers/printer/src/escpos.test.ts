// The adapter under the real package `escpos`, and the repair of its drawer pulses.
import { createRequire } from 'node:module'
import { createServer, type Server } from 'node:net'
import type { CashdeskError, Clock } from '@cashdesk/kernel'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { completed } from './escpos-commands.ts'
import { type EscPosPrinter, type EscposAdapter, escposAdapter, tcpPrinter } from './index.ts'

/** The part of the package that is used here; it brings no types of its own. */
interface EscposPrinter {
  font(name: string): EscposPrinter
  align(side: string): EscposPrinter
  text(content: string): EscposPrinter
  barcode(code: string, type: string): EscposPrinter
  cut(): EscposPrinter
  cashdraw(pin: number): EscposPrinter
  flush(callback?: (error: unknown) => void): EscposPrinter
  close(callback: (error: unknown) => void): EscposPrinter
}
const require = createRequire(import.meta.url)
const escpos: { Printer: new (adapter: EscposAdapter, options?: { encoding: string }) => EscposPrinter } =
  require('escpos')

const clock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, wake) {
    const handle = setTimeout(wake, delayMs)
    return () => clearTimeout(handle)
  },
}

const open: EscPosPrinter[] = []
const servers: Server[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map(printer => printer.close()))
  await Promise.all(servers.splice(0).map(server => new Promise(resolve => server.close(resolve))))
})

/** A printer that answers every question with `status` and remembers what it was sent. */
async function started(status = 0x12): Promise<{ device: EscposAdapter; got: () => string }> {
  let got = ''
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    socket.on('data', chunk => {
      const sent = chunk.toString('latin1')
      got += sent
      const questions = sent.split('\u0010\u0004').length - 1
      const ends = sent.split('\u001dr\u0001').length - 1
      socket.write(Uint8Array.from([...Array(questions).fill(status), ...Array(ends).fill(0)]))
    })
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const printer = tcpPrinter({ host: '127.0.0.1', port, statusTimeoutMs: 5000 })
  open.push(printer)
  await printer.open({
    clock,
    random: { bytes: length => new Uint8Array(length) },
    log: () => undefined,
    healthChanged: () => undefined,
  })
  return { device: escposAdapter(printer), got: () => got }
}

const opened = (device: EscposAdapter): Promise<CashdeskError | null> =>
  new Promise(resolve => device.open(resolve))

describe('a user of escpos', () => {
  test('prints through our transport, and is called back when the printer said that it is done', async () => {
    const { device, got } = await started()
    expect(await opened(device)).toBeNull()
    const printer = new escpos.Printer(device, { encoding: 'CP437' })
    const error = await new Promise(resolve => {
      printer.font('a').align('ct').text('Hello escpos').barcode('400638133393', 'EAN13').cut().cashdraw(2)
      printer.close(resolve)
    })
    expect(error).toBeNull()
    expect(got()).toContain('Hello escpos')
    expect(got()).toContain('\u001bp\u0000\u0019\u00fa\u001dr\u0001')
  })

  test('hears that the printer has no paper instead of printing into the void', async () => {
    const { device, got } = await started(0x72)
    expect(await opened(device)).toBeNull()
    const printer = new escpos.Printer(device)
    const error = await new Promise(resolve => {
      printer.text('Hello escpos')
      printer.close(resolve)
    })
    expect(error).toMatchObject({ code: 'printer.paper-out' })
    expect(got()).not.toContain('Hello')
    // The trouble was told; the next receipt starts afresh.
    expect(await new Promise(resolve => device.close(resolve))).toBeNull()
  })

  test('may flush several times and close once', async () => {
    const { device, got } = await started()
    const printer = new escpos.Printer(device)
    printer.text('One').flush()
    printer.text('Two').flush()
    expect(await new Promise(resolve => device.close(resolve))).toBeNull()
    expect(got().indexOf('One')).toBeLessThan(got().indexOf('Two'))
  })

  test('is told when the printer is absent', async () => {
    const { device } = await started()
    await Promise.all(open.splice(0).map(printer => printer.close()))
    expect(await opened(device)).toMatchObject({ code: 'printer.absent' })
  })

  test('cannot ask the printer behind the driver’s back', async () => {
    const { device, got } = await started()
    const error = await new Promise(resolve => device.write('\u001dr\u0001', resolve))
    expect(error).toMatchObject({ code: 'value.malformed' })
    expect(got()).not.toContain('\u001dr')
  })
})

describe('bytes that others made', () => {
  const completedText = (text: string): string => {
    const result = completed(Uint8Array.from(text, character => character.charCodeAt(0)))
    return 'error' in result ? result.error.code : String.fromCharCode(...result.bytes)
  }

  test.each([
    ['\u001bp\u0000', '\u001bp\u0000\u0019\u00fa'],
    ['a\u001bp\u0001\u001dV\u0000', 'a\u001bp\u0001\u0019\u00fa\u001dV\u0000'],
    ['\u001bp\u0000Thank you', '\u001bp\u0000\u0019\u00faThank you'],
    ['\u001bp\u0000\u0019\u00fa', '\u001bp\u0000\u0019\u00fa'],
    ['\u001bp\u0000\u0019\u00c3\u00bax', '\u001bp\u0000\u0019\u00fax'],
    ['\u001bp\u0000\u0032\u0078x', '\u001bp\u0000\u0032\u0078x'],
    ['\u001bp\u0000\u001bp\u0001', '\u001bp\u0000\u0019\u00fa\u001bp\u0001\u0019\u00fa'],
  ])('a drawer pulse without its times gets them: %j', (text, expected) => {
    expect(completedText(text)).toBe(expected)
  })

  test.each([
    ['raster image', '\u001dv0\u0000\u0003\u0000\u0001\u0000\u001bp\u0000'],
    ['column image', '\u001b*\u0001\u0003\u0000\u001bp\u0000'],
    ['QR data', '\u001d(k\u0006\u00001P0\u001bp\u0000'],
    ['bar code', '\u001dkI\u0003\u001bp\u0000'],
    ['question inside QR data', '\u001d(k\u0006\u00001P0\u0010\u0004\u0001'],
  ])('what looks like a command inside a %s is left alone', (_, text) => {
    expect(completedText(`${text}x`)).toBe(`${text}x`)
  })

  test.each(['\u0010\u0004\u0001', 'a\u001dr\u0001', '\u001bv'])('the question %j is refused', text => {
    expect(completedText(text)).toBe('value.malformed')
  })

  test('nothing but pulse times is ever added, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
        const result = completed(bytes)
        if ('error' in result) return
        const extra = result.bytes.length - bytes.length
        expect(extra % 2).toBe(0)
        let at = 0
        for (const byte of result.bytes) if (byte === bytes[at]) at += 1
        expect(at).toBe(bytes.length)
      }),
    )
  })
})
