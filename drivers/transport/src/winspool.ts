// The functions of winspool.drv through `koffi`: their signatures and structures as tables (winspool.h), each called on a
// thread of its own, for a printer on another machine may keep its caller waiting for half a minute.
import type { Native, SpooledPrinter, Spooler, SpoolerHandle } from './spooler.ts'

/** As much of the package `koffi` as is needed. */
export interface KoffiModule {
  load(path: string): {
    func(convention: string, name: string, result: string, args: unknown[]): NativeFunction
  }
  struct(members: Record<string, string>): unknown
  pointer(type: unknown): unknown
  sizeof(type: unknown): number
  decode(from: Uint8Array, offset: number, type: unknown): unknown
}

interface NativeFunction {
  (...args: readonly unknown[]): unknown
  async(...args: readonly unknown[]): void
}

const DOC_INFO_1 = { title: 'str16', file: 'str16', datatype: 'str16' }

const PRINTER_INFO_2 = {
  server: 'str16',
  name: 'str16',
  share: 'str16',
  port: 'str16',
  driver: 'str16',
  comment: 'str16',
  location: 'str16',
  devMode: 'void *',
  separator: 'str16',
  processor: 'str16',
  datatype: 'str16',
  parameters: 'str16',
  security: 'void *',
  attributes: 'uint32_t',
  priority: 'uint32_t',
  defaultPriority: 'uint32_t',
  start: 'uint32_t',
  until: 'uint32_t',
  status: 'uint32_t',
  jobs: 'uint32_t',
  pagesPerMinute: 'uint32_t',
}

/** Up to the attributes; what comes before them is stepped over. */
const DRIVER_INFO_8 = {
  version: 'uint32_t',
  ...Object.fromEntries(Array.from({ length: 10 }, (_, place) => [`before${place}`, 'void *'])),
  date: 'uint64_t',
  driverVersion: 'uint64_t',
  ...Object.fromEntries(Array.from({ length: 8 }, (_, place) => [`behind${place}`, 'void *'])),
  attributes: 'uint32_t',
}

const HANDLE = 'void *'
const DWORD = 'uint32_t'
const OUT_DWORD = '_Out_ uint32_t *'

/** `ERROR_INSUFFICIENT_BUFFER`: it says how much it needs. */
const TOO_SMALL = 122
/** `PRINTER_ENUM_LOCAL`, `PRINTER_ENUM_CONNECTIONS` */
const LOCAL_AND_CONNECTIONS = 0x2 | 0x4
/** `PRINTER_DRIVER_XPS` */
const DRIVER_XPS = 0x2
/** `JOB_CONTROL_DELETE` */
const DELETE_JOB = 5
/** A thousand printers need less; a system that wants more is not believed. */
const MAX_LIST_BYTES = 4 * 1024 * 1024

/** @throws whatever `koffi` says when winspool.drv is not there */
export function winspool(koffi: KoffiModule): Spooler {
  const call = callsOf(koffi)
  const info = koffi.struct(PRINTER_INFO_2)
  const driver = koffi.struct(DRIVER_INFO_8)
  const at = ({ handle }: SpoolerHandle): unknown => handle
  return {
    async openPrinter(printer) {
      const handle: unknown[] = [null]
      return then(await call('OpenPrinterW', printer, handle, null), () => ({ handle: handle[0] }))
    },
    async getPrinter(handle) {
      const list = await sized((bytes, length, needed) =>
        call('GetPrinterW', at(handle), 2, bytes, length, needed),
      )
      return then(list, ({ bytes }) => printerOf(koffi.decode(bytes, 0, info)))
    },
    async isXps(handle) {
      const list = await sized((bytes, length, needed) =>
        call('GetPrinterDriverW', at(handle), null, 8, bytes, length, needed),
      )
      return then(list, ({ bytes }) => {
        const { attributes } = Object(koffi.decode(bytes, 0, driver))
        return (Number(attributes) & DRIVER_XPS) !== 0
      })
    },
    async startDoc(handle, title, datatype) {
      return call('StartDocPrinterW', at(handle), 1, { title, file: null, datatype })
    },
    startPage: async handle => then(await call('StartPagePrinter', at(handle)), () => true),
    async write(handle, bytes) {
      const written = [0]
      const answer = await call('WritePrinter', at(handle), bytes, bytes.length, written)
      return then(answer, () => written[0] ?? 0)
    },
    endPage: async handle => then(await call('EndPagePrinter', at(handle)), () => true),
    endDoc: async handle => then(await call('EndDocPrinter', at(handle)), () => true),
    deleteJob: async (handle, job) =>
      then(await call('SetJobW', at(handle), job, 0, null, DELETE_JOB), () => true),
    closePrinter: async handle => then(await call('ClosePrinter', at(handle)), () => true),
    async enumPrinters() {
      const list = await sized((bytes, length, needed, count) =>
        call('EnumPrintersW', LOCAL_AND_CONNECTIONS, null, 2, bytes, length, needed, count),
      )
      return then(list, ({ bytes, count }) =>
        Array.from({ length: count }, (_, place) =>
          printerOf(koffi.decode(bytes, place * koffi.sizeof(info), info)),
        ),
      )
    },
  }
}

type Call = (name: string, ...args: readonly unknown[]) => Promise<Native<number>>

/** Zero means that it failed, with all of them; why, is asked at once, on the same thread's behalf. */
function callsOf(koffi: KoffiModule): Call {
  const library = koffi.load('winspool.drv')
  const lastError = koffi.load('kernel32.dll').func('__stdcall', 'GetLastError', DWORD, [])
  const document = koffi.pointer(koffi.struct(DOC_INFO_1))
  const list = ['void *', DWORD, OUT_DWORD]
  const functions: { readonly [name: string]: NativeFunction } = Object.fromEntries(
    Object.entries({
      OpenPrinterW: ['str16', '_Out_ void **', 'void *'],
      GetPrinterW: [HANDLE, DWORD, ...list],
      GetPrinterDriverW: [HANDLE, 'void *', DWORD, ...list],
      StartDocPrinterW: [HANDLE, DWORD, document],
      StartPagePrinter: [HANDLE],
      WritePrinter: [HANDLE, 'void *', DWORD, OUT_DWORD],
      EndPagePrinter: [HANDLE],
      EndDocPrinter: [HANDLE],
      SetJobW: [HANDLE, DWORD, DWORD, 'void *', DWORD],
      ClosePrinter: [HANDLE],
      EnumPrintersW: [DWORD, 'void *', DWORD, ...list, OUT_DWORD],
    }).map(([name, args]) => [name, library.func('__stdcall', name, DWORD, args)]),
  )
  return (name, ...args) =>
    new Promise((resolve, reject) => {
      functions[name]?.async(...args, (error: unknown, result: unknown) => {
        if (error !== null && error !== undefined) reject(error)
        else if (result === 0) resolve({ error: Number(lastError()) })
        else resolve({ value: Number(result) })
      })
    })
}

interface Listed {
  readonly bytes: Uint8Array
  readonly count: number
}

/** Asks how much room is needed, then with that much; once more, for a printer may have come in between. */
async function sized(
  ask: (
    bytes: Uint8Array | null,
    length: number,
    needed: number[],
    count: number[],
  ) => Promise<Native<number>>,
): Promise<Native<Listed>> {
  let bytes: Uint8Array | null = null
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const [needed, count] = [[0], [0]]
    const answer = await ask(bytes, bytes?.length ?? 0, needed, count)
    if ('value' in answer) return { value: { bytes: bytes ?? new Uint8Array(), count: count[0] ?? 0 } }
    const wanted = needed[0] ?? 0
    if (answer.error !== TOO_SMALL || wanted > MAX_LIST_BYTES) return answer
    bytes = new Uint8Array(wanted)
  }
  return { error: TOO_SMALL }
}

function then<A, B>(answer: Native<A>, value: (from: A) => B): Native<B> {
  return 'value' in answer ? { value: value(answer.value) } : answer
}

function printerOf(decoded: unknown): SpooledPrinter {
  const { name, port, driver, jobs, status, attributes } = Object(decoded)
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  return {
    name: text(name),
    port: text(port),
    driver: text(driver),
    jobs: Number(jobs),
    status: Number(status),
    attributes: Number(attributes),
  }
}
