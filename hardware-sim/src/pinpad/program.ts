// The simulated PIN pad as a program: options, accidents, and the keys of its keypad.
import { ALSO_PTY, HOST, type OptionTexts, oneOf, wholeNumber, withPty } from '../options.ts'
import type { SimProgram } from '../program.ts'
import type { SimAccident } from '../switches.ts'
import { type PinpadSimOptions, startPinpadSim } from './pinpad.ts'

/** Ends a state of the line. */
const once = (name: string): { name: string; args: { times: number } } => ({ name, args: { times: 0 } })
/** Where it is switched on to stay. */
const ALWAYS = { times: 1_000_000 }
const SOME = { name: 'times', type: 'number' } as const

/** The keys of the pad. Which digit it was is not for the screen. */
const KEYPAD: readonly SimAccident[] = [
  ...[...'0123456789'].map(digit => key(`key-${digit}`, digit, digit, `the digit ${digit}`)),
  key('key-enter', 'e', 'E', 'enter'),
  key('key-clear', 'c', 'C', 'clear'),
  key('key-cancel', 'x', 'X', 'cancel'),
]

const ACCIDENTS: readonly SimAccident[] = [
  {
    name: 'press',
    text: 'presses {keys}: digits, E enter, C clear, X cancel',
    value: { name: 'keys', type: 'text' },
    hidden: true,
  },
  spoiling('bad-lrc', 'b', 'the check of its next {times} answers is wrong'),
  spoiling('nak', 'n', 'refuses the next {times} packets'),
  spoiling('silence', 's', 'does not hear the next {times} packets'),
  spoiling('repeat', 'r', 'sends its next {times} answers twice'),
  spoiling('half', 'h', 'stops in the middle of its next {times} answers'),
  spoiling('noise', 'i', 'noise on the line before its next {times} answers'),
  spoiling('cut', 't', 'the line breaks in the middle of its next {times} answers'),
  {
    name: 'slow',
    text: 'one byte every {ms}; 0 ends it',
    key: 'l',
    value: { name: 'ms', type: 'number' },
    off: { name: 'slow', args: { ms: 0 } },
  },
  { name: 'wrong-ksn', text: 'uses the last key once more', key: 'k' },
  { name: 'tamper', text: 'somebody opens it: its keys are gone for good' },
  {
    name: 'unplug',
    text: 'the cable is pulled, with its power; what was typed is gone',
    key: 'u',
    off: { name: 'plug' },
  },
  { name: 'plug', text: 'the cable is back, on the same port' },
  { name: 'recover', text: 'ends what spoils the line' },
]

export const PINPAD_PROGRAM: SimProgram = {
  name: 'pinpad',
  summary: 'a PIN-entry pad on a serial line (over TCP) that encrypts what is typed',
  options: [
    { flag: 'port', text: 'TCP port to which the till connects (0 = any)', default: '0' },
    HOST,
    ALSO_PTY,
    { flag: 'vendor', text: 'verifone or uic', default: 'verifone' },
    { flag: 'scheme', text: 'dukpt or master-session', default: 'dukpt' },
    { flag: 'cipher', text: 'tdes or aes (format 4)', default: 'tdes' },
    { flag: 'format', text: 'of 8-byte blocks: iso-0 or iso-3', default: 'iso-0' },
    { flag: 'counter', text: 'number of the first key (DUKPT)', default: '1' },
    { flag: 'entry-ms', text: 'time for the customer', default: '60000' },
    { flag: 'pin', text: 'a test PIN that is typed whenever it asks' },
  ],
  accidents: [...KEYPAD, ...ACCIDENTS],
  start: async options => {
    // Whoever presses its keys must see what it asks.
    const shown = (text: string): void => void process.stderr.write(`[ ${text.replaceAll('\n', ' / ')} ]\n`)
    const onDisplay = process.stdin.isTTY ? { onDisplay: shown } : {}
    const sim = await startPinpadSim({ ...padOptions(options), ...onDisplay })
    return await withPty(sim, options['pty'])
  },
}

function key(name: string, typed: string, keys: string, text: string): SimAccident {
  return { name, text: `presses ${text}`, key: typed, preset: { keys }, hidden: true }
}

function spoiling(name: string, typed: string, text: string): SimAccident {
  return { name, text, key: typed, value: SOME, on: ALWAYS, off: once(name) }
}

function padOptions(options: OptionTexts): PinpadSimOptions {
  return {
    port: wholeNumber(options, 'port', 65_535),
    host: options['host'] ?? '127.0.0.1',
    vendor: oneOf(options, 'vendor', ['verifone', 'uic']),
    scheme: oneOf(options, 'scheme', ['dukpt', 'master-session']),
    cipher: oneOf(options, 'cipher', ['tdes', 'aes']),
    format: oneOf(options, 'format', ['iso-0', 'iso-3']),
    counter: wholeNumber(options, 'counter', 2 ** 32 - 1),
    entryMs: wholeNumber(options, 'entry-ms', 3_600_000),
    ...(options['pin'] === undefined ? {} : { pin: options['pin'] }),
  }
}
