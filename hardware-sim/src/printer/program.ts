// The simulated receipt printer as a program: its options and accidents in words.
import { ALSO_PTY, HOST, oneOf, wholeNumber, withPty } from '../options.ts'
import type { SimProgram } from '../program.ts'
import { startPrinterSim } from './printer.ts'

export const PRINTER_PROGRAM: SimProgram = {
  name: 'printer',
  summary: 'a receipt printer (ESC/POS over TCP) that draws what it prints as PNG and text',
  options: [
    { flag: 'port', text: 'TCP port, on real printers 9100 (0 = any)', default: '0' },
    HOST,
    ALSO_PTY,
    { flag: 'out', text: 'folder for receipt-0001.png, .txt and .json' },
    { flag: 'paper', text: 'width of the paper in mm: 80 (48 columns) or 58 (32 columns)', default: '80' },
    {
      flag: 'pin3-when-open',
      text: 'level of drawer pin 3 with the drawer open: high or low',
      default: 'high',
    },
    { flag: 'show', text: 'yes: write each receipt as text to stderr', default: 'no' },
  ],
  // Each of them also happens later, with {afterBytes}: when so many more bytes were received.
  accidents: [
    {
      name: 'paper-out',
      text: 'the paper ends, now or {afterLines}; what was sent stays in the buffer',
      key: 'p',
      value: { name: 'afterLines', type: 'number' },
      off: { name: 'paper-in' },
    },
    { name: 'paper-in', text: 'a new roll: prints on' },
    { name: 'near-end', text: 'the roll is nearly used up', key: 'n', off: { name: 'paper-in' } },
    { name: 'cover-open', text: 'someone opens the cover', key: 'c', off: { name: 'cover-close' } },
    { name: 'cover-close', text: 'someone closes the cover: prints on' },
    {
      name: 'cutter-error',
      text: 'the knife jams, now or {when: "next-cut"}',
      key: 'k',
      value: { name: 'when', type: 'text' },
      off: { name: 'cutter-freed' },
    },
    { name: 'cutter-freed', text: 'the knife moves again' },
    { name: 'offline', text: 'switched off-line', key: 'o', off: { name: 'online' } },
    { name: 'online', text: 'switched on-line again: prints on' },
    {
      name: 'power-cycle',
      text: 'off and, after {offMs}, on: buffer and modes are lost, and the link but for {keepLine: true}',
      key: 'x',
      value: { name: 'offMs', type: 'number' },
    },
    {
      name: 'lose-link',
      text: 'the connection breaks; like every accident also {afterBytes} later',
      key: 'l',
      value: { name: 'afterBytes', type: 'number' },
    },
    {
      name: 'silent',
      text: 'prints, but answers nothing, until {off: true}',
      key: 'm',
      off: { name: 'silent', args: { off: true } },
    },
    {
      name: 'slow',
      text: 'every line takes {msPerLine} (100; 0 is fast again): written is not yet printed',
      key: 's',
      value: { name: 'msPerLine', type: 'number' },
      off: { name: 'slow', args: { msPerLine: 0 } },
    },
    {
      name: 'drawer-open',
      text: 'someone opens the drawer with the key',
      key: 'd',
      off: { name: 'drawer-close' },
    },
    { name: 'drawer-close', text: 'someone closes the drawer' },
    { name: 'tear-off', text: 'someone tears off what is printed and not cut', key: 't' },
  ],
  start: async options => {
    const show = oneOf(options, 'show', ['no', 'yes']) === 'yes'
    const out = options['out']
    const sim = await startPrinterSim({
      port: wholeNumber(options, 'port', 65_535),
      paperDots: oneOf(options, 'paper', ['80', '58']) === '80' ? 576 : 384,
      pin3WhenOpen: oneOf(options, 'pin3-when-open', ['high', 'low']),
      ...(options['host'] === undefined ? {} : { host: options['host'] }),
      ...(out === undefined ? {} : { out }),
      ...(show ? { onReceipt: receipt => void process.stderr.write(`\n${receipt.text}\n\n`) } : {}),
    })
    // A link that breaks takes the device file with it.
    return await withPty(sim, options['pty'])
  },
}
