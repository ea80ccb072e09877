// Devices on the network: one TCP connection at a time.
import { connect, type Socket } from 'node:net'
import { CashdeskError, type Transport } from '@cashdesk/kernel'
import { OPEN_TIMEOUT_MS, openWithin } from './attempt.ts'
import { connectionOver, nodeTimer } from './node-duplex.ts'

/** Idle time after which the system starts to probe whether the other side still lives. */
const KEEP_ALIVE_MS = 10_000

export interface TcpOptions {
  readonly host: string
  /** 1 to 65535. */
  readonly port: number
  /** For messages; `tcp HOST:PORT` if absent. */
  readonly name?: string
  /** Default 3000. */
  readonly connectTimeoutMs?: number
}

/**
 * TCP without Nagle's delay, with keep-alive.
 * @throws CashdeskError `config.invalid` for an impossible host or port
 */
export function tcpTransport(options: TcpOptions): Transport {
  const { host, port, connectTimeoutMs = OPEN_TIMEOUT_MS } = options
  if (host === '') throw new CashdeskError('config.invalid', { field: 'host' })
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new CashdeskError('config.invalid', { field: 'port', value: String(port) })
  }
  const name = options.name ?? `tcp ${host}:${port}`
  return {
    name,
    async open(listener, { timeoutMs = connectTimeoutMs, signal } = {}) {
      const socket = connect({
        host,
        port,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_MS,
      })
      // From its first moment an error has a listener; a socket without one would end the process.
      socket.on('error', () => undefined)
      await openWithin(
        { name, timeoutMs, signal },
        nodeTimer,
        () => connected(socket),
        () => socket.destroy(),
      )
      return connectionOver(socket, name, listener, {
        end: () => socket.end(),
        destroy: () => socket.destroy(),
      })
    },
  }
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve()
    })
  })
}
