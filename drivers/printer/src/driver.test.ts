// The printer driver over real TCP, against a peer whose every answer the test decides.
import { createServer, type Server, type Socket } from 'node:net'
import type { Clock, DeviceHealth, DevicePorts, OperationId, PrintJob } from '@cashdesk/kernel'
import { text } from '@cashdesk/kernel'
import { afterEach, describe, expect, test } from 'vitest'
import { type EscPosPrinter, epson, type PrinterOptions, tcpPrinter } from './index.ts'

const clock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, wake) {
    const handle = setTimeout(wake, delayMs)
    return () => clearTimeout(handle)
  },
}

const OK = [0x12, 0x12, 0x12, 0x12]
const PAPER_OUT = [0x1a, 0x32, 0x12, 0x7e]
const COVER_OPEN = [0x1a, 0x16, 0x12, 0x12]

/** A peer on a port: it takes bytes, and answers the questions among them as its script says. */
class Peer {
  port = 0
  connections = 0
  /** Everything received since the test began, as Latin-1, without questions. */
  received = ''
  status: readonly number[] | undefined = OK
  /** The answer to `GS r`: a byte, silence, or a hang-up. */
  end: number | undefined | 'hang up' = 0x00
  socket: Socket | undefined
  #server: Server
  #questions = ''
  #wake: () => void = () => undefined

  constructor() {
    this.#server = createServer(socket => {
      this.connections += 1
      this.socket = socket
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
      socket.on('data', chunk => this.#take(socket, chunk.toString('latin1')))
    })
  }

  listen(port = 0): Promise<void> {
    return new Promise(resolve =>
      this.#server.listen(port, '127.0.0.1', () => {
        const address = this.#server.address()
        this.port = typeof address === 'object' && address !== null ? address.port : 0
        resolve()
      }),
    )
  }

  say(...bytes: readonly number[]): void {
    this.socket?.write(Uint8Array.from(bytes))
  }

  async gets(part: string, times = 1): Promise<void> {
    while (this.received.split(part).length - 1 < times) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  async close(): Promise<void> {
    this.socket?.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #take(socket: Socket, chunk: string): void {
    this.#questions += chunk
    this.received += chunk
    for (;;) {
      const [first] = ['\u0010\u0004', '\u001dr\u0001', '\u001dIC']
        .map(question => ({ question, at: this.#questions.indexOf(question) }))
        .filter(({ at }) => at >= 0)
        .sort((a, b) => a.at - b.at)
      if (first === undefined) break
      const n = this.#questions.charCodeAt(first.at + 2)
      this.#questions = this.#questions.slice(first.at + 3)
      if (first.question === '\u0010\u0004') {
        const answer = this.status?.[n - 1]
        if (answer !== undefined) this.say(answer)
      } else if (first.question === '\u001dIC') {
        // In its turn: not while something before it hangs.
        if (this.end !== undefined) this.say(0x5f, ...Buffer.from('TM-TEST'), 0)
      } else if (this.end === 'hang up') socket.destroy()
      else if (this.end !== undefined) this.say(this.end)
    }
    this.#wake()
  }
}

const peers: Peer[] = []
const printers: EscPosPrinter[] = []

afterEach(async () => {
  await Promise.all(printers.splice(0).map(printer => printer.close()))
  await Promise.all(peers.splice(0).map(peer => peer.close()))
})

async function started(
  script: Partial<Peer> = {},
  options: Partial<PrinterOptions> = {},
): Promise<{
  peer: Peer
  printer: EscPosPrinter
  health: DeviceHealth[]
  until: (state: string) => Promise<void>
}> {
  const peer = Object.assign(new Peer(), script)
  peers.push(peer)
  await peer.listen()
  const printer = tcpPrinter({ host: '127.0.0.1', port: peer.port, statusTimeoutMs: 5000, ...options })
  printers.push(printer)
  const health: DeviceHealth[] = []
  let wake = (): void => undefined
  const ports: DevicePorts = {
    clock,
    random: { bytes: length => new Uint8Array(length) },
    log: () => undefined,
    healthChanged: one => {
      health.push(one)
      wake()
    },
  }
  await printer.open(ports)
  const until = async (state: string): Promise<void> => {
    while (printer.health().state !== state) {
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  }
  return { peer, printer, health, until }
}

const job = (says = 'Hello', copy = false): PrintJob => ({
  op: 'op-1' as OperationId,
  document: { kind: 'sale', locale: 'de-DE', blocks: [text(says)] },
  copy,
})

describe('printing', () => {
  test('is done when the printer said so after the last byte, on one connection for many jobs', async () => {
    const { peer, printer } = await started()
    expect(await printer.print(job('First'))).toMatchObject({
      outcome: 'done',
      data: { online: true, paper: 'ok', cover: 'closed' },
    })
    expect(await printer.print(job('Second', true))).toMatchObject({ outcome: 'done' })
    expect(peer.connections).toBe(1)
    expect(peer.received.indexOf('First')).toBeLessThan(peer.received.indexOf('COPY'))
    expect(peer.received).toMatch(/Second.*$/s)
    expect(printer.health()).toMatchObject({
      state: 'ready',
      counts: { jobs: 2, done: 2 },
      facts: { model: 'TM-TEST' },
    })
  })

  test.each([
    ['printer.paper-out', PAPER_OUT],
    ['printer.cover-open', COVER_OPEN],
    ['printer.error', [0x1a, 0x52, 0x1a, 0x12]],
  ])('is refused with %s before a byte is printed', async (code, status) => {
    const { peer, printer } = await started({ status })
    expect(await printer.print(job())).toMatchObject({ outcome: 'refused', error: { code } })
    expect(peer.received).not.toContain('Hello')
    peer.status = OK
    expect(await printer.print(job())).toMatchObject({ outcome: 'done' })
  })

  test('is unknown when the line breaks in the middle, and goes on with a new connection', async () => {
    const { peer, printer } = await started({ end: 'hang up' })
    expect(await printer.print(job('First'))).toMatchObject({
      outcome: 'unknown',
      error: { code: 'printer.no-answer', detail: { reason: 'transport.closed' } },
    })
    peer.end = 0x00
    expect(await printer.print(job('Second'))).toMatchObject({ outcome: 'done' })
    expect(peer.connections).toBe(2)
    expect(peer.received.split('First')).toHaveLength(2)
  })

  test('is unknown when the printer stays silent, and its late answer is not taken for the next job’s', async () => {
    const { peer, printer } = await started({ end: undefined }, { jobTimeoutMs: 1, statusTimeoutMs: 700 })
    expect(await printer.print(job('First'))).toMatchObject({
      outcome: 'unknown',
      error: { code: 'printer.no-answer', detail: { reason: 'timeout' } },
    })
    // Still busy with the first: nothing of the second is sent.
    expect(await printer.print(job('Second'))).toMatchObject({
      outcome: 'refused',
      error: { code: 'printer.busy' },
    })
    expect(peer.received).not.toContain('Second')
    // It prints again, and answers what it was asked before; the next question behind the next job it swallows.
    peer.say(0x00, 0x00)
    peer.end = 0x00
    const third = printer.print(job('Third'))
    await peer.gets('Third')
    expect(await third).toMatchObject({ outcome: 'done' })
  })

  test('is not done when the printer answered only some of the questions inside the job', async () => {
    const { peer, printer } = await started({ end: undefined }, { jobTimeoutMs: 300 })
    const long = 'Line\n'.repeat(20)
    const printing = printer.print(job(long))
    await peer.gets('\u001dr\u0001', 5)
    // Four checkpoints and the end: it was switched off and on, and three were lost.
    peer.say(0x00, 0x00)
    expect(await printing).toMatchObject({ outcome: 'unknown', error: { code: 'printer.no-answer' } })
  })

  test('a printer that was switched off in between owes nothing', async () => {
    const { peer, printer } = await started({ end: undefined }, { jobTimeoutMs: 1 })
    expect(await printer.print(job('First'))).toMatchObject({ outcome: 'unknown' })
    peer.end = 0x00
    peer.socket?.destroy()
    expect(await printer.print(job('Second'))).toMatchObject({ outcome: 'done' })
    expect(await printer.print(job('Third'))).toMatchObject({ outcome: 'done' })
  })

  test('paper that runs out in the middle leaves it unknown, with the reason', async () => {
    const { peer, printer } = await started({ end: undefined })
    const printing = printer.print(job())
    await peer.gets('Hello')
    peer.say(0x18, 0x00, 0x0c, 0x00)
    expect(await printing).toMatchObject({
      outcome: 'unknown',
      error: { code: 'printer.paper-out', detail: { during: 'the job' } },
    })
  })

  test('a printer that reports nothing unasked is asked while it prints', async () => {
    const { peer, printer } = await started({ end: undefined })
    const printing = printer.print(job())
    await peer.gets('Hello')
    peer.status = COVER_OPEN
    expect(await printing).toMatchObject({ outcome: 'unknown', error: { code: 'printer.cover-open' } })
  })

  test('an end that comes with paper out is not taken for a whole receipt', async () => {
    const { printer } = await started({ end: 0x0c })
    expect(await printer.print(job())).toMatchObject({
      outcome: 'unknown',
      error: { code: 'printer.paper-out' },
    })
  })

  test('is refused when the printer is absent or does not answer', async () => {
    const { peer, printer } = await started(
      { status: undefined },
      { connectTimeoutMs: 200, statusTimeoutMs: 100 },
    )
    expect(await printer.print(job())).toMatchObject({
      outcome: 'refused',
      error: { code: 'printer.absent' },
    })
    expect(printer.health().trouble?.code).toBe('printer.absent')
    await peer.close()
    peers.pop()
    expect(await printer.print(job())).toMatchObject({
      outcome: 'refused',
      error: { code: 'printer.absent' },
    })
    expect(peer.received).not.toContain('Hello')
    await printer.close()
    expect((await printer.print(job())).outcome).toBe('refused')
  })

  test('unprintable characters are refused before the printer is even asked', async () => {
    const { printer } = await started({ status: undefined })
    expect(await printer.print(job('漢'))).toMatchObject({
      outcome: 'refused',
      error: { code: 'printer.unprintable', detail: { characters: ['漢'] } },
    })
  })

  test('over a connection that cannot answer it is honestly unknown', async () => {
    const { peer, printer } = await started({}, { profile: { ...epson, answers: false } })
    expect(await printer.print(job())).toMatchObject({
      outcome: 'unknown',
      error: { code: 'printer.no-answer' },
    })
    await peer.gets('Hello')
    expect(peer.received).not.toContain('\u0010\u0004')
  })

  test('jobs wait in their order, and no more than can be remembered', async () => {
    const { peer, printer, until } = await started()
    await until('ready')
    const all = Array.from({ length: 20 }, (_, index) => printer.print(job(`Job ${index};`)))
    const outcomes = (await Promise.all(all)).map(result =>
      result.outcome === 'done' ? 'done' : result.error.code,
    )
    expect(outcomes).toEqual([...Array(16).fill('done'), ...Array(4).fill('printer.busy')])
    const order = [...peer.received.matchAll(/Job (\d+);/g)].map(([, number]) => Number(number))
    expect(order).toEqual(Array.from({ length: 16 }, (_, index) => index))
  })

  test('close in the middle ends the job as unknown, and what waits as refused', async () => {
    const { peer, printer } = await started({ end: undefined })
    const [first, second] = [printer.print(job('First')), printer.print(job('Second'))]
    await peer.gets('First')
    await printer.close()
    expect(await first).toMatchObject({ outcome: 'unknown' })
    expect(await second).toMatchObject({ outcome: 'refused' })
    expect(printer.health().state).toBe('closed')
  })
})

describe('the drawer', () => {
  test('is kicked with both times, on the pin it hangs on', async () => {
    const { peer, printer } = await started()
    expect(await printer.kickDrawer()).toMatchObject({ outcome: 'done' })
    await peer.gets('\u001bp\u0000\u0019\u00fa\u001dr\u0001')
    const other = await started({}, { drawer: { pin: 5, onMs: 100, offMs: 200 } })
    await other.printer.kickDrawer()
    await other.peer.gets('\u001bp\u0001\u0032\u0064')
  })

  test('opens although paper is out', async () => {
    const { peer, printer } = await started({ status: PAPER_OUT })
    expect(await printer.kickDrawer()).toMatchObject({ outcome: 'done', data: { paper: 'out' } })
    await peer.gets('\u0010\u0014\u0001\u0000\u0001')
    expect(peer.received).not.toContain('\u001bp')
  })

  test('does not take the late end of an earlier job for its own', async () => {
    const { peer, printer } = await started({ end: undefined }, { jobTimeoutMs: 1, statusTimeoutMs: 700 })
    expect(await printer.print(job())).toMatchObject({ outcome: 'unknown' })
    const kicked = printer.kickDrawer()
    await peer.gets('\u001bp')
    peer.say(0x00)
    expect(await kicked).toMatchObject({ outcome: 'unknown', error: { detail: { reason: 'timeout' } } })
  })

  test('is unknown when nobody answered after the pulse', async () => {
    const { printer } = await started({ end: undefined }, { statusTimeoutMs: 700 })
    expect(await printer.kickDrawer()).toMatchObject({
      outcome: 'unknown',
      error: { code: 'printer.no-answer' },
    })
  })
})

describe('status and health', () => {
  test('are read on every new connection, and follow what the printer reports', async () => {
    const { peer, printer, health, until } = await started({ status: [0x16, 0x12, 0x12, 0x1e] })
    expect(await printer.status()).toEqual({
      outcome: 'done',
      data: { online: true, cover: 'closed', paper: 'near-end', drawer: 'open' },
    })
    await until('ready')
    peer.status = PAPER_OUT
    peer.socket?.destroy()
    await until('absent')
    await until('ready')
    expect(printer.health()).toMatchObject({
      trouble: { code: 'printer.paper-out' },
      counts: { connects: 2 },
    })
    peer.say(0x10, 0x00, 0x00, 0x00)
    while (printer.health().trouble !== undefined) await new Promise(resolve => setImmediate(resolve))
    expect(health.map(({ state, trouble }) => [state, trouble?.code])).toEqual([
      ['opening', undefined],
      ['ready', undefined],
      ['absent', 'transport.closed'],
      ['ready', 'printer.paper-out'],
      ['ready', undefined],
    ])
  })

  test('paper near its end is told to whoever watches the health', async () => {
    const { peer, printer, health } = await started()
    expect(await printer.print(job())).toMatchObject({ outcome: 'done', data: { paper: 'ok' } })
    peer.say(0x10, 0x00, 0x03, 0x00)
    while (printer.health().facts['paper'] !== 'near-end') await new Promise(resolve => setImmediate(resolve))
    expect(health.at(-1)).toMatchObject({ state: 'ready', facts: { paper: 'near-end' } })
  })

  test('several may ask at once', async () => {
    const { printer } = await started()
    const all = await Promise.all([printer.status(), printer.print(job()), printer.status()])
    expect(all.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done'])
  })

  test('an absent printer is refused within its time', async () => {
    const { peer, printer } = await started({}, { connectTimeoutMs: 100 })
    await peer.close()
    peers.pop()
    expect(await printer.status()).toMatchObject({ outcome: 'refused', error: { code: 'printer.absent' } })
  })
})
