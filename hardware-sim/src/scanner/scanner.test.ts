// The scanner on its line: what a register receives for each reading and each accident.
import { constants, mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { aimOf } from './codes.ts'
import { SCANNER_PROGRAM } from './program.ts'
import { openPty } from './pty.ts'
import { type ScannerSim, type ScannerSimOptions, startScannerSim } from './scanner.ts'

/** Undone after each test, last first. */
const undo: (() => unknown)[] = []

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

async function start(options: ScannerSimOptions = {}): Promise<ScannerSim> {
  const sim = await startScannerSim(options)
  undo.push(() => sim.close())
  return sim
}

class Register {
  readonly socket: Socket
  packets: Buffer[] = []
  closed = false
  #changed: () => void = () => undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => undefined)
    socket.on('data', bytes => {
      this.packets.push(bytes)
      this.#changed()
    })
    socket.on('close', () => {
      this.closed = true
      this.#changed()
    })
  }

  get text(): string {
    return Buffer.concat(this.packets).toString('latin1')
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>(resolve => {
        this.#changed = resolve
      })
    }
  }
}

async function register(sim: ScannerSim): Promise<Register> {
  const before = sim.state().connected
  const socket = connect(sim.port, '127.0.0.1')
  undo.push(() => socket.destroy())
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  const till = new Register(socket)
  while (sim.state().connected === before) await new Promise(resolve => setImmediate(resolve))
  return till
}

describe('a scan', () => {
  test('goes to every register that is connected, with its terminator', async () => {
    const sim = await start()
    const tills = [await register(sim), await register(sim)]
    expect(await sim.scan('4006381333931')).toBe(2)
    for (const till of tills) {
      await till.until(() => till.text.endsWith('\r'))
      expect(till.text).toBe('4006381333931\r')
    }
  })

  test('goes nowhere when nobody listens, and the scanner does not mind', async () => {
    const sim = await start()
    expect(await sim.scan('123')).toBe(0)
    expect(sim.state()).toMatchObject({ scanCount: 1, sentBytes: 0, scans: [{ code: '123', sentTo: 0 }] })
  })

  test('carries prefix, AIM identifier and terminator as the scanner is set up', async () => {
    const sim = await start({ prefix: '~', aim: 'auto', terminator: 'crlf' })
    const till = await register(sim)
    await sim.scan('96385074')
    await sim.scan('(01)<GS>x', { aim: ']C1', terminator: 'none' })
    await till.until(() => till.text.endsWith('x'))
    expect(till.text).toBe('~]E496385074\r\n~]C1(01)\x1dx')
  })

  test('comes after the one before, even while that one dribbles', async () => {
    const sim = await start()
    const till = await register(sim)
    await Promise.all([sim.accident('split', { code: 'first' }), sim.scan('second')])
    await till.until(() => till.text.endsWith('second\r'))
    expect(till.text).toBe('first\rsecond\r')
  })

  test.each([
    ['4006381333931', ']E0'],
    ['012345678905', ']E0'],
    ['96385074', ']E4'],
    ['0104006381333931\x1d21A', ']d2'],
    ['https://id.gs1.org/01/04006381333931', ']Q1'],
    ['ABC', ']C0'],
  ])('of %j is announced as %s', (code, aim) => {
    expect(aimOf(code)).toBe(aim)
  })

  test('of nothing, or of more than any code holds, is refused', async () => {
    const sim = await start()
    await expect(sim.scan('')).rejects.toThrow(/sim\.usage/)
    await expect(sim.scan('8'.repeat(8000))).rejects.toThrow(/sim\.usage/)
  })
})

describe('accidents', () => {
  test('a cut-off code has no end', async () => {
    const sim = await start()
    const till = await register(sim)
    await sim.accident('cut-off', { code: '4006381333931' })
    await sim.accident('cut-off', { code: 'ABCDEF', after: 2 })
    await till.until(() => till.text.length >= 9)
    expect(till.text).toBe('4006381AB')
  })

  test('a garbled code has bytes that no code has', async () => {
    const sim = await start()
    const till = await register(sim)
    await sim.accident('garble', { code: '4006381333931' })
    await sim.accident('garble', { code: 'ABC', terminator: 'none' })
    await till.until(() => till.text.length >= 17)
    expect(till.text.indexOf('\r')).toBe(13)
    for (const noise of [till.text.slice(0, 13), till.text.slice(14)]) {
      expect([...noise].every(character => character > '\x7f' || character === '\0')).toBe(true)
    }
  })

  test('a flood is as long as was wished, or as many scans', async () => {
    const sim = await start()
    const till = await register(sim)
    await sim.accident('flood', { bytes: 300_000 })
    await till.until(() => till.text.length >= 300_000)
    expect(till.text).toBe('8'.repeat(300_000))
    till.packets = []
    await sim.accident('flood', { codes: 500, code: 'AB' })
    await till.until(() => till.text.length >= 1500)
    expect(till.text).toBe('AB\r'.repeat(500))
    expect(sim.state().scans).toHaveLength(100)
    expect(sim.state().scanCount).toBe(500)
  })

  test('a pulled cable breaks the line and refuses new ones until it is back on the same port', async () => {
    const sim = await start()
    const till = await register(sim)
    await sim.accident('unplug')
    await till.until(() => till.closed)
    await expect(register(sim)).rejects.toThrow(/ECONNREFUSED/)
    expect(await sim.accident('plug')).toMatchObject({ plugged: true })
    const again = await register(sim)
    await sim.accident('scan', { code: 'back', terminator: 'lf' })
    await again.until(() => again.text.endsWith('\n'))
    expect(again.text).toBe('back\n')
  })

  test('what makes no sense is refused', async () => {
    const sim = await start()
    await expect(sim.accident('scan')).rejects.toThrow(/sim\.usage/)
    await expect(sim.accident('toString')).rejects.toThrow(/sim\.usage/)
    await expect(sim.accident('flood', { bytes: 1e12 })).rejects.toThrow(/sim\.usage/)
    await expect(sim.accident('scan', { code: '1', terminator: 'bell' })).rejects.toThrow(/sim\.usage/)
  })
})

describe('the program', () => {
  test('refuses options it does not understand', async () => {
    const options = { port: '0', terminator: 'cr', aim: 'none' }
    await expect(SCANNER_PROGRAM.start({ ...options, terminator: 'x' })).rejects.toThrow(/sim\.usage/)
    await expect(SCANNER_PROGRAM.start({ ...options, aim: 'E0' })).rejects.toThrow(/sim\.usage/)
    await expect(SCANNER_PROGRAM.start({ ...options, port: '70000' })).rejects.toThrow(/sim\.usage/)
  })

  test('is a serial device, too, where a pseudo terminal can be made', async ({ skip }) => {
    const folder = mkdtempSync(join(tmpdir(), 'cashdesk-scanner-'))
    undo.push(() => rmSync(folder, { recursive: true, force: true }))
    const sim = await start()
    const pty = await openPty(join(folder, 'tty'), sim.port).catch((thrown: unknown) => String(thrown))
    if (typeof pty === 'string') {
      expect(pty).toMatch(/sim\.missing-program/)
      skip(pty)
      return
    }
    undo.push(() => pty.close())
    while (sim.state().connected === 0) await new Promise(resolve => setImmediate(resolve))
    const line = await open(pty.path, constants.O_RDONLY | constants.O_NOCTTY)
    await sim.scan('4006381333931')
    const { buffer, bytesRead } = await line.read(Buffer.alloc(64), 0, 64, null)
    expect(buffer.subarray(0, bytesRead).toString()).toBe('4006381333931\r')
    await line.close()
  })
})
