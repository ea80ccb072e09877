// One raw job through the spooler of Windows: the calls in their order, and what a queue says that makes a job pointless.
// Pure over the calls, so that the order is tested everywhere; node-spooler.ts makes them.
import { CashdeskError } from '@cashdesk/kernel'
import { lost } from './attempt.ts'

/** What the system answered, or the number of its error (`GetLastError`). */
export type Native<T> = { readonly value: T } | { readonly error: number }

/** The spooler's own functions (winspool.drv, winspool.h), as many as a raw job needs. */
export interface Spooler {
  /** `OpenPrinterW` */
  openPrinter(printer: string): Promise<Native<SpoolerHandle>>
  /** `GetPrinterW`, level 2 */
  getPrinter(handle: SpoolerHandle): Promise<Native<SpooledPrinter>>
  /** `GetPrinterDriverW`, level 8: is `PRINTER_DRIVER_XPS` among its attributes? */
  isXps(handle: SpoolerHandle): Promise<Native<boolean>>
  /** `StartDocPrinterW`; answers the number of the job. */
  startDoc(handle: SpoolerHandle, title: string, datatype: Datatype): Promise<Native<number>>
  startPage(handle: SpoolerHandle): Promise<Native<true>>
  /** `WritePrinter`; answers how many bytes it took. */
  write(handle: SpoolerHandle, bytes: Uint8Array): Promise<Native<number>>
  endPage(handle: SpoolerHandle): Promise<Native<true>>
  endDoc(handle: SpoolerHandle): Promise<Native<true>>
  /** `SetJobW` with `JOB_CONTROL_DELETE` */
  deleteJob(handle: SpoolerHandle, job: number): Promise<Native<true>>
  closePrinter(handle: SpoolerHandle): Promise<Native<true>>
  /** `EnumPrintersW`, level 2: of this machine, and connections of this user. */
  enumPrinters(): Promise<Native<readonly SpooledPrinter[]>>
}

/** A `HANDLE`; nobody looks inside. */
export type SpoolerHandle = { readonly handle: unknown }

/** `RAW` reaches the printer byte for byte; drivers made for XPS want the same under another name (KB 2779300). */
export type Datatype = 'RAW' | 'XPS_PASS'

/** A printer as the spooler lists it. */
export interface SpooledPrinter {
  readonly name: string
  /** `USB001`, `IP_10.0.0.9`, `FILE:` */
  readonly port: string
  readonly driver: string
  /** Jobs that wait in its queue. */
  readonly jobs: number
  /** `PRINTER_STATUS_*`, `PRINTER_ATTRIBUTE_*` of winspool.h. */
  readonly status: number
  readonly attributes: number
}

export interface JobTarget {
  readonly printer: string
  /** The transport's, for messages. */
  readonly name: string
  readonly title: string
}

/** A receipt is taken whole; only pictures need more than one piece. */
const WRITE_BYTES = 64 * 1024
/** Jobs that may wait in the queue: more means that nothing moves, and every one would be printed when it does. */
const MAX_QUEUED = 16
/** Most errors that a shop meets (winerror.h). */
const ERROR_WORDS: { readonly [error: number]: string } = {
  5: 'this user may not print on it',
  1722: 'the print spooler of Windows does not run',
  1801: 'Windows knows no printer of this name',
  1905: 'the printer was deleted',
}

/** `PRINTER_ATTRIBUTE_WORK_OFFLINE` */
const WORK_OFFLINE = 0x400
/** `PRINTER_STATUS_*`: states in which the spooler keeps a job, and prints it when somebody mends them. */
const DOOR_OPEN = 0x40_0000
/** `PAPER_OUT`, `PAPER_PROBLEM` */
const PAPER = 0x10 | 0x40
const TROUBLE: readonly (readonly [number, string])[] = [
  [0x1, 'its queue is paused'],
  [0x4, 'it is being deleted'],
  [0x8, 'paper jam'],
  [0x80, 'offline'],
  [0x1000, 'not available'],
  [0x10_0000, 'somebody must look after it'],
  [0x2, 'Windows reports an error'],
]

/** Why a job given to this queue now would wait in it and come out later, when nobody expects it. */
export function queueTrouble({ status, attributes, jobs }: SpooledPrinter): CashdeskError | undefined {
  if ((status & DOOR_OPEN) !== 0) return new CashdeskError('printer.cover-open')
  if ((status & PAPER) !== 0) return new CashdeskError('printer.paper-out')
  const reason =
    (attributes & WORK_OFFLINE) !== 0
      ? 'it is set to work offline'
      : TROUBLE.find(([flag]) => (status & flag) !== 0)?.[1]
  if (reason !== undefined) return new CashdeskError('printer.error', { reason })
  return jobs >= MAX_QUEUED ? new CashdeskError('printer.busy', { waiting: jobs }) : undefined
}

/** Is there a printer of this name, and may this user print on it? @throws CashdeskError `transport.unreachable` */
export async function assertPrinter(spooler: Spooler, printer: string, name: string): Promise<void> {
  await spooler.closePrinter(await opened(spooler, printer, name))
}

/**
 * Hands `bytes` over as one job. Resolves when the spooler has all of it, which says nothing about paper.
 * @throws CashdeskError `transport.unreachable`, `printer.paper-out`, `printer.cover-open`, `printer.error`, `printer.busy`:
 * the queue was given nothing; `transport.closed`: it broke off inside, and some of it may be printed.
 */
export async function rawJob(spooler: Spooler, to: JobTarget, bytes: Uint8Array): Promise<void> {
  const handle = await opened(spooler, to.printer, to.name)
  try {
    const queue = await spooler.getPrinter(handle)
    const trouble = 'value' in queue ? queueTrouble(queue.value) : undefined
    if (trouble !== undefined) throw trouble
    const xps = await spooler.isXps(handle)
    const datatype = 'value' in xps && xps.value ? 'XPS_PASS' : 'RAW'
    const job = await spooler.startDoc(handle, to.title, datatype)
    if ('error' in job) throw unreachable(to.name, job.error)
    const error = await filled(spooler, handle, bytes)
    if (error === undefined) return
    await spooler.deleteJob(handle, job.value)
    throw lost(to.name, wordsOf(error))
  } finally {
    await spooler.closePrinter(handle)
  }
}

/** The job from its first byte to its end; the error if one of the calls failed. */
async function filled(
  spooler: Spooler,
  handle: SpoolerHandle,
  bytes: Uint8Array,
): Promise<number | undefined> {
  const started = await spooler.startPage(handle)
  if ('error' in started) return started.error
  for (let at = 0; at < bytes.length; ) {
    const written = await spooler.write(handle, bytes.subarray(at, at + WRITE_BYTES))
    if ('error' in written) return written.error
    // It took nothing, and would take nothing for ever.
    if (written.value <= 0) return 0
    at += written.value
  }
  for (const ended of [await spooler.endPage(handle), await spooler.endDoc(handle)]) {
    if ('error' in ended) return ended.error
  }
  return undefined
}

async function opened(spooler: Spooler, printer: string, name: string): Promise<SpoolerHandle> {
  const handle = await spooler.openPrinter(printer)
  if ('error' in handle) throw unreachable(name, handle.error)
  return handle.value
}

/** What the number of an error means. */
export function wordsOf(error: number): string {
  return ERROR_WORDS[error] ?? `Windows error ${error}`
}

function unreachable(name: string, error: number): CashdeskError {
  return new CashdeskError('transport.unreachable', { name, reason: wordsOf(error) })
}
