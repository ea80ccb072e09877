// What a scanner in HID POS mode sends: its report descriptor and its reports. Own tables: two descriptors as scanners
// are known to give them (HID Point of Sale Usage Tables 1.02), and how each fills its reports.
import { EventEmitter } from 'node:events'
import { CashdeskError } from '@cashdesk/kernel'

export type HidModel = 'counted' | 'padded'

interface Model {
  /** As the device gives it, in hexadecimal. */
  readonly descriptor: string
  readonly reportBytes: number
  readonly dataAt: number
}

const MODELS: { readonly [model in HidModel]: Model } = {
  // A byte count, three identifier bytes as one field, 56 buffered bytes, the continued bit.
  counted: {
    descriptor:
      '058c0902a101850209 12a102150026ff0075089501 0501093b8102 9503058c09fb09fc09fd8102 953809fe820201' +
      '25017501950109ff8102 75078103 c0c0',
    reportBytes: 62,
    dataAt: 5,
  },
  // Three identifier fields, 56 buffered bytes, the continued bit; no count.
  padded: {
    descriptor:
      '058c0902a1018502150026ff007508950109fb810209fc810209fd8102953809fe82020175019501250109ff810275078103c0',
    reportBytes: 61,
    dataAt: 4,
  },
}

/** Bytes of a code in one report of either model. */
const PIECE = 56
const REPORT_ID = 2

export function hidDescriptor(model: HidModel): Uint8Array {
  return Uint8Array.from(Buffer.from(MODELS[model].descriptor.replaceAll(' ', ''), 'hex'))
}

/** The reports of one code. `<GS>` stands for FNC1. @throws CashdeskError `sim.usage` */
export function hidReports(
  code: string,
  how: { readonly model: HidModel; readonly aim?: string },
): readonly Uint8Array[] {
  const data = new TextEncoder().encode(code.replaceAll('<GS>', '\x1d'))
  if (data.length === 0) throw new CashdeskError('sim.usage', { reason: 'an empty code' })
  const { reportBytes, dataAt } = MODELS[how.model]
  const pieces = Math.ceil(data.length / PIECE)
  return Array.from({ length: pieces }, (_, index) => {
    const piece = data.subarray(index * PIECE, (index + 1) * PIECE)
    const report = new Uint8Array(reportBytes)
    report[0] = REPORT_ID
    if (how.model === 'counted') report[1] = piece.length
    report.set(new TextEncoder().encode(how.aim ?? '').subarray(0, 3), dataAt - 3)
    report.set(piece, dataAt)
    report[reportBytes - 1] = index < pieces - 1 ? 1 : 0
    return report
  })
}

/** An open simulated device, as `node-hid` hands it out: emits `data` and `error`. */
export type OpenHid = EventEmitter & { write(report: number[]): Promise<number>; close(): Promise<void> }

/** A device of the bus, as `node-hid` lists it. */
export interface ListedHid {
  readonly path: string
  readonly vendorId: number
  readonly productId: number
  readonly usagePage: number
  readonly usage: number
}

/** What `node-hid` gives a program, with simulated scanners on the bus. */
export class HidBus {
  readonly #open: Map<string, EventEmitter> = new Map()
  readonly #devices: Map<string, ListedHid> = new Map()

  /** In the shape of the package. */
  readonly module: {
    devicesAsync(): Promise<readonly ListedHid[]>
    readonly HIDAsync: { open(path: string): Promise<OpenHid> }
  } = {
    devicesAsync: async () => [...this.#devices.values()],
    HIDAsync: { open: async path => this.#opened(path) },
  }

  /** Plugs a scanner in, with usage page 1 and usage 6 a keyboard, with page 0x8E and usage 1 a stripe reader. */
  plug(path: string, usagePage = 0x8c, usage = 2, vendorId = 0x0c2e): void {
    this.#devices.set(path, { path, vendorId, productId: 0x0b61, usagePage, usage })
  }

  /** Pulls it out: whoever reads it gets an error. */
  unplug(path: string): void {
    this.#devices.delete(path)
    const open = this.#open.get(path)
    this.#open.delete(path)
    open?.emit('error', new CashdeskError('sim.usage', { reason: 'could not read from HID device' }))
  }

  /** Nobody hears it if the device is not open. */
  send(path: string, report: Uint8Array): void {
    this.#open.get(path)?.emit('data', report)
  }

  #opened(path: string): OpenHid {
    if (!this.#devices.has(path)) throw new CashdeskError('sim.usage', { reason: 'cannot open device' })
    const emitter = new EventEmitter()
    this.#open.set(path, emitter)
    return Object.assign(emitter, {
      write: async (report: number[]) => report.length,
      close: async () => void this.#open.delete(path),
    })
  }
}
