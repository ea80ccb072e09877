// A small scripted terminal on a real TCP port, and real time, for the driver's tests. It shares no code with the driver.
import { createServer, type Server, type Socket } from 'node:net'
import type {
  Clock,
  DeviceHealth,
  DevicePorts,
  OperationId,
  PaymentExpectation,
  PaymentFacts,
  PaymentHooks,
  PaymentOrder,
  Terminal,
} from '@cashdesk/kernel'
import { type ZvtOptions, zvtTerminal } from '../src/index.ts'

export const ACK = '800000'

export const clock: Clock = {
  now: () => 1_795_291_200_000,
  monotonicMs: () => performance.now(),
  after(delayMs, wake) {
    const handle = setTimeout(wake, delayMs)
    return () => clearTimeout(handle)
  },
}

/** One connection as the scripted terminal sees it. */
export interface Talk {
  say(...frames: readonly string[]): void
  /** The register's next frame. */
  hear(): Promise<string>
  drop(): void
}

export type Script = (talk: Talk) => Promise<void> | void

/** A terminal that plays scripts: what it does on a command, by the command's first two bytes. */
export class Peer {
  readonly heard: string[] = []
  connections = 0
  #server: Server | undefined
  #port = 0
  readonly #sockets: Set<Socket> = new Set()
  readonly scripts: Map<string, Script> = new Map<string, Script>([
    ['0600', talk => talk.say(ACK, '060f052952000001')],
    ['0501', talk => talk.say(ACK, '060f0cf0f0f8562e312e322e333400')],
    ['0602', talk => talk.say(ACK)],
  ])

  async listen(): Promise<number> {
    if (this.#server?.listening) return this.#port
    const server = createServer(socket => this.#serve(socket))
    this.#server = server
    await new Promise<void>(resolve => server.listen(this.#port, '127.0.0.1', resolve))
    const address = server.address()
    this.#port = typeof address === 'object' && address ? address.port : 0
    return this.#port
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server?.close(resolve))
  }

  #serve(socket: Socket): void {
    this.connections += 1
    this.#sockets.add(socket)
    let buffer = ''
    const frames: string[] = []
    const waiting: ((frame: string) => void)[] = []
    const talk: Talk = {
      say: (...said) => {
        if (!socket.destroyed) socket.write(Buffer.from(said.join(''), 'hex'))
      },
      hear: () => {
        const next = frames.shift()
        return next === undefined ? new Promise(resolve => waiting.push(resolve)) : Promise.resolve(next)
      },
      drop: () => socket.destroy(),
    }
    const arrived = (frame: string): void => {
      this.heard.push(frame)
      const waiter = waiting.shift()
      const script = this.scripts.get(frame.slice(0, 4))
      if (waiter) return waiter(frame)
      if (!script) return void frames.push(frame)
      // Answers to what earlier scripts said last were for nobody.
      frames.length = 0
      void script(talk)
    }
    socket.on('error', () => undefined)
    socket.on('data', data => {
      buffer += data.toString('hex')
      for (;;) {
        const size = 6 + Number.parseInt(buffer.slice(4, 6), 16) * 2
        if (!(buffer.length >= 6 && buffer.length >= size)) return
        const frame = buffer.slice(0, size)
        buffer = buffer.slice(size)
        arrived(frame)
      }
    })
  }

  /** How often a command was received. */
  count(command: string): number {
    return this.heard.filter(frame => frame.startsWith(command)).length
  }
}

export const STATUS =
  '040f23 2700 04000000001999 490978 0b000152 0c170816 0d1121 870153 88000153 2952000001'.replace(/ /g, '')
export const OLDER = STATUS.replace('000152', '000151').replace('0153', '0152').replace('170816', '150000')
export const OP = '019358a0-0000-7000-8000-000000000001' as OperationId
export const ORDER: PaymentOrder = { op: OP, amountMinor: 1999, currency: 'EUR' }
export const FACTS: PaymentFacts = {
  amountMinor: 1999,
  currency: 'EUR',
  trace: '000152',
  receipt: '0153',
  turnover: '000153',
  terminalId: '52000001',
  terminalTime: '2026-11-21T17:08:16',
}
export const BEFORE: PaymentFacts = {
  ...FACTS,
  trace: '000151',
  receipt: '0152',
  terminalTime: '2026-11-21T15:00:00',
}

export const accepting: PaymentHooks = { onApproval: async () => 'accept' }
export const expected: PaymentExpectation = {
  op: OP,
  kind: 'pay',
  amountMinor: 1999,
  currency: 'EUR',
  startedAt: clock.now(),
}
export const shows =
  (...frames: readonly string[]): Script =>
  async talk => {
    talk.say(ACK, ...frames)
  }

export const goodPayment: Script = async talk => {
  talk.say(ACK, '04ff010a')
  await talk.hear()
  talk.say(STATUS)
  if ((await talk.hear()) !== ACK) return talk.say('061e016c')
  talk.say('060f00')
}

const opened: { terminal: Terminal; peer: Peer }[] = []
export const logged: string[] = []

export async function start(
  peer: Peer,
  options: Partial<ZvtOptions> = {},
): Promise<{ terminal: Terminal; states: string[]; port: number }> {
  const port = await peer.listen()
  const states: string[] = []
  const terminal = zvtTerminal({
    host: '127.0.0.1',
    port,
    password: '135790',
    profile: { afterAutoReversal: 'reversal' },
    ...options,
    timeouts: { openMs: 400, t3Ms: 300, queryMs: 1500, retryMs: 20, closeMs: 200, ...options.timeouts },
  })
  const ports: DevicePorts = {
    clock,
    random: { bytes: length => new Uint8Array(length) },
    log: (...line) => logged.push(JSON.stringify(line)),
    healthChanged: (health: DeviceHealth) => states.push(health.state),
  }
  opened.push({ terminal, peer })
  await terminal.open(ports)
  return { terminal, states, port }
}

/** Closes every terminal and peer of a test. */
export async function closeAll(): Promise<void> {
  for (const { terminal, peer } of opened.splice(0)) {
    await terminal.close()
    await peer.stop()
  }
}
