// From a configuration's devices to drivers. The sdk knows no driver; this is the place that knows them all.
import type { Printer, Scanner, Terminal, Transport } from '@cashdesk/kernel'
import { epson, epson32, epson48, type PrinterProfile, printer, tcpPrinter } from '@cashdesk/printer'
import { serialScanner, tcpScanner } from '@cashdesk/scanner'
import type { Secret } from '@cashdesk/sdk'
import { zvtTerminal } from '@cashdesk/terminal'
import { fileTransport, serialTransport } from '@cashdesk/transport'
import type { FilePlace, PrinterConfig, ScannerConfig, SerialPlace, TerminalConfig } from './config.ts'

const PROFILES = { epson, 'epson-48': epson48, 'epson-32': epson32 } as const

export const PRINTER_PROFILES = ['epson', 'epson-48', 'epson-32'] as const

/** @throws CashdeskError `config.invalid` naming the field */
export function scannerOf(config: ScannerConfig): Scanner {
  if (config.kind === 'tcp') return tcpScanner(config)
  const { kind, ...serial } = config
  // The line keeps its own name for messages; `name` is the scanner's.
  const { name, ...line } = serial
  return serialScanner({ ...serial, transport: serialTransport(line) })
}

/** @throws CashdeskError `config.invalid` naming the field, `config.secret`, `value.currency` */
export function terminalOf(
  config: TerminalConfig,
  currency: string,
  resolve: (secret: Secret) => string,
): Terminal {
  const { kind, password, ...rest } = config
  return zvtTerminal({ ...rest, currency, ...(password ? { password: resolve(password) } : {}) })
}

/** @throws CashdeskError `config.invalid` naming the field */
export function printerOf(config: PrinterConfig): Printer {
  const { profile, answers, ...rest } = config
  const known = PROFILES[profile ?? 'epson']
  const model: PrinterProfile = answers === undefined ? known : { ...known, answers }
  if (rest.kind === 'tcp') return tcpPrinter({ ...rest, profile: model })
  return printer({ ...rest, profile: model, transport: wireOf(rest) })
}

function wireOf(place: SerialPlace | FilePlace): Transport {
  if (place.kind === 'file') return fileTransport({ path: place.path })
  const { kind, ...line } = place
  return serialTransport({ ...line, name: `serial ${line.path}` })
}
