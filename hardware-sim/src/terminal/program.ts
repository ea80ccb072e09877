// The simulated payment terminal as a program: `terminal --port 20007 --dir books`.
import { join } from 'node:path'
import { CashdeskError } from '@cashdesk/kernel'
import { HOST, oneOf, wholeNumber } from '../options.ts'
import type { SimProgram } from '../program.ts'
import { TERMINAL_ACCIDENTS, TERMINAL_MOMENTS } from './accident-table.ts'
import { CARDS } from './cards.ts'
import { LINE_ACCIDENTS } from './line-accidents.ts'
import { framed } from './slips.ts'
import { startTerminalSim } from './terminal.ts'

export const TERMINAL_PROGRAM: SimProgram = {
  name: 'terminal',
  summary: 'a payment terminal that speaks ZVT (TCP or serial) and keeps its own books',
  options: [
    { flag: 'port', text: 'TCP port (0 = any; real terminals use 20007)', default: '0' },
    HOST,
    {
      flag: 'pty',
      text: 'a serial device at this path instead of TCP (needs socat or python3; not on Windows)',
    },
    {
      flag: 'serial-over-tcp',
      text: 'the serial framing on the TCP port, as a device server brings it',
      bare: true,
    },
    { flag: 't2-ms', text: 'serial line: wait for ACK before a repeat', default: '5000' },
    { flag: 'dir', text: 'directory that keeps its books between runs' },
    { flag: 'books', text: 'file that keeps its books, instead of --dir' },
    { flag: 'card', text: `the customer’s card: ${Object.keys(CARDS).join(', ')}`, default: 'girocard' },
    { flag: 'speed', text: 'stretches a payment’s 300 ms by this factor; 0 for tests', default: '1' },
    { flag: 'password', text: 'six digits', default: '000000' },
    { flag: 'answer-ms', text: 'wait for the word on 04 0F and on each print command', default: '30000' },
    { flag: 'repeat-ms', text: 'wait between 84 9C and the next 04 0F', default: '2000' },
    { flag: 'reversal-ms', text: 'how long an auto-reversal keeps it busy', default: '0' },
    {
      flag: 'repeat-shows',
      text: '06 20 after an auto-reversal: reversed, original, previous',
      default: 'reversed',
    },
    { flag: 'tid', text: 'terminal id, eight digits', default: '52500041' },
    { flag: 'currency', text: 'ISO 4217 number, three digits; 978 is EUR', default: '978' },
    { flag: 'unregistered', text: 'a payment before any 06 00: refuse (84 6B) or take', default: 'refuse' },
    { flag: 'show', text: 'yes: writes every piece of paper to stderr, whoever prints it', default: 'no' },
    { flag: 'behaviour', text: 'accident to begin with', default: 'approve' },
  ],
  accidents: [...TERMINAL_ACCIDENTS, ...TERMINAL_MOMENTS, ...LINE_ACCIDENTS],
  async start(options) {
    const books = options['books'] ?? (options['dir'] && join(options['dir'], 'terminal-books.json'))
    const pty = options['pty']
    const line = { t2Ms: wholeNumber({ 't2-ms': '5000', ...options }, 't2-ms', 60_000) }
    return await startTerminalSim({
      ...(options['serial-over-tcp'] === 'yes' || pty !== undefined ? { serial: line } : {}),
      ...(pty === undefined ? {} : { pty }),
      port: wholeNumber(options, 'port', 65_535),
      host: options['host'] ?? '127.0.0.1',
      card: options['card'] ?? 'girocard',
      speed: factor(options['speed'] ?? '1'),
      password: options['password'] ?? '000000',
      answerMs: wholeNumber(options, 'answer-ms', 600_000),
      repeatMs: wholeNumber(options, 'repeat-ms', 600_000),
      reversalMs: wholeNumber(options, 'reversal-ms', 600_000),
      repeatShows: oneOf(options, 'repeat-shows', ['reversed', 'original', 'previous']),
      behaviour: { name: options['behaviour'] ?? 'approve' },
      unregistered: oneOf(options, 'unregistered', ['refuse', 'take']),
      terminalId: options['tid'] ?? '52500041',
      currency: options['currency'] ?? '978',
      ...(oneOf(options, 'show', ['no', 'yes']) === 'yes' && {
        onSlip: slip => void process.stderr.write(`\n${framed(slip)}\n`),
      }),
      ...(books !== undefined && { books }),
    })
  },
}

function factor(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= 1_000)) {
    throw new CashdeskError('sim.usage', { option: 'speed', value: text.slice(0, 40) })
  }
  return value
}
