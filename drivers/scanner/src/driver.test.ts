// The scanner driver over real TCP and a real serial line.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createServer, type Server, type Socket } from 'node:net'
import type { CashdeskError, Clock, DeviceHealth, Scan, Scanner, ScannerHost } from '@cashdesk/kernel'
import { afterEach, describe, expect, test } from 'vitest'
import { serialScanner, tcpScanner } from './index.ts'

const PEN = '4006381333931'

const clock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, wake) {
    const handle = setTimeout(wake, delayMs)
    return () => clearTimeout(handle)
  },
}

/** A till that remembers what it heard and can wait for it. */
class Till implements ScannerHost {
  readonly clock = clock
  readonly random = { bytes: (length: number): Uint8Array => new Uint8Array(length) }
  readonly heard: string[] = []
  readonly scans: Scan[] = []
  #wake: () => void = () => undefined
  readonly log = (): void => undefined
  readonly scanned = (scan: Scan): void => {
    this.scans.push(scan)
    this.#note(scan.text)
  }
  readonly discarded = (error: CashdeskError): void => this.#note(error.code)
  readonly healthChanged = ({ state }: DeviceHealth): void => this.#note(state)
  #note(what: string): void {
    this.heard.push(what)
    this.#wake()
  }
  async hears(what: string, times = 1): Promise<void> {
    while (this.heard.filter(one => one === what).length < times) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }
}

const open: Scanner[] = []
const servers: Server[] = []
const sockets: Socket[] = []
const children: ChildProcess[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map(scanner => scanner.close()))
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await Promise.all(servers.splice(0).map(server => new Promise(resolve => server.close(resolve))))
})

/** A device server that hands every connection to the test. */
async function device(): Promise<{ port: number; connected: () => Promise<Socket> }> {
  const waiting: ((socket: Socket) => void)[] = []
  const arrived: Socket[] = []
  const server = createServer(socket => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    const taker = waiting.shift()
    if (taker === undefined) arrived.push(socket)
    else taker(socket)
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const connected = (): Promise<Socket> => {
    const socket = arrived.shift()
    return socket === undefined ? new Promise(resolve => waiting.push(resolve)) : Promise.resolve(socket)
  }
  return { port, connected }
}

async function started(scanner: Scanner): Promise<Till> {
  const till = new Till()
  open.push(scanner)
  await scanner.open(till)
  return till
}

describe('a scanner over TCP', () => {
  test('hands codes in pieces to the till as one scan each, with symbology, source and time', async () => {
    const { port, connected } = await device()
    const scanner = tcpScanner({ host: '127.0.0.1', port, name: 'hand scanner', timeoutMs: 5000 })
    const till = await started(scanner)
    const socket = await connected()
    socket.setNoDelay(true)
    for (const piece of [']E0400638', '1333931', '\r', '\n', 'SN-1\r\n']) {
      await new Promise(resolve => socket.write(piece, resolve))
    }
    await till.hears('SN-1')
    expect(till.scans.map(({ text, aim, source }) => [text, aim, source])).toEqual([
      [PEN, ']E0', 'hand scanner'],
      ['SN-1', undefined, 'hand scanner'],
    ])
    expect(scanner.health()).toMatchObject({ state: 'ready', counts: { scans: 2, discards: 0, connects: 1 } })
  })

  test('tells the till what it discarded, and reads on', async () => {
    const { port, connected } = await device()
    const till = await started(tcpScanner({ host: '127.0.0.1', port, timeoutMs: 30, maxBytes: 20 }))
    const socket = await connected()
    socket.write('400638')
    await till.hears('scanner.cut-off')
    socket.write(`A\u0000B\r${'9'.repeat(30)}\r${PEN}\r`)
    await till.hears(PEN)
    expect(till.heard).toEqual([
      'opening',
      'ready',
      'scanner.cut-off',
      'scanner.garbled',
      'scanner.too-long',
      PEN,
    ])
  })

  test('finds the scanner again after a loss, and joins nothing across it', async () => {
    const { port, connected } = await device()
    const scanner = tcpScanner({ host: '127.0.0.1', port, timeoutMs: 5000 })
    const till = await started(scanner)
    const first = await connected()
    await new Promise(resolve => first.write('400638', resolve))
    first.end()
    await till.hears('ready', 2)
    ;(await connected()).write('1333931\r')
    await till.hears('1333931')
    expect(till.heard).toEqual(['opening', 'ready', 'scanner.cut-off', 'absent', 'ready', '1333931'])
    expect(scanner.health().counts).toMatchObject({ connects: 2, losses: 1 })
  })

  test('opens although nobody is there, says why, and is silent once it is closed', async () => {
    const { port } = await device()
    await new Promise(resolve => servers.pop()?.close(resolve))
    const scanner = tcpScanner({ host: '127.0.0.1', port })
    const till = await started(scanner)
    await till.hears('absent')
    expect(scanner.health()).toMatchObject({ state: 'absent', trouble: { code: 'transport.unreachable' } })
    await scanner.close()
    await scanner.close()
    expect(scanner.health().state).toBe('closed')
    expect(till.heard).toEqual(['opening', 'absent', 'closed'])
  })
})

// Opens a raw pseudo terminal, prints its name, and sends what it reads on its own input, byte by byte.
const WIRE = `
import os, pty, sys, tty
master, slave = pty.openpty()
tty.setraw(slave)
print(os.ttyname(slave), flush=True)
while True:
    sent = os.read(0, 4096)
    if not sent: break
    for b in sent: os.write(master, bytes([b]))
`
const canPty = process.platform !== 'win32' && spawnSync('python3', ['-c', 'import pty']).status === 0
if (!canPty) console.log('no python3 with pty here: the scanner is not tested on a serial line')

describe('a scanner on a serial line', () => {
  test.runIf(canPty)('is read at any baud rate, and its loss is noticed', async () => {
    const child = spawn('python3', ['-c', WIRE], { stdio: ['pipe', 'pipe', 'inherit'] })
    children.push(child)
    const path = await new Promise<string>(resolve =>
      child.stdout.once('data', (bytes: Buffer) => resolve(bytes.toString().trim())),
    )
    const till = await started(serialScanner({ path, baudRate: 115_200, timeoutMs: 5000 }))
    await till.hears('ready')
    child.stdin.write(`]E0${PEN}\r\n]d20104006381333931217\u001d10B\r\n`)
    await till.hears('0104006381333931217\u001d10B')
    expect(till.scans).toMatchObject([
      { text: PEN, aim: ']E0', source: `serial ${path}` },
      { text: '0104006381333931217\u001d10B', aim: ']d2' },
    ])
    child.kill('SIGKILL')
    await till.hears('absent')
  })

  test('without its package has failed for good rather than being looked for again', async () => {
    const { CashdeskError } = await import('@cashdesk/kernel')
    const transport = {
      name: 'serial COM3',
      open: () => Promise.reject(new CashdeskError('transport.missing-module', { install: 'serialport' })),
    }
    const scanner = serialScanner({ transport })
    const till = await started(scanner)
    await till.hears('failed')
    expect(scanner.health().trouble).toMatchObject({ code: 'transport.missing-module' })
  })
})
