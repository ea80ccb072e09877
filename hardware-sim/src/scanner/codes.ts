// What a barcode scanner sends for a code: prefix, AIM symbology identifier, data, terminator. Facts: AIM
// identifiers after ISO/IEC 15424; FNC1 inside the data is sent as GS (1Dh).
import { CashdeskError } from '@cashdesk/kernel'

export type Terminator = 'cr' | 'lf' | 'crlf' | 'tab' | 'none'

export const TERMINATORS: { readonly [name in Terminator]: string } = {
  cr: '\r',
  lf: '\n',
  crlf: '\r\n',
  tab: '\t',
  none: '',
}

/** No symbology holds more: QR takes 7089 digits. */
const CODE_LIMIT = 7089

export interface Sending {
  /** In front of everything, as some scanners are set up to. */
  readonly prefix: string
  /** `]E0`; `auto` chooses by the look of the code; `none` sends none. */
  readonly aim: string
  readonly terminator: Terminator
}

/** The bytes of one scan. `<GS>` in `code` stands for FNC1. @throws CashdeskError `sim.usage` */
export function scanBytes(code: string, sending: Sending): Uint8Array {
  if (code.length === 0 || code.length > CODE_LIMIT) {
    throw new CashdeskError('sim.usage', { code: code.slice(0, 40), length: code.length, max: CODE_LIMIT })
  }
  const data = code.replaceAll('<GS>', '\x1d')
  const aim = sending.aim === 'none' ? '' : sending.aim === 'auto' ? aimOf(data) : sending.aim
  return new TextEncoder().encode(sending.prefix + aim + data + TERMINATORS[sending.terminator])
}

/** The identifier a scanner would send for data like these. */
export function aimOf(data: string): string {
  if (/^\d{8}$/.test(data)) return ']E4'
  if (/^\d{12,13}$/.test(data)) return ']E0'
  if (/^\d{14}$/.test(data)) return ']I1'
  if (data.includes('\x1d') || /^01\d{14}/.test(data)) return ']d2'
  if (/^https?:/.test(data)) return ']Q1'
  return ']C0'
}
