// From a configuration's devices to drivers. The sdk knows no driver; this is the place that knows them all.

import type { NfcReader, Pinpad, Printer, Scanner, Terminal, Transport } from '@cashdesk/kernel'
import { CashdeskError } from '@cashdesk/kernel'
import { nfcReader } from '@cashdesk/nfc'
import { serialPinpad, tcpPinpad } from '@cashdesk/pinpad'
import { epson, epson32, epson48, type PrinterProfile, printer, star48, tcpPrinter } from '@cashdesk/printer'
import { hidScanner, serialScanner, tcpScanner } from '@cashdesk/scanner'
import type { Secret } from '@cashdesk/sdk'
import { zvtTerminal } from '@cashdesk/terminal'
import { fileTransport, serialTransport, spoolerTransport, usbTransport } from '@cashdesk/transport'
import type {
  FilePlace,
  NfcConfig,
  PinpadConfig,
  PrinterConfig,
  ScannerConfig,
  SerialPlace,
  SpoolerPlace,
  TerminalConfig,
  UsbPlace,
} from './config.ts'

const PROFILES = { epson, 'epson-48': epson48, 'epson-32': epson32, 'star-48': star48 } as const

export const PRINTER_PROFILES = ['epson', 'epson-48', 'epson-32', 'star-48'] as const

/** @throws CashdeskError `config.invalid` naming the field */
export function scannerOf(config: ScannerConfig): Scanner {
  if (config.kind === 'tcp') return tcpScanner(config)
  if (config.kind === 'hid') return hidScanner(config)
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
  const places = [rest.host, rest.serial].filter(place => place !== undefined)
  if (places.length !== 1)
    throw new CashdeskError('config.invalid', { field: 'host', reason: 'either host or serial' })
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

/** @throws CashdeskError `config.invalid` naming the field */
export function nfcOf({ kind, ...options }: NfcConfig): NfcReader {
  return nfcReader(options)
}

/** @throws CashdeskError `config.invalid` naming the field */
export function pinpadOf(config: PinpadConfig): Pinpad {
  if (config.kind === 'tcp') return tcpPinpad(config)
  const { kind, name, profile, blockFormat, timeouts, ...line } = config
  return serialPinpad({ ...config, transport: serialTransport(line) })
}

function wireOf(place: SerialPlace | UsbPlace | FilePlace | SpoolerPlace): Transport {
  if (place.kind === 'file') return fileTransport({ path: place.path })
  if (place.kind === 'usb') return usbTransport(place)
  if (place.kind === 'spooler') return spoolerTransport({ printer: place.printer })
  const { kind, ...line } = place
  return serialTransport({ ...line, name: `serial ${line.path}` })
}
