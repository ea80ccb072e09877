// Simulators as whole devices, for people who aim something else than our drivers at them: a printer, a PIN pad, a terminal's
// orders and its serial line, cards, and what is said to them by HTTP, script or key.
import { classic, isoDep, phone, tag } from '../../hardware-sim/dist/card/index.js'
import { spoken } from '../../hardware-sim/dist/pinpad/codec.js'
import { Pad } from '../../hardware-sim/dist/pinpad/device.js'
import { Engine } from '../../hardware-sim/dist/printer/engine.js'
import { isRecord, jsonOf, wishIn, wishOf } from '../../hardware-sim/dist/switches.js'
import { Books } from '../../hardware-sim/dist/terminal/books.js'
import { cardOf } from '../../hardware-sim/dist/terminal/cards.js'
import { bcd, bmpOffset, digitsOf } from '../../hardware-sim/dist/terminal/codec.js'
import { registrationOf, UNREGISTERED } from '../../hardware-sim/dist/terminal/enquiries.js'
import { orderOf } from '../../hardware-sim/dist/terminal/orders.js'
import { hasPlace } from '../../hardware-sim/dist/terminal/sequence.js'
import { frame, SerialReader } from '../../hardware-sim/dist/terminal/serial.js'
import { apdu, escpos, json, padPacket } from './grammar.mjs'
import { asciiOf, bytesOf } from './inputs.mjs'

// ── printer ─────────────────────────────────────────────────────────────────────────────────────────────

const JOBS = [
  Uint8Array.from([...bytesOf('1b40 1b6101 1d2111'), ...asciiOf('Guten Tag\n'), ...bytesOf('1d564200')]),
  bytesOf('1004 01 1004 02 1004 04 1d7201 1d4943 1d610f'),
  bytesOf('1014 01 00 02 1014 08 01 03 14 01 06 02 08 1005 02'),
  Uint8Array.from([...bytesOf('1b4c 1b57 0000 0000 0001 0001'), ...asciiOf('page'), 0x0c]),
  Uint8Array.from([...bytesOf('1d763000 0200 0800'), ...new Uint8Array(16).fill(0xa5)]),
  bytesOf('1d286b 0800 315030 68656c6c6f 1d286b 0300 315130'),
]
const TEXT = asciiOf('OK\n')

/** Answers, kicks and pieces of paper are what it says. */
function engine() {
  let said = 0
  const one = () => {
    said += 1
  }
  const open = () =>
    new Engine({
      paperDots: 576,
      pictures: false,
      pin3WhenOpen: 'high',
      serial: 'SIM0001',
      send: one,
      sheet: one,
      kicked: one,
      after: (_, wake) => wake(),
    })
  let printer = open()
  let taken = 0
  return {
    take: bytes => {
      said = 0
      taken += bytes.length
      printer.receive(bytes)
      return said
    },
    rest: () => {
      printer.powerCycle()
      printer.tear()
      // Stored pictures stay, as they do in a printer; a day is over then.
      if (taken > 200_000) {
        printer = open()
        taken = 0
      }
    },
    proves: () => {
      printer.receive(TEXT)
      const read = printer.uncut.includes('OK')
      printer.tear()
      return read
    },
    holds: () => printer.pending,
  }
}

// ── PIN pad ─────────────────────────────────────────────────────────────────────────────────────────────

const PAD_FRAMES = [
  ...['06', '15', '04', '0231310303', '0230360305'].map(bytesOf),
  ...[
    'Z60.4111111111111111\u001c',
    'Z62.4111111111111111\u001cDUKPT ENCRYPTION0412NPIN',
    'Z2HELLO',
    '72',
  ].map(text => spoken(text)),
]

/** Time that passes only when it is told to. */
const timers = new Set()
const clock = {
  now: () => 0,
  monotonicMs: () => 0,
  after: (_ms, wake) => {
    const timer = { wake }
    timers.add(timer)
    return () => timers.delete(timer)
  },
}
/** Longer waiting there is none: an entry, its answer three times, and the texts between. */
const MOST_ROUNDS = 20

const cable = { plug: async () => undefined, unplug: async () => undefined }
const timing = { clock, turn: then => void clock.after(0, then) }
// Plugging in takes a moment, so one pad serves every life; only its key counter goes on.
const padDevice = new Pad({ pin: '1234' }, timing, cable, length => new Uint8Array(length))
await padDevice.plug()
let padLine

/** A till that calls the pad; packets and signals are what it says. */
function pad() {
  padLine?.ended()
  timers.clear()
  let said = []
  padDevice.called({
    listen: listener => {
      padLine = listener
    },
    write: bytes => void said.push(...bytes),
    end: () => undefined,
    reset: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
  })
  const hear = bytes => {
    said = []
    padLine.data(Buffer.from(bytes))
    return said
  }
  const rest = () => {
    for (let round = 0; timers.size > 0 && round < MOST_ROUNDS; round += 1)
      for (const timer of [...timers]) if (timers.delete(timer)) timer.wake()
    if (timers.size > 0) throw new Error('it never comes to rest')
  }
  return {
    take: bytes => hear(bytes).length,
    rest,
    // Behind a packet whose check never came the first byte is taken for it: NAK, and the till repeats.
    proves: () => [1, 2].some(() => hear(PAD_FRAMES[3])[0] === 0x06),
    holds: () => timers.size,
  }
}

// ── terminal ────────────────────────────────────────────────────────────────────────────────────────────

const EUR = bcd('978', 2)
const ORDERS = [
  ['0601', '04 000000001999 49 0978'],
  ['0600', '000000 9e 0978 06 06 2603 0a 0104d1'.replace('0104d1', '0101')],
  ['0630', '000000 87 0001'],
  ['0622', '04 000000005000'],
  ['0624', '87 0001 04 000000005000'],
  ['0631', '000000 04 000000000100'],
  ['0501', ''],
  ['0620', '000000 87 0001'],
].map(([control, data]) => {
  const body = bytesOf(data)
  return Uint8Array.from([...bytesOf(control), body.length, ...body])
})

function orders() {
  const books = new Books({ currency: '978', time: () => '20260101120000' })
  const registration = { ...UNREGISTERED, registered: true }
  const context = {
    books,
    registration,
    currency: EUR,
    password: '000000',
    answerMs: 1000,
    card: cardOf('girocard'),
  }
  return {
    take: bytes => {
      if (bytes.length < 2) return 0
      const control = bytes[0] * 256 + bytes[1]
      const data = Buffer.from(bytes.subarray(3))
      orderOf(control, data, context)
      registrationOf(data, EUR)
      hasPlace(Buffer.from(bytes))
      bmpOffset(data, 0x22)
      digitsOf(data.subarray(0, 6))
      return 1
    },
    rest: () => undefined,
    proves: () => orderOf(0x0601, Buffer.from(bytesOf('04000000001999')), context).amountMinor === 1999,
    holds: () => 0,
  }
}

function serial() {
  const reader = new SerialReader()
  const message = frame(bytesOf('060f00'))
  return {
    take: bytes => reader.push(bytes).length,
    rest: () => reader.drop(),
    proves: () => reader.push(message).some(({ kind }) => kind === 'frame'),
    holds: () => (reader.midway ? 1 : 0),
  }
}

// ── cards ───────────────────────────────────────────────────────────────────────────────────────────────

const COMMANDS = [
  'ffca000000',
  'ffb0000410',
  'ffd6000404 01020304',
  'ff82000006 ffffffffffff',
  'ff86000005 0100046000',
  'ffb0000410',
  '00a4040007 d2760000850101 00',
  '00a4000c02 e103',
  '00b000000f',
  '00b0000002',
].map(bytesOf)

function cards() {
  const ndef = [{ text: 'abc' }]
  const all = [
    tag({ uid: '04a1b2c3d4e580', ndef }),
    classic({ uid: '01020304' }),
    isoDep({ uid: '04a1b2c3d4e580', ndef }),
    phone({ random: length => new Uint8Array(length) }),
  ]
  for (const card of all) card.power()
  return {
    take: bytes => {
      for (const card of all) {
        const answer = card.answer(bytes)
        if (answer.length < 2 || answer.length > 65_538)
          throw new Error(`an answer of ${answer.length} bytes`)
      }
      return 1
    },
    rest: () => {
      for (const card of all) card.power()
    },
    proves: () => all[0].answer(COMMANDS[0]).length === 9 && all[2].answer(COMMANDS[6]).at(-2) === 0x90,
    holds: () => 0,
  }
}

// ── what steers them ────────────────────────────────────────────────────────────────────────────────────

const WISHES = ['{"on":true}', '"off"', '{"value":3}', '{"ms":100,"times":2}', 'ms=100 times=2', 'off'].map(
  asciiOf,
)
const ACCIDENT = { name: 'slow', about: '', value: { name: 'ms', type: 'number' } }

const wished = work => {
  try {
    return work()
  } catch (thrown) {
    if (thrown?.code === 'sim.usage') return undefined
    throw thrown
  }
}

const wishes = () => ({
  take: bytes => {
    const text = new TextDecoder().decode(bytes)
    // By HTTP or in a script: a refusal costs time, so one of them at a time.
    if (text.startsWith('{') || text.startsWith('"'))
      wished(() => isRecord(jsonOf(text)) && wishOf(jsonOf(text)))
    else wished(() => wishIn(ACCIDENT, text))
    return 1
  },
  rest: () => undefined,
  proves: () => wishOf(jsonOf('"off"')).kind === 'off',
  holds: () => 0,
})

export const targets = {
  'sim-printer': {
    weight: 2,
    good: JOBS,
    make: escpos,
    open: engine,
    saysAtMost: bytes => 8 + 2 * bytes,
    holdsAtMost: 1_048_576 + 64 * 1024,
  },
  'sim-pinpad-device': {
    weight: 3,
    good: PAD_FRAMES,
    make: padPacket,
    open: pad,
    saysAtMost: bytes => 64 + 32 * bytes,
    holdsAtMost: 1000,
  },
  'sim-zvt-orders': {
    weight: 6,
    good: ORDERS,
    make: apdu,
    open: orders,
    saysAtMost: () => 1,
    holdsAtMost: 0,
  },
  'sim-zvt-serial': {
    weight: 8,
    good: [...ORDERS.map(each => new Uint8Array(frame(each))), bytesOf('06'), bytesOf('15')],
    make: chance => new Uint8Array(frame(apdu(chance))),
    open: serial,
    saysAtMost: bytes => 1 + bytes,
    holdsAtMost: 1,
  },
  'sim-card': { weight: 6, good: COMMANDS, open: cards, saysAtMost: () => 1, holdsAtMost: 0 },
  'sim-wishes': {
    pure: true,
    weight: 6,
    good: WISHES,
    make: json(['on', 'off', 'value', 'ms', 'times', '__proto__'], [1, 'on', 'off', true]),
    open: wishes,
    saysAtMost: () => 1,
    holdsAtMost: 0,
  },
}
