// The printer on its socket: status read back, accidents in the middle of jobs, files.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { afterEach, describe, expect, test } from 'vitest'
import { type PrinterSim, type PrinterSimOptions, startPrinterSim } from './printer.ts'

const ESC = '\x1b'
const GS = '\x1d'
const CUT = `${GS}V\x42\x00`
const status = (n: number): string => `\x10\x04${String.fromCharCode(n)}`

/** Undone after each test, last first. */
const undo: (() => unknown)[] = []

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

async function start(options: PrinterSimOptions = {}): Promise<PrinterSim> {
  const sim = await startPrinterSim(options)
  undo.push(() => sim.close())
  return sim
}

class Register {
  readonly socket: Socket
  received: number[] = []
  closed = false
  #changed: () => void = () => undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => undefined)
    socket.on('data', bytes => {
      this.received.push(...bytes)
      this.#changed()
    })
    socket.on('close', () => {
      this.closed = true
      this.#changed()
    })
  }

  write(text: string): void {
    this.socket.write(Buffer.from(text, 'latin1'))
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>(resolve => {
        this.#changed = resolve
      })
    }
  }

  /** Sends and returns the `count` bytes that come back. */
  async ask(text: string, count: number): Promise<number[]> {
    this.received = []
    this.write(text)
    await this.until(() => this.received.length >= count)
    return this.received.splice(0)
  }
}

async function register(sim: PrinterSim): Promise<Register> {
  const socket = connect(sim.port, '127.0.0.1')
  undo.push(() => socket.destroy())
  await new Promise<void>(resolve => socket.once('connect', () => resolve()))
  return new Register(socket)
}

const texts = (sim: PrinterSim): string[] => sim.state().receipts.map(receipt => receipt.text)

describe('status', () => {
  test('a ready printer answers DLE EOT 1 to 4', async () => {
    const till = await register(await start())
    expect(await till.ask([1, 2, 3, 4].map(status).join(''), 4)).toEqual([0x12, 0x12, 0x12, 0x12])
  })

  test.each([
    ['paper-out', [0x1a, 0x32, 0x12, 0x7e]],
    ['near-end', [0x12, 0x12, 0x12, 0x1e]],
    ['cover-open', [0x1a, 0x16, 0x12, 0x12]],
    ['cutter-error', [0x1a, 0x52, 0x1a, 0x12]],
    ['offline', [0x1a, 0x12, 0x12, 0x12]],
    ['drawer-open', [0x16, 0x12, 0x12, 0x12]],
  ])('%s shows in its bits', async (accident, answers) => {
    const sim = await start()
    const till = await register(sim)
    sim.accident(accident)
    expect(await till.ask([1, 2, 3, 4].map(status).join(''), 4)).toEqual(answers)
  })

  test('GS r is answered when its turn comes, behind what is printed', async () => {
    const sim = await start()
    const till = await register(sim)
    sim.accident('near-end')
    expect(await till.ask(`line\n${CUT}${GS}r\x01`, 1)).toEqual([0x03])
    expect(texts(sim)).toEqual(['line'])
  })

  test('a mark comes back when everything before it is printed', async () => {
    const sim = await start()
    const till = await register(sim)
    expect(await till.ask(`line\n${CUT}${GS}(H\x06\x00\x30\x30ab12`, 7)).toEqual([
      0x37,
      0x22,
      ...Buffer.from('ab12'),
      0,
    ])
    expect(texts(sim)).toEqual(['line'])
  })

  test('automatic status comes at once and on every change that was asked for', async () => {
    const sim = await start()
    const till = await register(sim)
    expect(await till.ask(`${GS}a\x0f`, 4)).toEqual([0x10, 0, 0, 0])
    sim.accident('near-end')
    sim.accident('paper-out')
    sim.accident('paper-in')
    sim.accident('drawer-open')
    await till.until(() => till.received.length >= 16)
    expect(till.received).toEqual([0x10, 0, 3, 0, 0x18, 0, 15, 0, 0x10, 0, 0, 0, 0x14, 0, 0, 0])
    till.received = []
    expect(await till.ask(`${GS}a\x01`, 4)).toEqual([0x14, 0, 0, 0])
    sim.accident('near-end')
    sim.accident('drawer-close')
    await till.until(() => till.received.length >= 4)
    expect(till.received).toEqual([0x10, 0, 3, 0])
  })

  test('its name is text between 5F and 00', async () => {
    const till = await register(await start())
    expect(await till.ask(`${GS}I\x43`, 8)).toEqual([0x5f, ...Buffer.from('SIM-80'), 0])
  })

  test('a drawer wired the other way shows the other level', async () => {
    const till = await register(await start({ pin3WhenOpen: 'low' }))
    expect(await till.ask(status(1), 1)).toEqual([0x16])
    expect(await till.ask(`${ESC}p\x00\x19\xfa${status(1)}`, 1)).toEqual([0x12])
  })
})

describe('jobs', () => {
  test('several receipts on one connection, more on the next', async () => {
    const sim = await start()
    const first = await register(sim)
    await first.ask(`one\n${CUT}two\n${CUT}${status(1)}`, 1)
    first.socket.end()
    const second = await register(sim)
    await second.ask(`three\n${CUT}${status(1)}`, 1)
    expect(texts(sim)).toEqual(['one', 'two', 'three'])
    expect(sim.state().jobs).toBe(2)
  })

  test('a second register waits until the first one leaves', async () => {
    const sim = await start()
    const first = await register(sim)
    await first.ask(status(1), 1)
    const second = await register(sim)
    second.write(`second\n${CUT}${status(1)}`)
    await first.ask(`first\n${CUT}${status(1)}`, 1)
    expect(second.received).toEqual([])
    first.socket.destroy()
    await second.until(() => second.received.length === 1)
    expect(texts(sim)).toEqual(['first', 'second'])
  })

  test('an original printed twice is noticed', async () => {
    const sim = await start()
    const till = await register(sim)
    await till.ask(`same\n${CUT}same\n${CUT}COPY\nsame\n${CUT}${status(1)}`, 1)
    expect(sim.state().receipts.map(receipt => receipt.sameAs)).toEqual([undefined, 1, undefined])
  })

  test('the drawer opens with the kick and stays open until someone closes it', async () => {
    const sim = await start({ now: () => 0 })
    const till = await register(sim)
    await till.ask(`${ESC}p\x00\x19\xfa\x10\x14\x01\x01\x02${status(1)}`, 1)
    const at = '1970-01-01T00:00:00.000Z'
    expect(sim.state()).toMatchObject({
      drawer: 'open',
      kicks: [
        { pin: 2, onMs: 50, offMs: 500, at },
        { pin: 5, onMs: 200, offMs: 200, at },
      ],
    })
    expect(sim.accident('drawer-close').drawer).toBe('closed')
  })

  test('receipts are files that go on counting after a restart', async () => {
    const out = mkdtempSync(join(tmpdir(), 'cashdesk-printer-'))
    undo.push(() => rmSync(out, { recursive: true, force: true }))
    for (const text of ['one', 'two']) {
      const sim = await start({ out })
      await (await register(sim)).ask(`${text}\n${CUT}${status(1)}`, 1)
      await sim.close()
    }
    const stored = JSON.parse(readFileSync(join(out, 'receipt-0002.json'), 'utf8'))
    expect(stored).toMatchObject({
      number: 2,
      text: 'two',
      end: 'partial',
      png: join(out, 'receipt-0002.png'),
    })
    expect(readFileSync(stored.textFile, 'utf8')).toBe('two\n')
    expect(PNG.sync.read(readFileSync(stored.png)).width).toBe(640)
  })
})

describe('accidents', () => {
  test('paper that ends in mid-job stops it, and a new roll prints the rest', async () => {
    const sim = await start()
    const till = await register(sim)
    sim.accident('paper-out', { afterLines: 2 })
    expect(await till.ask(`1\n2\n3\n4\n${CUT}${GS}r\x01${status(4)}`, 1)).toEqual([0x7e])
    expect(sim.state()).toMatchObject({ paper: 'out', online: false, receipts: [], uncut: '1\n2' })
    expect(sim.state().pendingBytes).toBeGreaterThan(4)
    sim.accident('paper-in')
    await till.until(() => till.received.length === 1)
    expect(till.received).toEqual([0x00])
    expect(texts(sim)).toEqual(['1\n2\n3\n4'])
  })

  test('a stopped printer takes what its buffer holds and lets the rest wait on the wire', async () => {
    const sim = await start()
    const till = await register(sim)
    sim.accident('cover-open')
    const lines = 200_000
    till.write('x\n'.repeat(lines) + CUT + status(1))
    till.socket.on('drain', () => undefined)
    for (let turn = 0; turn < 200 && sim.state().pendingBytes < 65_536; turn += 1) {
      await new Promise(resolve => setImmediate(resolve))
    }
    const { pendingBytes } = sim.state()
    expect(pendingBytes).toBeGreaterThanOrEqual(65_536)
    expect(pendingBytes).toBeLessThan(200_000)
    sim.accident('cover-close')
    await till.until(() => till.received.length === 1)
    expect(sim.state().receipts).toHaveLength(1)
    expect(sim.state().pendingBytes).toBe(0)
  })

  test('a jammed knife stops before the receipt is out, and DLE ENQ goes on', async () => {
    const sim = await start()
    const till = await register(sim)
    sim.accident('cutter-error', { when: 'next-cut' })
    expect(await till.ask(`a\n${CUT}${status(3)}`, 1)).toEqual([0x1a])
    expect(texts(sim)).toEqual([])
    expect(await till.ask(`\x10\x05\x01${status(3)}`, 1)).toEqual([0x12])
    expect(texts(sim)).toEqual(['a'])
  })

  test('DLE ENQ 2 forgets what was waiting', async () => {
    const sim = await start()
    const till = await register(sim)
    sim.accident('cutter-error')
    await till.ask(`lost\n${CUT}\x10\x05\x02${status(3)}`, 1)
    await till.ask(`kept\n${CUT}${status(1)}`, 1)
    expect(texts(sim)).toEqual(['kept'])
  })

  test('switching off loses connection, buffer and modes, but not the paper', async () => {
    const sim = await start()
    const till = await register(sim)
    sim.accident('paper-out', { afterLines: 1 })
    await till.ask(`${GS}!\x11printed\nlost\n${CUT}${status(1)}`, 1)
    sim.accident('power-cycle')
    await till.until(() => till.closed)
    sim.accident('paper-in')
    const again = await register(sim)
    await again.ask(`after\n${CUT}${status(1)}`, 1)
    expect(texts(sim)).toEqual(['printed\nafter'])
  })

  test('the link breaks after as many bytes as were wished', async () => {
    const sim = await start()
    const till = await register(sim)
    sim.accident('lose-link', { afterBytes: 4 })
    till.write(`1\n2\n3\n${CUT}`)
    await till.until(() => till.closed)
    expect(sim.state()).toMatchObject({ uncut: '1\n2', receivedBytes: 4, connected: false })
    expect(sim.accident('tear-off').receipts).toMatchObject([{ end: 'torn', text: '1\n2' }])
  })

  test('a silent printer prints and says nothing', async () => {
    const sim = await start()
    const till = await register(sim)
    sim.accident('silent')
    till.write(`x\n${CUT}${status(1)}`)
    while (texts(sim).length === 0) await new Promise(resolve => setImmediate(resolve))
    sim.accident('silent', { off: true })
    expect(await till.ask(status(4), 1)).toEqual([0x12])
  })

  test('a slow printer answers at once what is asked at once, and the rest when it gets there', async () => {
    const sim = await start()
    const till = await register(sim)
    sim.accident('slow', { msPerLine: 20 })
    expect(await till.ask(`1\n2\n3\n${CUT}${GS}r\x01${status(1)}`, 1)).toEqual([0x12])
    expect(texts(sim)).toEqual([])
    await till.until(() => till.received.length === 1)
    expect(till.received).toEqual([0x00])
    expect(texts(sim)).toEqual(['1\n2\n3'])
  })

  test('an accident it does not know, or nonsense in one, is refused', async () => {
    const sim = await start()
    expect(() => sim.accident('constructor')).toThrow(/sim\.usage/)
    expect(() => sim.accident('paper-out', { afterLines: -1 })).toThrow(/sim\.usage/)
  })

  test('a port in use and a folder that cannot be are refused', async () => {
    const sim = await start()
    await expect(startPrinterSim({ port: sim.port })).rejects.toThrow(/sim\.port-in-use/)
    const file = join(mkdtempSync(join(tmpdir(), 'cashdesk-printer-')), 'x')
    undo.push(() => rmSync(join(file, '..'), { recursive: true, force: true }))
    await expect(startPrinterSim({ out: `${file}\0` })).rejects.toThrow(/sim\.usage/)
    writeFileSync(file, '')
    await expect(startPrinterSim({ out: file })).rejects.toMatchObject({
      code: 'sim.usage',
      detail: { option: 'out', folder: file },
    })
    await expect(startPrinterSim({ out: join(file, 'x') })).rejects.toThrow(/sim\.usage/)
  })

  // Node's own recursive mkdir never comes back from there.
  test.runIf(process.platform === 'linux')('a folder in /proc is refused', async () => {
    await expect(startPrinterSim({ out: '/proc/cashdesk/x' })).rejects.toThrow(/sim\.usage/)
  })
})
