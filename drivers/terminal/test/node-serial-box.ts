// A box between a register that speaks the serial protocol and a scripted terminal on TCP: it frames, checks and
// acknowledges with code of its own, and loses or garbles what a test tells it to.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { connect, createServer, type Server, type Socket } from 'node:net'

export const canPty = process.platform !== 'win32' && spawnSync('python3', ['-c', 'import pty']).status === 0

/** CRC-16/KERMIT by its reflected polynomial, byte by byte from the top: written apart from the code under test. */
function check(digits: string): string {
  let crc = 0
  for (const byte of Buffer.from(`${digits}03`, 'hex')) {
    for (let bit = 0; bit < 8; bit += 1) {
      const mix = ((byte >> bit) ^ crc) & 1
      crc = (crc >> 1) ^ (mix ? 0x8408 : 0)
    }
  }
  return Buffer.from([crc % 256, crc >> 8]).toString('hex')
}

/** An APDU in hexadecimal as it travels on the line. */
export function message(apdu: string): string {
  const stuffed = apdu.replace(/../g, byte => (byte === '10' ? '1010' : byte))
  return `1002${stuffed}1003${check(apdu)}`
}

export interface Accidents {
  /** What becomes of the register's n-th message (1 …), of those that came through: lost, or answered with NAK. */
  onMessage?: (apdu: string, nth: number) => 'ok' | 'lose' | 'nak' | 'no-ack'
  /** The bytes that leave to the register, in place of these. */
  onSend?: (bytes: string, nth: number) => string
  /** How the bytes to the register are cut. */
  pieces?: (bytes: Buffer) => readonly Buffer[]
}

export class SerialBox {
  readonly accidents: Accidents
  /** ACK and NAK of the register, in order. */
  readonly answers: string[] = []
  readonly #server: Server
  readonly #sockets: Set<Socket> = new Set()
  #received = 0
  #sent = 0

  constructor(accidents: Accidents = {}) {
    this.accidents = accidents
    this.#server = createServer()
  }

  async listen(terminalPort: number): Promise<number> {
    this.#server.on('connection', line => this.#serve(line, terminalPort))
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    const address = this.#server.address()
    return typeof address === 'object' && address ? address.port : 0
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }

  /** What becomes of a message of the register's: what is handed on, and what is answered on the line. */
  #receive(stuffed: string, crc: string): { apdu?: string; answer: string } {
    const apdu = stuffed.replace(/(..)(?:(?<=10)10)?/g, '$1')
    this.#received += 1
    const fate = this.accidents.onMessage?.(apdu, this.#received) ?? 'ok'
    if (fate === 'lose') return { answer: '' }
    if (fate === 'nak' || check(apdu) !== crc) return { answer: '15' }
    return { apdu, answer: fate === 'ok' ? '06' : '' }
  }

  #serve(line: Socket, terminalPort: number): void {
    const terminal = connect({ host: '127.0.0.1', port: terminalPort, noDelay: true })
    line.setNoDelay(true)
    for (const socket of [line, terminal]) {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
    }
    line.on('close', () => terminal.destroy())
    terminal.on('close', () => line.destroy())
    const waiting: string[] = []
    let unanswered: string | undefined
    let buffer = ''
    let bare = ''
    const put = (bytes: string): void => {
      if (bytes === '' || line.destroyed) return
      const all = Buffer.from(bytes, 'hex')
      for (const piece of this.accidents.pieces?.(all) ?? [all]) line.write(piece)
    }
    const sendMessage = (): void => {
      if (unanswered === undefined) return
      this.#sent += 1
      const bytes = message(unanswered)
      put(this.accidents.onSend?.(bytes, this.#sent) ?? bytes)
    }
    const next = (): void => {
      if (unanswered !== undefined) return
      unanswered = waiting.shift()
      sendMessage()
    }
    terminal.on('data', data => {
      bare += data.toString('hex')
      for (;;) {
        const size = 6 + Number.parseInt(bare.slice(4, 6), 16) * 2
        if (!(bare.length >= 6 && bare.length >= size)) break
        waiting.push(bare.slice(0, size))
        bare = bare.slice(size)
      }
      next()
    })
    line.on('data', data => {
      buffer += data.toString('hex')
      for (;;) {
        if (buffer.startsWith('06') || buffer.startsWith('15')) {
          const answer = buffer.slice(0, 2)
          this.answers.push(answer)
          buffer = buffer.slice(2)
          if (answer === '15') sendMessage()
          else unanswered = undefined
          next()
          continue
        }
        const whole = /^1002((?:1010|(?!10)..)*?)1003(....)/.exec(buffer)
        if (!whole) return
        buffer = buffer.slice(whole[0].length)
        const { apdu, answer } = this.#receive(whole[1] ?? '', whole[2] ?? '')
        put(answer)
        if (apdu !== undefined) terminal.write(Buffer.from(apdu, 'hex'))
      }
    })
  }
}

const PTY = `
import os, pty, select, socket, sys, tty
line = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
master, slave = pty.openpty()
tty.setraw(slave)
print(os.ttyname(slave), flush=True)
while True:
    ready, _, _ = select.select([line, master], [], [])
    if line in ready:
        data = line.recv(4096)
        if not data: break
        os.write(master, data)
    if master in ready:
        line.sendall(os.read(master, 4096))
`

/** A real serial device file whose other end is that port of this machine. Kill the child when done. */
export async function openPty(
  port: number,
): Promise<{ readonly path: string; readonly child: ChildProcess }> {
  const child = spawn('python3', ['-c', PTY, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const path = await new Promise<string>(resolve =>
    child.stdout?.once('data', (bytes: Buffer) => resolve(bytes.toString().trim())),
  )
  return { path, child }
}
