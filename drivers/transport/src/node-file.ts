// Devices that the system shows as a file, such as /dev/usb/lp0 on Linux; also a plain file or FIFO to write into.
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { isatty } from 'node:tty'
import { CashdeskError, type Connection, type Transport, type TransportListener } from '@cashdesk/kernel'
import { lost, OPEN_TIMEOUT_MS, openWithin, reasonOf } from './attempt.ts'
import { claimedOr } from './node-claim.ts'
import { nodeTimer } from './node-duplex.ts'

export interface FileOptions {
  readonly path: string
  /** For messages; `file PATH` if absent. */
  readonly name?: string
  /** How often a device that has nothing to say is asked again; default 20. */
  readonly pollMs?: number
}

/** Longest answer taken in one read; the class driver for USB printers holds no more than this. */
const READ_BYTES = 8192

/**
 * A file device. Where the system can read it without blocking (character devices on POSIX systems) its answers are
 * heard; elsewhere it is written only, and whoever needs an answer must live with none.
 */
export function fileTransport({ path, name = `file ${path}`, pollMs = 20 }: FileOptions): Transport {
  if (path === '') throw new CashdeskError('config.invalid', { field: 'path' })
  return {
    name,
    async open(listener, { timeoutMs = OPEN_TIMEOUT_MS, signal } = {}) {
      const device = await openWithin(
        { name, timeoutMs, signal },
        nodeTimer,
        () =>
          openDevice(path).catch(async (error: unknown) => {
            throw await claimedOr(error, name, path)
          }),
        opening => void opening.then(late => late.handle.close()).catch(() => undefined),
      )
      return new FileConnection(device, name, pollMs, listener)
    },
  }
}

interface Device {
  readonly handle: FileHandle
  readonly answers: boolean
  /** On a terminal line an empty read means that the other end is gone; a printer reads empty when it is silent. */
  readonly line: boolean
}

/** Both ways and without blocking where the system knows how; else for writing only. */
async function openDevice(path: string): Promise<Device> {
  // Absent on Windows, where a blocking read would hold a thread for ever.
  const nonBlocking: number | undefined = constants.O_NONBLOCK
  const writeOnly = constants.O_WRONLY | constants.O_APPEND
  if (nonBlocking === undefined) return { handle: await open(path, writeOnly), answers: false, line: false }
  const handle = await open(path, constants.O_RDWR | constants.O_NOCTTY | nonBlocking).catch(() => undefined)
  const stat = await handle?.stat()
  if (handle !== undefined && stat?.isCharacterDevice() === true) {
    return { handle, answers: true, line: isatty(handle.fd) }
  }
  await handle?.close()
  return { handle: await open(path, writeOnly | nonBlocking), answers: false, line: false }
}

class FileConnection implements Connection {
  readonly #device: Device
  readonly #name: string
  readonly #pollMs: number
  readonly #listener: TransportListener
  #open = true
  #tail: Promise<void> = Promise.resolve()
  #ending: Promise<void> | undefined

  constructor(device: Device, name: string, pollMs: number, listener: TransportListener) {
    this.#device = device
    this.#name = name
    this.#pollMs = pollMs
    this.#listener = listener
    if (device.answers) void this.#read()
  }

  write(bytes: Uint8Array): Promise<void> {
    const mine = this.#tail.then(() => this.#writeAll(bytes))
    this.#tail = mine.catch(() => undefined)
    return mine
  }

  close(): Promise<void> {
    return this.#end()
  }

  /** A device that holds no more answers "again", and is asked again until it is closed. */
  async #writeAll(bytes: Uint8Array): Promise<void> {
    let offset = 0
    while (offset < bytes.length) {
      if (!this.#open) throw lost(this.#name, 'closed')
      try {
        offset += (await this.#device.handle.write(bytes, offset)).bytesWritten
      } catch (error) {
        if (reasonOf(error) === 'EAGAIN') await pause(this.#pollMs)
        else {
          const cause = lost(this.#name, reasonOf(error), error)
          void this.#end(cause)
          throw cause
        }
      }
    }
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES)
    while (this.#open) {
      try {
        const { bytesRead } = await this.#device.handle.read(buffer, 0, READ_BYTES, null)
        if (bytesRead > 0 && this.#open) this.#listener.data(buffer.slice(0, bytesRead))
        if (bytesRead === 0 && this.#device.line && this.#open) void this.#end(lost(this.#name, 'ended'))
        else if (bytesRead === 0) await pause(this.#pollMs)
      } catch (error) {
        if (reasonOf(error) === 'EAGAIN') await pause(this.#pollMs)
        else if (this.#open) {
          void this.#end(lost(this.#name, reasonOf(error), error))
          return
        }
      }
    }
  }

  #end(cause?: CashdeskError): Promise<void> {
    if (this.#ending === undefined) {
      this.#open = false
      this.#ending = this.#device.handle.close().then(
        () => this.#listener.closed(cause),
        () => this.#listener.closed(cause),
      )
    }
    return this.#ending
  }
}

function pause(delayMs: number): Promise<void> {
  return new Promise(resolve => nodeTimer(delayMs, resolve))
}
