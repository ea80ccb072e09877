// TCP as a driver sees it, against real sockets on this machine.
import { createServer, type Server, type Socket } from 'node:net'
import { CashdeskError, type TransportListener } from '@cashdesk/kernel'
import { afterEach, describe, expect, test } from 'vitest'
import { tcpTransport } from './index.ts'

const servers: Server[] = []
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(servers.splice(0).map(server => new Promise(resolve => server.close(resolve))))
})

function serve(accepted: (socket: Socket) => void): Promise<number> {
  const server = createServer(socket => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    accepted(socket)
  })
  servers.push(server)
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

function hearing(): TransportListener & {
  bytes: number[]
  readonly ended: Promise<CashdeskError | undefined>
} {
  const bytes: number[] = []
  let tell: (cause: CashdeskError | undefined) => void = () => undefined
  const ended = new Promise<CashdeskError | undefined>(resolve => {
    tell = resolve
  })
  return { bytes, ended, data: chunk => void bytes.push(...chunk), closed: cause => tell(cause) }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  return thrown instanceof CashdeskError ? thrown.code : `not ours: ${String(thrown)}`
}

describe('a TCP transport', () => {
  test('carries bytes both ways and says when the other side ended it', async () => {
    const port = await serve(socket => {
      socket.on('data', chunk => socket.end(Buffer.concat([chunk, Buffer.from([0xff])])))
    })
    const listener = hearing()
    const connection = await tcpTransport({ host: '127.0.0.1', port }).open(listener)
    await connection.write(Uint8Array.of(1, 2, 3))
    expect((await listener.ended)?.code).toBe('transport.closed')
    expect(listener.bytes).toEqual([1, 2, 3, 0xff])
  })

  test('says nothing but closed when we end it, and closing twice is harmless', async () => {
    const port = await serve(() => undefined)
    const listener = hearing()
    const connection = await tcpTransport({ host: '127.0.0.1', port }).open(listener)
    await Promise.all([connection.close(), connection.close()])
    await connection.close()
    expect(await listener.ended).toBeUndefined()
    expect(await codeOf(connection.write(Uint8Array.of(1)))).toBe('transport.closed')
  })

  test('closes in bounded time although the other side neither reads nor ends', async () => {
    const port = await serve(socket => socket.pause())
    const listener = hearing()
    const connection = await tcpTransport({ host: '127.0.0.1', port }).open(listener)
    const stuck = codeOf(connection.write(new Uint8Array(20_000_000)))
    await connection.close()
    expect(await stuck).toBe('transport.closed')
  })

  test('tells a refused connection from one that is not accepted in time, and from one we gave up', async () => {
    const port = await serve(() => undefined)
    const server = servers.pop()
    await new Promise(resolve => server?.close(resolve))
    expect(await codeOf(tcpTransport({ host: '127.0.0.1', port }).open(hearing()))).toBe(
      'transport.unreachable',
    )
    // TEST-NET-1 (RFC 5737): no host answers there; some networks say so, others stay silent.
    const silent = tcpTransport({ host: '192.0.2.1', port: 9, connectTimeoutMs: 50 })
    expect(await codeOf(silent.open(hearing()))).toMatch(/^transport\.(timeout|unreachable)$/)
    const giveUp = new AbortController()
    const opening = codeOf(silent.open(hearing(), { timeoutMs: 10_000, signal: giveUp.signal }))
    giveUp.abort()
    expect(await opening).toBe('transport.unreachable')
  })

  test('a reset by the other side is a lost connection, and fails the write under way', async () => {
    const port = await serve(socket => {
      socket.once('data', () => socket.resetAndDestroy())
    })
    const listener = hearing()
    const connection = await tcpTransport({ host: '127.0.0.1', port }).open(listener)
    const big = codeOf(connection.write(new Uint8Array(20_000_000)))
    expect((await listener.ended)?.code).toBe('transport.closed')
    expect(await big).toBe('transport.closed')
  })

  test('refuses an impossible address before anything is opened', () => {
    expect(() => tcpTransport({ host: 'till', port: 0 })).toThrow('config.invalid')
    expect(() => tcpTransport({ host: 'till', port: 70_000 })).toThrow('config.invalid')
    expect(() => tcpTransport({ host: '', port: 9100 })).toThrow('config.invalid')
  })
})
