// The devices of a till: opened in two parts, asked how they are, closed together. What they say goes to the core and to
// the register's listeners.
import type {
  CashdeskError,
  DeviceHealth,
  DevicePorts,
  NfcHost,
  NfcReader,
  Pinpad,
  Printer,
  Scan,
  Scanner,
  Terminal,
} from '@cashdesk/kernel'
import type { Listeners } from './listeners.ts'
import type { TillOptions } from './options.ts'

export interface TillDevicesOptions
  extends Pick<TillOptions, 'terminal' | 'printer' | 'pinpad' | 'scanner' | 'nfc'> {
  readonly ports: Omit<DevicePorts, 'healthChanged'>
  readonly listeners: Listeners
  readonly scanned: (scan: Scan) => void
}

export class TillDevices {
  readonly #options: TillDevicesOptions
  readonly #scanners: readonly Scanner[]
  readonly #readers: readonly NfcReader[]
  /** What does something, and what says something. */
  readonly #working: readonly (Terminal | Printer | Pinpad)[]

  constructor(options: TillDevicesOptions) {
    const { terminal, printer, pinpad, scanner, nfc } = options
    this.#options = options
    this.#scanners = scanner === undefined ? [] : [scanner].flat()
    this.#readers = nfc === undefined ? [] : [nfc].flat()
    this.#working = [terminal, printer, pinpad].filter(device => device !== undefined)
  }

  /** Terminal, printer and PIN pad: what an earlier run left open is asked of them. */
  async openWorking(): Promise<void> {
    const ports = this.#ports()
    await Promise.all(this.#working.map(device => device.open(ports)))
  }

  /** Scanners and readers, once the till takes what they say. */
  async openSaying(): Promise<void> {
    const { listeners, scanned } = this.#options
    const discarded = (error: CashdeskError): void => listeners.emit('refused', error.report)
    const host = { ...this.#ports(), discarded }
    const tapped: NfcHost['tapped'] = tap => listeners.emit('tap', tap)
    const removed: NfcHost['removed'] = gone => listeners.emit('removed', gone)
    await Promise.all([
      ...this.#scanners.map(scanner => scanner.open({ ...host, scanned })),
      ...this.#readers.map(reader => reader.open({ ...host, tapped, removed })),
    ])
  }

  health(): readonly DeviceHealth[] {
    return this.#all().map(device => device.health())
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#all().map(device => device.close()))
  }

  #all(): readonly (Scanner | Terminal | Printer | Pinpad | NfcReader)[] {
    return [...this.#scanners, ...this.#working, ...this.#readers]
  }

  #ports(): DevicePorts {
    const { ports, listeners } = this.#options
    return { ...ports, healthChanged: health => listeners.emit('health', health) }
  }
}
