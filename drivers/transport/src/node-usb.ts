// Printers on USB without a driver of the system in between: USB printer class (class 7), one bulk endpoint out and mostly
// one in. The package `usb` is optional, and only its WebUSB half is used, so that what is tested is a published interface.
/// <reference types="w3c-web-usb" />
import { CashdeskError, type Connection, type Transport, type TransportListener } from '@cashdesk/kernel'
import { lost, OPEN_TIMEOUT_MS, openWithin, reasonOf, waitAtMost } from './attempt.ts'
import { nodeTimer } from './node-duplex.ts'

export interface UsbOptions {
  /** `0x04b8`; any if absent. */
  readonly vendorId?: number
  readonly productId?: number
  /** Tells two printers of the same make apart. */
  readonly serialNumber?: string
  /** For messages; `usb 04b8:0e15`, or `usb printer` for any. */
  readonly name?: string
  /** Default 3000. */
  readonly openTimeoutMs?: number
}

/** As much of WebUSB (W3C draft, 2025) as a printer needs; a `USBDevice` fits. */
export interface UsbPrinterDevice {
  readonly vendorId: number
  readonly productId: number
  readonly serialNumber?: string | null | undefined
  readonly configuration?: UsbConfiguration | null | undefined
  readonly configurations: readonly UsbConfiguration[]
  open(): Promise<void>
  close(): Promise<void>
  selectConfiguration(value: number): Promise<void>
  claimInterface(number: number): Promise<void>
  releaseInterface(number: number): Promise<void>
  clearHalt(direction: 'in' | 'out', endpoint: number): Promise<void>
  /** `timeoutMs` is an addition of the package `usb`. */
  transferIn(
    endpoint: number,
    length: number,
    timeoutMs?: number,
  ): Promise<{ readonly data?: DataView | undefined; readonly status?: string | undefined }>
  transferOut(
    endpoint: number,
    data: Uint8Array<ArrayBuffer>,
    timeoutMs?: number,
  ): Promise<{ readonly bytesWritten: number; readonly status?: string | undefined }>
}

interface UsbConfiguration {
  readonly configurationValue: number
  readonly interfaces: readonly {
    readonly interfaceNumber: number
    readonly alternates: readonly {
      readonly alternateSetting: number
      readonly interfaceClass: number
      readonly endpoints: readonly {
        readonly endpointNumber: number
        readonly direction: string
        readonly type: string
      }[]
    }[]
  }[]
}

export interface UsbModule {
  readonly usb: { getDevices(): Promise<readonly UsbPrinterDevice[]> }
}

/** USB class codes (usb.org): 7 is a printer. */
const PRINTER_CLASS = 7
/** Answers of a printer are a few bytes; one packet of a full-speed bulk endpoint holds 64. */
const READ_BYTES = 512
/** One piece of a job. A printer that takes none for so long is out of paper, and the job's own limit has passed. */
const WRITE_BYTES = 16 * 1024
const WRITE_TIMEOUT_MS = 120_000
/** A printer that has nothing to say is asked again after this; it ends a question that close cannot cancel. */
const READ_TIMEOUT_MS = 250
/** Questions that fail in a row before the printer counts as gone, and the pause between them. */
const MAX_VAIN_READS = 5
const VAIN_PAUSE_MS = 50
const CLOSE_MS = 1_000

/**
 * The first printer that fits. On Windows it must have the WinUSB driver; on Linux the user needs rights on the device.
 * Opening throws `transport.missing-module` without `usb`, `transport.claimed` where another program holds it.
 */
export function usbTransport(options: UsbOptions = {}): Transport {
  return usbTransportFrom(() => import('usb'), options)
}

/** As `usbTransport`, with the package loaded by `load`. */
export function usbTransportFrom(load: () => Promise<UsbModule>, options: UsbOptions = {}): Transport {
  const { vendorId, productId, openTimeoutMs = OPEN_TIMEOUT_MS } = options
  for (const [field, id] of Object.entries({ vendorId, productId })) {
    if (id !== undefined && (!Number.isInteger(id) || id < 0 || id > 0xffff))
      throw new CashdeskError('config.invalid', { field, value: String(id) })
  }
  const name =
    options.name ?? (vendorId === undefined ? 'usb printer' : `usb ${id4(vendorId)}:${id4(productId)}`)
  return {
    name,
    async open(listener, { timeoutMs = openTimeoutMs, signal } = {}) {
      const { usb } = await load().catch((cause: unknown) => {
        throw new CashdeskError(
          'transport.missing-module',
          { name, install: 'npm install usb@3.1.0' },
          { cause },
        )
      })
      const found = await openWithin(
        { name, timeoutMs, signal },
        nodeTimer,
        () => claimed(usb, name, options),
        opening => void opening.then(({ device }) => device.close()).catch(() => undefined),
      )
      return new UsbConnection(found, name, listener)
    },
  }
}

const id4 = (id: number | undefined): string => (id === undefined ? '*' : id.toString(16).padStart(4, '0'))

interface Claimed {
  readonly device: UsbPrinterDevice
  readonly interfaceNumber: number
  readonly out: number
  /** Absent: it cannot answer, and no print is ever known to be done. */
  readonly in?: number
}

async function claimed(usb: UsbModule['usb'], name: string, options: UsbOptions): Promise<Claimed> {
  const { vendorId, productId, serialNumber } = options
  for (const device of await usb.getDevices()) {
    if (vendorId !== undefined && device.vendorId !== vendorId) continue
    if (productId !== undefined && device.productId !== productId) continue
    if (serialNumber !== undefined && device.serialNumber !== serialNumber) continue
    for (const configuration of device.configurations) {
      const place = printerIn(configuration)
      if (place === undefined) continue
      await device.open()
      try {
        if (device.configuration?.configurationValue !== configuration.configurationValue)
          await device.selectConfiguration(configuration.configurationValue)
        await device.claimInterface(place.interfaceNumber)
      } catch (cause) {
        await device.close().catch(() => undefined)
        throw new CashdeskError('transport.claimed', { name, reason: reasonOf(cause) }, { cause })
      }
      return { device, ...place }
    }
  }
  throw new CashdeskError('transport.unreachable', { name, reason: 'no such printer is plugged in' })
}

/** Its first interface of the printer class that takes bytes. */
function printerIn(configuration: UsbConfiguration): Omit<Claimed, 'device'> | undefined {
  for (const { interfaceNumber, alternates } of configuration.interfaces) {
    const face = alternates.find(each => each.interfaceClass === PRINTER_CLASS && each.alternateSetting === 0)
    const bulk = (direction: string): number | undefined =>
      face?.endpoints.find(each => each.type === 'bulk' && each.direction === direction)?.endpointNumber
    const [out, answers] = [bulk('out'), bulk('in')]
    if (out !== undefined) return { interfaceNumber, out, ...(answers === undefined ? {} : { in: answers }) }
  }
  return undefined
}

class UsbConnection implements Connection {
  readonly #at: Claimed
  readonly #name: string
  readonly #listener: TransportListener
  #open = true
  #ours = false
  #writing: Promise<unknown> = Promise.resolve()
  /** What is under way and fails when the connection ends: the writes that nobody has answered. */
  readonly #failing: Set<(cause: CashdeskError) => void> = new Set()

  constructor(at: Claimed, name: string, listener: TransportListener) {
    this.#at = at
    this.#name = name
    this.#listener = listener
    if (at.in !== undefined) void this.#read(at.in)
  }

  write(bytes: Uint8Array): Promise<void> {
    const mine = this.#writing.then(() => this.#send(Uint8Array.from(bytes)))
    this.#writing = mine.catch(() => undefined)
    return new Promise((resolve, reject) => {
      this.#failing.add(reject)
      void mine.then(resolve, reject).then(() => this.#failing.delete(reject))
    })
  }

  async close(): Promise<void> {
    if (!this.#open) return
    this.#ours = true
    await this.#over()
  }

  async #send(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      if (!this.#open) throw lost(this.#name, 'ended')
      const { device, out } = this.#at
      let sent: number
      try {
        const result = await device.transferOut(out, bytes.slice(at, at + WRITE_BYTES), WRITE_TIMEOUT_MS)
        sent = result.status === 'stall' ? 0 : result.bytesWritten
      } catch (cause) {
        await this.#over(lost(this.#name, reasonOf(cause), cause))
        throw lost(this.#name, reasonOf(cause), cause)
      }
      if (sent <= 0) {
        // How much of the job it took is not known: nothing is sent again.
        const stalled = lost(this.#name, 'stalled')
        await this.#over(stalled)
        throw stalled
      }
      at += sent
    }
  }

  async #read(endpoint: number): Promise<void> {
    const { device } = this.#at
    let vain = 0
    while (this.#open) {
      try {
        const { data, status } = await device.transferIn(endpoint, READ_BYTES, READ_TIMEOUT_MS)
        vain = 0
        if (!this.#open) return
        if (status === 'stall') await device.clearHalt('in', endpoint)
        if (data !== undefined && data.byteLength > 0) this.#listener.data(bytesOf(data))
        else await paused(VAIN_PAUSE_MS)
      } catch (cause) {
        if (!this.#open) return
        // A printer that is silent lets the question time out: that is no trouble, however often.
        if (!/time|cancel/i.test(`${reasonOf(cause)} ${String(cause)}`)) vain += 1
        if (vain >= MAX_VAIN_READS) return void this.#over(lost(this.#name, reasonOf(cause), cause))
        await paused(VAIN_PAUSE_MS)
      }
    }
  }

  /** Ends it once, in bounded time even if the system does not answer. */
  async #over(cause?: CashdeskError): Promise<void> {
    if (!this.#open) return
    this.#open = false
    for (const fail of this.#failing) fail(cause ?? lost(this.#name, 'closed by us'))
    const { device, interfaceNumber } = this.#at
    const released = device
      .releaseInterface(interfaceNumber)
      .catch(() => undefined)
      .then(() => device.close())
      .catch(() => undefined)
    await waitAtMost(released, nodeTimer, CLOSE_MS)
    if (this.#ours) this.#listener.closed()
    else this.#listener.closed(cause)
  }
}

function paused(ms: number): Promise<void> {
  return new Promise(resolve => void nodeTimer(ms, resolve))
}

/** The listener may keep it: a copy. */
function bytesOf(data: DataView): Uint8Array {
  return Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
}
