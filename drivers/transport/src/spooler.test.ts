// Raw jobs through Windows' spooler: the calls in their order everywhere, and, on Windows or under wine, the spooler itself
// with a printer whose port is a file: CASHDESK_SPOOLER=NAME CASHDESK_SPOOLER_FILE=PATH.
import { readFileSync, rmSync } from 'node:fs'
import { CashdeskError, type Connection, type Transport } from '@cashdesk/kernel'
import { describe, expect, test } from 'vitest'
import {
  type Native,
  type SpooledPrinter,
  type Spooler,
  type SpoolerHandle,
  spooledPrinters,
  spoolerTransport,
  spoolerTransportFrom,
} from './index.ts'

const QUEUE: SpooledPrinter = {
  name: 'RECEIPTS',
  port: 'USB001',
  driver: 'Generic / Text Only',
  jobs: 0,
  status: 0,
  attributes: 0x40,
}

/** A spooler that keeps which calls were made, and fails where the test says so. */
class Recorded implements Spooler {
  readonly calls: string[] = []
  readonly taken: number[] = []
  queue: SpooledPrinter = QUEUE
  xps = false
  fails: { readonly [call: string]: number } = {}
  /** Bytes of one write that it takes. */
  mouthful: number = Number.POSITIVE_INFINITY
  hangs = false

  openPrinter(printer: string): Promise<Native<SpoolerHandle>> {
    return this.#answer('open', { handle: 7 }, printer)
  }
  getPrinter(): Promise<Native<SpooledPrinter>> {
    return this.#answer('get', this.queue)
  }
  isXps(): Promise<Native<boolean>> {
    return this.#answer('driver', this.xps)
  }
  startDoc(_: SpoolerHandle, title: string, datatype: string): Promise<Native<number>> {
    return this.#answer('start', 12, `${title} ${datatype}`)
  }
  startPage(): Promise<Native<true>> {
    return this.#answer('page', true)
  }
  write(_: SpoolerHandle, bytes: Uint8Array): Promise<Native<number>> {
    if (this.hangs) return new Promise(() => undefined)
    const taken = bytes.subarray(0, this.mouthful)
    this.taken.push(...taken)
    return this.#answer('write', taken.length, String(bytes.length))
  }
  endPage(): Promise<Native<true>> {
    return this.#answer('end page', true)
  }
  endDoc(): Promise<Native<true>> {
    return this.#answer('end', true)
  }
  deleteJob(_: SpoolerHandle, job: number): Promise<Native<true>> {
    return this.#answer('delete', true, String(job))
  }
  closePrinter(): Promise<Native<true>> {
    return this.#answer('close', true)
  }
  enumPrinters(): Promise<Native<readonly SpooledPrinter[]>> {
    return this.#answer('enum', [this.queue])
  }

  async #answer<T>(call: string, value: T, ...about: readonly string[]): Promise<Native<T>> {
    this.calls.push([call, ...about].join(' '))
    const error = this.fails[call]
    return error === undefined ? { value } : { error }
  }
}

const silent = { data: () => undefined, closed: () => undefined }

async function connected(spooler: Recorded): Promise<Connection> {
  const transport = spoolerTransportFrom(async () => spooler, { printer: 'RECEIPTS' })
  const connection = await transport.open(silent)
  spooler.calls.length = 0
  return connection
}

const thrownBy = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'nothing',
    (error: unknown) => (error instanceof CashdeskError ? error.report : error),
  )

describe('a raw job', () => {
  test('is opened, filled and ended in the order that the spooler wants', async () => {
    const spooler = new Recorded()
    const connection = await connected(spooler)
    await connection.write(Uint8Array.of(27, 64, 255))
    expect(spooler.calls).toEqual([
      'open RECEIPTS',
      'get',
      'driver',
      'start Receipt RAW',
      'page',
      'write 3',
      'end page',
      'end',
      'close',
    ])
    expect(spooler.taken).toEqual([27, 64, 255])
  })

  test('goes to a driver made for XPS under the name that such a driver takes', async () => {
    const spooler = Object.assign(new Recorded(), { xps: true })
    await (await connected(spooler)).write(Uint8Array.of(1))
    expect(spooler.calls).toContain('start Receipt XPS_PASS')
  })

  test('is whole however little the spooler takes at once', async () => {
    const spooler = Object.assign(new Recorded(), { mouthful: 1000 })
    const bytes = Uint8Array.from({ length: 70_000 }, (_, place) => place % 251)
    await (await connected(spooler)).write(bytes)
    expect(spooler.taken).toEqual([...bytes])
  })

  test.each([
    ['paused', { status: 1 }, 'printer.error', 'its queue is paused'],
    ['offline', { attributes: 0x440 }, 'printer.error', 'it is set to work offline'],
    ['without paper', { status: 0x10 }, 'printer.paper-out', undefined],
    ['open', { status: 0x400000 }, 'printer.cover-open', undefined],
    ['full of jobs that do not move', { jobs: 16 }, 'printer.busy', undefined],
  ])(
    'is not begun when the queue is %s: it would come out when nobody expects it',
    async (_, said, code, reason) => {
      const spooler = Object.assign(new Recorded(), { queue: { ...QUEUE, ...said } })
      const connection = await connected(spooler)
      const thrown = await thrownBy(connection.write(Uint8Array.of(1)))
      expect(thrown).toMatchObject({ code, outcome: 'none', ...(reason ? { detail: { reason } } : {}) })
      expect(spooler.calls).toEqual(['open RECEIPTS', 'get', 'close'])
    },
  )

  test('that could not be begun left nothing behind; one that broke off is deleted, and may have been printed', async () => {
    const spooler = new Recorded()
    const connection = await connected(spooler)
    spooler.fails = { start: 5 }
    expect(await thrownBy(connection.write(Uint8Array.of(1)))).toMatchObject({
      code: 'transport.unreachable',
      outcome: 'none',
      detail: { reason: 'this user may not print on it' },
    })
    for (const call of ['page', 'write', 'end page', 'end']) {
      spooler.fails = { [call]: 1905 }
      const thrown = await thrownBy(connection.write(Uint8Array.of(1)))
      expect(thrown, call).toMatchObject({ code: 'transport.closed', outcome: 'unknown' })
      expect(spooler.calls.slice(-2), call).toEqual(['delete 12', 'close'])
    }
    spooler.fails = {}
    spooler.mouthful = 0
    expect(await thrownBy(connection.write(Uint8Array.of(1)))).toMatchObject({ code: 'transport.closed' })
  })

  test('that hangs holds no other up', async () => {
    const spooler = Object.assign(new Recorded(), { hangs: true })
    const connection = await connected(spooler)
    void connection.write(Uint8Array.of(1))
    expect(await thrownBy(connection.write(Uint8Array.of(2)))).toMatchObject({ code: 'printer.busy' })
  })

  test('needs a printer of that name', async () => {
    const spooler = Object.assign(new Recorded(), { fails: { open: 1801 } })
    const transport = spoolerTransportFrom(async () => spooler, { printer: 'RECIEPTS' })
    expect(await thrownBy(transport.open(silent))).toMatchObject({
      code: 'transport.unreachable',
      detail: { reason: 'Windows knows no printer of this name' },
    })
  })
})

test.skipIf(process.platform === 'win32')(
  'elsewhere than on Windows it is a mistake in the configuration',
  async () => {
    const transport: Transport = spoolerTransport({ printer: 'RECEIPTS' })
    expect(transport.oneWay).toBe(true)
    expect(await thrownBy(transport.open(silent))).toMatchObject({ code: 'config.invalid', retry: 'never' })
  },
)

// ── the spooler of this machine ─────────────────────────────────────────────────────────────────────────

const printer = process.env['CASHDESK_SPOOLER'] ?? ''
const file = process.env['CASHDESK_SPOOLER_FILE'] ?? ''
const here = process.platform === 'win32' && printer !== '' && file !== ''

if (here)
  describe('the spooler of this machine', () => {
    test('lists the printer, and delivers jobs byte for byte and one behind the other', async () => {
      expect((await spooledPrinters()).map(({ name }) => name)).toContain(printer)
      const connection = await spoolerTransport({ printer }).open(silent)
      for (const length of [1, 256, 200_000]) {
        rmSync(file, { force: true })
        const bytes = Uint8Array.from({ length }, (_, place) => (place * 7 + length) % 256)
        await connection.write(bytes)
        expect(Buffer.compare(await arrived(length), bytes)).toBe(0)
      }
      await connection.close()
    })

    test('says which printer it does not know', async () => {
      const open = spoolerTransport({ printer: `${printer} of nobody` }).open(silent)
      expect(await thrownBy(open)).toMatchObject({
        code: 'transport.unreachable',
        detail: { reason: 'Windows knows no printer of this name' },
      })
    })

    /** The port writes when it likes. */
    async function arrived(length: number): Promise<Buffer> {
      for (;;) {
        const bytes = read()
        if (bytes.length >= length) return bytes
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    }

    function read(): Buffer {
      try {
        return readFileSync(file)
      } catch {
        return Buffer.alloc(0)
      }
    }
  })
