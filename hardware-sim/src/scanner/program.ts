// The simulated barcode scanner as a program: options, accidents, and lines typed at its terminal.
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { CashdeskError } from '@cashdesk/kernel'
import { type SimProgram, wholeNumber } from '../program.ts'
import { terminatorOf } from './device.ts'
import { openPty } from './pty.ts'
import { type ScannerSim, startScannerSim } from './scanner.ts'

export const SCANNER_PROGRAM: SimProgram = {
  name: 'scanner',
  summary: 'a barcode scanner on a serial line (over TCP); at a terminal, type codes to scan them',
  options: [
    { flag: 'port', text: 'TCP port to which the till connects (0 = any)', default: '0' },
    { flag: 'host', text: 'address to listen on', default: '127.0.0.1' },
    { flag: 'terminator', text: 'after each code: cr, lf, crlf, tab or none', default: 'cr' },
    { flag: 'aim', text: 'AIM identifier before each code: none, auto, or one like ]E0', default: 'none' },
    { flag: 'prefix', text: 'text before everything', default: '' },
    { flag: 'pty', text: 'also be a serial device at this path (needs socat or python3; not on Windows)' },
  ],
  accidents: [
    { name: 'scan', text: 'reads {code} (<GS> is FNC1), with {aim} and {terminator} if given' },
    { name: 'garble', text: 'sends {code} as a noisy line delivers it' },
    { name: 'cut-off', text: 'sends {code} up to {after} bytes, and no terminator' },
    { name: 'flood', text: 'sends {bytes} without a terminator, or {codes} scans of {code} at once' },
    { name: 'split', text: 'sends {code} one byte a packet' },
    { name: 'unplug', text: 'the cable is pulled: connections break, new ones are refused' },
    { name: 'plug', text: 'the cable is back, on the same port' },
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
    const stop = process.stdin.isTTY ? scanTypedLines(sim, process.stdin, process.stderr) : () => undefined
    const path = options['pty']
    if (path === undefined) return { ...sim, close: () => ending(stop, sim) }
    try {
      const pty = await openPty(path, sim.port)
      return {
        ...sim,
        ports: { ...sim.ports, pty: pty.path },
        close: async () => {
          await pty.close()
          await ending(stop, sim)
        },
      }
    } catch (thrown) {
      await ending(stop, sim)
      throw thrown
    }
  },
}

/** Every line of `input` is a scan; says on `output` what became of it. Returns how to stop. */
export function scanTypedLines(sim: ScannerSim, input: Readable, output: Writable): () => void {
  const lines = createInterface({ input, terminal: false })
  lines.on('line', line => {
    const code = line.trim()
    if (code === '') return
    void sim.scan(code).then(
      sentTo => output.write(sentTo === 0 ? 'nobody is connected\n' : `scanned ${code}\n`),
      (thrown: unknown) => output.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`),
    )
  })
  return () => lines.close()
}

async function ending(stop: () => void, sim: ScannerSim): Promise<void> {
  stop()
  await sim.close()
}
