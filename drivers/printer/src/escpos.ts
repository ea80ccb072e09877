// For users of the npm package `escpos`: an adapter for its `Printer` that prints through our transport, with our
// status check, queue and proof. Nothing of `escpos` is needed here.
import { CashdeskError, type ErrorReport, type Outcome, type PrinterStatus } from '@cashdesk/kernel'
import type { EscPosPrinter } from './driver.ts'
import { completed } from './escpos-commands.ts'

/** `null` when all is well; a `CashdeskError` whose `code` says what is not, `printer.no-answer` for "unknown". */
export type EscposCallback = (error: CashdeskError | null) => void

/** What `new escpos.Printer(adapter)` expects of an adapter. */
export interface EscposAdapter {
  /** Calls back when the printer answered, or with `printer.absent`. */
  open(callback?: EscposCallback): EscposAdapter
  /** One job: calls back when the printer said that it printed it, or with the reason why that is not known. */
  write(data: Uint8Array | string, callback?: EscposCallback): EscposAdapter
  /** Calls back when everything written before is settled, with the first trouble; the connection stays open. */
  close(callback?: EscposCallback, options?: unknown): EscposAdapter
}

/**
 * `const device = escposAdapter(tcpPrinter({ host })); new escpos.Printer(device)`. The printer must be open, and stays
 * its owner's: closing the adapter does not close it. Drawer pulses without their times are completed.
 */
export function escposAdapter(printer: EscPosPrinter): EscposAdapter {
  let pending: Promise<void> = Promise.resolve()
  let trouble: CashdeskError | null = null
  const settle = (outcome: Promise<Outcome<PrinterStatus>>, callback?: EscposCallback): void => {
    const mine = outcome.then(result => {
      const error = result.outcome === 'done' ? null : errorOf(result.error)
      trouble ??= error
      callback?.(error)
    })
    pending = Promise.all([pending, mine]).then(() => undefined)
  }
  const adapter: EscposAdapter = {
    open(callback) {
      trouble = null
      void printer.status().then(result => {
        const absent = result.outcome !== 'done' ? errorOf(result.error) : null
        callback?.(absent)
      })
      return adapter
    },
    write(data, callback) {
      const ready = completed(typeof data === 'string' ? latin(data) : data)
      settle(
        'error' in ready
          ? Promise.resolve({ outcome: 'refused', error: ready.error })
          : printer.printBytes(ready.bytes),
        callback,
      )
      return adapter
    },
    close(callback) {
      void pending.then(() => {
        callback?.(trouble)
        trouble = null
      })
      return adapter
    },
  }
  return adapter
}

function errorOf({ code, detail }: ErrorReport): CashdeskError {
  return new CashdeskError(code, detail)
}

function latin(text: string): Uint8Array {
  return Uint8Array.from(text, character => character.charCodeAt(0) & 0xff)
}
