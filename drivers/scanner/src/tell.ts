// How what a session found is told to the till.
import { CashdeskError, type ScannerHost } from '@cashdesk/kernel'
import type { ScanEvent } from './text.ts'

export function tellHost(event: ScanEvent, host: ScannerHost, source: string): void {
  if (event.kind === 'scan') {
    const { text, aim, stripe } = event
    host.scanned({
      text,
      ...(aim === undefined ? {} : { aim }),
      ...(stripe === undefined ? {} : { stripe }),
      source,
      at: host.clock.now(),
    })
  } else {
    const detail = 'maskedPan' in event ? { card: event.maskedPan } : { bytes: event.bytes }
    host.discarded(new CashdeskError(event.code, { source, ...detail }))
  }
}
