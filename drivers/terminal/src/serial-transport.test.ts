// The driver on a serial line: whole payments over a real stream, a real device file, and lines that lose and garble.
import type { Clock, Transport, TransportListener } from '@cashdesk/kernel'
import { expect, onTestFinished, test } from 'vitest'
import { accepting, closeAll, goodPayment, ORDER, Peer, STATUS, start } from '../test/node-peer.ts'
import { type Accidents, canPty, message, openPty, SerialBox } from '../test/node-serial-box.ts'
import type { ZvtOptions } from './index.ts'
import { overSerial } from './serial-transport.ts'

async function onLine(
  accidents: Accidents,
  options: Partial<ZvtOptions> = {},
  withPty = false,
): Promise<{ peer: Peer; box: SerialBox } & Awaited<ReturnType<typeof start>>> {
  const peer = new Peer()
  peer.scripts.set('0601', goodPayment)
  const box = new SerialBox(accidents)
  const port = await box.listen(await peer.listen())
  const pty = withPty ? await openPty(port) : undefined
  onTestFinished(async () => {
    await closeAll()
    pty?.child.kill('SIGKILL')
    await box.stop()
  })
  const started = await start(peer, {
    ...(pty ? { serial: { path: pty.path, baudRate: 115_200 } } : { port, framing: 'serial' }),
    ...options,
    timeouts: { t1Ms: 200, t2Ms: 600, openMs: 5000, t3Ms: 6000, ...options.timeouts },
  })
  return { peer, box, ...started }
}

test('a payment over a serial line on the network', async () => {
  const { terminal, peer, box } = await onLine({})
  const outcome = await terminal.pay(ORDER, accepting)
  expect(outcome).toMatchObject({ outcome: 'done', data: { amountMinor: 1999, trace: '000152' } })
  expect(peer.count('0601')).toBe(1)
  expect(box.answers.every(answer => answer === '06')).toBe(true)
})

test.runIf(canPty)('a payment over a real serial device file', async () => {
  // Nothing is lost here: the times of the specification, which a busy machine keeps.
  const { terminal, peer } = await onLine({}, { timeouts: { t1Ms: 1_000, t2Ms: 5_000, t3Ms: 20_000 } }, true)
  expect(await terminal.pay(ORDER, accepting)).toMatchObject({ outcome: 'done' })
  expect(peer.count('0601')).toBe(1)
})

test.each([
  ['byte by byte', (bytes: Buffer) => [...bytes].map(byte => Buffer.from([byte]))],
  ['cut after the first half', (bytes: Buffer) => [bytes.subarray(0, 5), bytes.subarray(5)]],
])('a payment whose answers come %s', async (_how, pieces) => {
  const { terminal } = await onLine({ pieces })
  expect(await terminal.pay(ORDER, accepting)).toMatchObject({ outcome: 'done' })
})

test('every message lost once on the way there is repeated, and pays once', async () => {
  const seen = new Set<string>()
  const lost = (apdu: string): 'lose' | 'ok' => {
    if (seen.has(apdu)) return 'ok'
    seen.add(apdu)
    return 'lose'
  }
  const { terminal, peer } = await onLine({ onMessage: lost })
  expect(await terminal.pay(ORDER, accepting)).toMatchObject({ outcome: 'done' })
  expect(peer.count('0601')).toBe(1)
  expect(terminal.health().counts['repeats']).toBeGreaterThan(1)
})

test('every second message garbled on the way back is asked for again', async () => {
  const garbled = (bytes: string, nth: number): string =>
    nth % 2 === 1 ? bytes.replace(/^1002../, '10025a') : bytes
  const { terminal, box } = await onLine({ onSend: garbled })
  expect(await terminal.pay(ORDER, accepting)).toMatchObject({ outcome: 'done' })
  expect(box.answers.filter(answer => answer === '15').length).toBeGreaterThan(2)
})

test('every message doubled on the way back is taken once', async () => {
  const asked: number[] = []
  const { terminal } = await onLine({ onSend: bytes => bytes + bytes })
  const outcome = await terminal.pay(ORDER, {
    onApproval: async ({ amountMinor }) => {
      asked.push(amountMinor)
      return 'accept'
    },
  })
  expect(outcome).toMatchObject({ outcome: 'done' })
  expect(asked).toEqual([1999])
})

test('an order whose ACK is lost is not given twice when the terminal answers it', async () => {
  const { terminal, peer } = await onLine({ onMessage: apdu => (apdu.startsWith('0601') ? 'no-ack' : 'ok') })
  expect(await terminal.pay(ORDER, accepting)).toMatchObject({ outcome: 'done' })
  expect(peer.count('0601')).toBe(1)
})

test('an order that the line never acknowledges ends unknown', async () => {
  const { terminal, peer } = await onLine({ onMessage: apdu => (apdu.startsWith('0601') ? 'lose' : 'ok') })
  expect(await terminal.pay(ORDER, accepting)).toMatchObject({
    outcome: 'unknown',
    error: { code: 'terminal.link-lost' },
  })
  expect(peer.count('0601')).toBe(0)
})

test('an acknowledgement of the approval that never gets through ends unknown, not done', async () => {
  let approved = false
  const { terminal } = await onLine({
    onSend: bytes => {
      approved = approved || bytes === message(STATUS)
      return bytes
    },
    onMessage: () => (approved ? 'lose' : 'ok'),
  })
  expect(await terminal.pay(ORDER, accepting)).toMatchObject({
    outcome: 'unknown',
    error: { code: 'terminal.link-lost' },
  })
})

test('noise on the line between two payments costs nothing', async () => {
  const { terminal } = await onLine({ onSend: (bytes, nth) => (nth === 3 ? `ff00ff${bytes}` : bytes) })
  expect(await terminal.pay(ORDER, accepting)).toMatchObject({ outcome: 'done' })
  expect(terminal.health().counts['noise']).toBe(3)
})

test('a line is asked for in words that are checked', async () => {
  const { zvtTerminal } = await import('./index.ts')
  expect(() => zvtTerminal({ host: 'pt', framing: 'morse' as 'serial' })).toThrow(/config/)
  expect(zvtTerminal({ serial: { path: '/dev/ttyS0' } }).name).toBe('serial /dev/ttyS0')
})

test('a closed line says so once, takes nothing more and leaves no timer behind', async () => {
  const told: unknown[] = []
  const timers = new Set<object>()
  const written: Uint8Array[] = []
  let inner: TransportListener | undefined
  const transport: Transport = {
    name: 'line',
    async open(listener) {
      inner = listener
      return {
        write: async bytes => void written.push(bytes),
        close: async () => listener.closed(),
      }
    },
  }
  const clock: Clock = {
    now: () => 0,
    monotonicMs: () => 0,
    after: () => {
      const timer = {}
      timers.add(timer)
      return () => void timers.delete(timer)
    },
  }
  const line = overSerial(transport, clock, { t1Ms: 200, t2Ms: 5000 })
  const connection = await line.open({ data: () => undefined, closed: cause => void told.push(cause) })
  await connection.write(Uint8Array.of(0x06, 0x02, 0))
  inner?.data(Uint8Array.of(0x10, 0x02, 0x06))
  expect(timers.size).toBe(2)
  await connection.close()
  inner?.data(Uint8Array.of(0x10, 0x02, 0x06))
  expect([timers.size, told, written.length]).toEqual([0, [undefined], 1])
  await expect(connection.write(Uint8Array.of(0x06, 0x02, 0))).rejects.toMatchObject({
    code: 'transport.closed',
  })
})
