// Devices on a serial line, RS-232 or USB CDC. The package `serialport` is optional: it is loaded when a line is
// opened, so that a till without serial devices needs no native code.
import { stat } from 'node:fs/promises'
import { CashdeskError, type Transport } from '@cashdesk/kernel'
import type { SerialPort } from 'serialport'
import { OPEN_TIMEOUT_MS, openWithin } from './attempt.ts'
import { claimedOr } from './node-claim.ts'
import { connectionOver, nodeTimer } from './node-duplex.ts'

export interface SerialOptions {
  /** `COM3`, `/dev/ttyACM0`. */
  readonly path: string
  /** Bits per second; default 9600. */
  readonly baudRate?: number
  readonly dataBits?: 5 | 6 | 7 | 8
  readonly parity?: 'none' | 'even' | 'odd' | 'mark' | 'space'
  readonly stopBits?: 1 | 1.5 | 2
  /** Hardware flow control; default false. */
  readonly rtscts?: boolean
  /** For messages; `serial PATH` if absent. */
  readonly name?: string
  /** Default 3000. */
  readonly openTimeoutMs?: number
}

type SerialModule = { readonly SerialPort: typeof SerialPort }

/**
 * A serial line, 8N1 at 9600 unless told otherwise. Opening claims it: no other program can until it is closed.
 * Opening throws `transport.missing-module` without `serialport`, `transport.claimed` where another program has it.
 */
export function serialTransport(options: SerialOptions): Transport {
  return serialTransportFrom(() => import('serialport'), options)
}

/** As `serialTransport`, with the package loaded by `load`. */
export function serialTransportFrom(load: () => Promise<SerialModule>, options: SerialOptions): Transport {
  const { path, openTimeoutMs = OPEN_TIMEOUT_MS } = options
  if (path === '') throw new CashdeskError('config.invalid', { field: 'path' })
  const name = options.name ?? `serial ${path}`
  return {
    name,
    staysUp: true,
    async open(listener, { timeoutMs = openTimeoutMs, signal } = {}) {
      const { SerialPort } = await load().catch((cause: unknown) => {
        throw new CashdeskError(
          'transport.missing-module',
          { name, install: 'npm install serialport@13' },
          { cause },
        )
      })
      const before = identityOf(path)
      const port = await openWithin(
        { name, timeoutMs, signal },
        nodeTimer,
        () =>
          opened(SerialPort, options).catch(async (error: unknown) => {
            throw await claimedOr(error, name, path)
          }),
        opening => void opening.then(late => late.close()).catch(() => undefined),
      )
      watchPresence(path, port, await before)
      return connectionOver(port, name, listener, {
        end: () => port.close(),
        destroy: () => port.destroy(),
      })
    },
  }
}

function opened(Port: SerialModule['SerialPort'], options: SerialOptions): Promise<SerialPort> {
  const { path, baudRate = 9600, dataBits = 8, parity = 'none', stopBits = 1, rtscts = false } = options
  return new Promise((resolve, reject) => {
    const port = new Port({ path, baudRate, dataBits, parity, stopBits, rtscts, autoOpen: false })
    port.open(error => (error === null || error === undefined ? resolve(port) : reject(error)))
  })
}

/** How often a line is looked for in the file system. */
const PRESENCE_MS = 500

/**
 * On POSIX systems a device that is pulled out while the line is read makes the package read zero bytes for ever
 * (serialport/bindings-cpp#162), and nobody is told. Its file is gone then, or another one has its name.
 */
function watchPresence(path: string, port: SerialPort, before: string): void {
  if (process.platform === 'win32') return
  const look = async (): Promise<void> => {
    const same = (await identityOf(path)) === before && (await answers(port))
    if (!port.isOpen) return
    if (same) stop = nodeTimer(PRESENCE_MS, look)
    else port.close()
  }
  let stop = nodeTimer(PRESENCE_MS, look)
  port.once('close', () => stop())
}

/** Which device has this name now. */
function identityOf(path: string): Promise<string> {
  return stat(path).then(
    ({ dev, ino, rdev }) => `${dev} ${ino} ${rdev}`,
    () => 'absent',
  )
}

/** A line whose device was pulled out, and whose name another one has already, answers no setting any more: EIO. */
async function answers(port: SerialPort): Promise<boolean> {
  const { port: binding } = port
  if (process.platform !== 'linux' || !binding || !('getBaudRate' in binding)) return true
  try {
    await binding.getBaudRate()
    return true
  } catch (thrown) {
    return !/input\/output|no such device|bad file/i.test(thrown instanceof Error ? thrown.message : '')
  }
}
