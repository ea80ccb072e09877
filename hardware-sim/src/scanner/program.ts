// The simulated barcode scanner as a program: options, accidents, and lines typed at its terminal.
import { CashdeskError } from '@cashdesk/kernel'
import { ALSO_PTY, HOST, wholeNumber, withPty } from '../options.ts'
import type { SimProgram } from '../program.ts'
import { terminatorOf } from './device.ts'
import { type ScannerSim, startScannerSim } from './scanner.ts'

const CODE = { name: 'code', type: 'text' } as const

export const SCANNER_PROGRAM: SimProgram = {
  name: 'scanner',
  summary: 'a barcode scanner on a serial line (over TCP); at a terminal, type codes to scan them',
  options: [
    { flag: 'port', text: 'TCP port to which the till connects (0 = any)', default: '0' },
    HOST,
    { flag: 'terminator', text: 'after each code: cr, lf, crlf, tab or none', default: 'cr' },
    { flag: 'aim', text: 'AIM identifier before each code: none, auto, or one like ]E0', default: 'none' },
    { flag: 'prefix', text: 'text before everything', default: '' },
    ALSO_PTY,
  ],
  accidents: [
    {
      name: 'scan',
      text: 'reads {code} (<GS> is FNC1), with {aim} and {terminator} if given',
      key: 's',
      value: CODE,
      preset: { code: '4006381333931' },
    },
    { name: 'garble', text: 'sends {code} as a noisy line delivers it', key: 'g', value: CODE },
    { name: 'cut-off', text: 'sends {code} up to {after} bytes, and no terminator', key: 'c', value: CODE },
    {
      name: 'flood',
      text: 'sends {bytes} without a terminator, or {codes} scans of {code} at once',
      key: 'f',
      value: { name: 'bytes', type: 'number' },
    },
    {
      name: 'swipe',
      text: 'sends the tracks {track1} and {track2} of a card, with check characters if {lrc}',
    },
    { name: 'split', text: 'sends {code} one byte a packet', key: 'b', value: CODE },
    {
      name: 'unplug',
      text: 'the cable is pulled: connections break, new ones are refused',
      key: 'u',
      off: { name: 'plug' },
    },
    { name: 'plug', text: 'the cable is back, on the same port', key: 'p' },
  ],
  start: async options => {
    const aim = options['aim'] ?? 'none'
    if (!/^(none|auto|\][A-Za-z][0-9A-Fa-f])$/.test(aim)) {
      throw new CashdeskError('sim.usage', { option: 'aim', value: aim.slice(0, 40) })
    }
    const sim = await startScannerSim({
      port: wholeNumber(options, 'port', 65_535),
      terminator: terminatorOf(options['terminator'] ?? 'cr'),
      aim,
      prefix: options['prefix'] ?? '',
      ...(options['host'] === undefined ? {} : { host: options['host'] }),
    })
    const typed = { text: 'type a code to scan it', line: (code: string) => scanTyped(sim, code) }
    return { ...(await withPty(sim, options['pty'])), typed }
  },
}

/** Scans what somebody typed; says what became of it. */
async function scanTyped(sim: ScannerSim, code: string): Promise<string> {
  return (await sim.scan(code)) === 0 ? 'nobody is connected' : `scanned ${code}`
}
