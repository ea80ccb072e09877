// Receipt printers: what a printer answers, and what a simulated one is sent.
import { PrinterSession } from '../../drivers/printer/dist/session.js'
import { createInterpreter } from '../../hardware-sim/dist/printer/interpreter.js'
import { escpos } from './grammar.mjs'
import { asciiOf, bytesOf } from './inputs.mjs'

/** Real-time status, automatic status, end of job, model's name: in the order of any printer's answers. */
const ANSWERS = [
  bytesOf('16 12 12 12'),
  bytesOf('12 12 12 12'),
  bytesOf('10 00 00 00'),
  bytesOf('30 00 0c 0f'),
  bytesOf('00'),
  bytesOf('0c'),
  bytesOf('5f 54 4d 2d 54 38 38 56 00'),
  bytesOf('11'),
  bytesOf('13'),
]

function answers() {
  let session = new PrinterSession()
  let asked = 0
  return {
    take: bytes => {
      if (asked % 3 === 0) session.askStatus()
      if (asked % 5 === 0) session.askEnd(asked)
      if (asked % 7 === 0) session.askModel()
      asked += 1
      return session.bytes(bytes).length
    },
    rest: () => {
      // As the driver does on a fresh connection to a printer that was switched off in between.
      session.reset()
      session.forgetEnds()
      if (asked > 1000) {
        session = new PrinterSession()
        asked = 0
      }
    },
    proves: () => {
      session.askStatus()
      const told = session.bytes(bytesOf('16 12 12 12')).some(({ kind }) => kind === 'status')
      return told && session.status.online && session.status.paper === 'ok'
    },
    holds: () => session.owed,
  }
}

const text = asciiOf('Guten Tag\n')
const JOBS = [
  bytesOf('1b40'),
  Uint8Array.from([...bytesOf('1b40 1b6101 1d2111'), ...text, ...bytesOf('1d564200')]),
  Uint8Array.from([...bytesOf('1b7413 1b4501'), ...text, ...bytesOf('1b4500 1b2d01'), ...text]),
  // EAN-13, Code 128, QR, PDF417
  bytesOf('1d6802 1d7702 1d6b430d 34303036333831333333393331'),
  bytesOf('1d6b490a 7b424142433132333435'),
  bytesOf('1d286b 0400 31413200 1d286b 0300 314306'),
  bytesOf('1d286b 0800 315030 68656c6c6f 1d286b 0300 315130'),
  bytesOf('1d286b 0800 305030 68656c6c6f 1d286b 0300 305130'),
  // raster and column images
  Uint8Array.from([...bytesOf('1d763000 0400 1000'), ...new Uint8Array(64).fill(0xa5)]),
  Uint8Array.from([...bytesOf('1b2a21 1000'), ...new Uint8Array(48).fill(0x5a)]),
  Uint8Array.from([...bytesOf('1d384c 1a000000 3070300101 31 0800 1000'), ...new Uint8Array(16).fill(0xff)]),
  bytesOf('1d284c 0200 3032'),
  bytesOf('10 04 01 10 04 04 1d 72 01 1d 49 43 1d 61 0f 1b 70 00 19 fa'),
  bytesOf('1b44 08 10 18 00 09 41 09 42 0a'),
]

/** NULs mean nothing to a printer, and end every command that waits for more: first a few, then as many again. */
const NULS = new Uint8Array(64 * 1024)
const FIRST_NULS = 256
/** The longest command that is kept is 1 MiB; what is longer passes by uncounted. */
const MOST_NULS = 1_200_000
/** Seldom enough for what they cost; else the printer is switched off and on. */
const PATIENT = 24

const FRESH = Uint8Array.from([...bytesOf('1b3d01 1b40'), ...asciiOf('OK'), 0x0a])

function paper() {
  let interpreter = createInterpreter()
  let rests = 0
  const run = () => {
    let said = 0
    for (let operations = interpreter.next(); operations; operations = interpreter.next())
      said += 1 + operations.length
    return said
  }
  return {
    take: bytes => {
      interpreter.push(bytes)
      return run()
    },
    rest: () => {
      rests += 1
      const most = rests % PATIENT === 0 ? MOST_NULS : 4 * FIRST_NULS
      for (
        let size = FIRST_NULS, sum = 0;
        interpreter.pending > 0 && sum < most;
        size = Math.min(2 * size, NULS.length)
      ) {
        interpreter.push(NULS.subarray(0, size))
        run()
        sum += size
      }
      // What is longer than a printer can take is skipped; nobody waits for gigabytes that never come.
      if (interpreter.pending > 0) interpreter.reset()
      if (rests % 1000 === 0) interpreter = createInterpreter()
    },
    proves: () => {
      let printed = []
      interpreter.push(FRESH)
      for (let operations = interpreter.next(); operations; operations = interpreter.next())
        printed = operations
      if (JSON.stringify(printed).includes('"O"')) return true
      // Data of an oversized command may still pass by: after switching off and on it reads again.
      interpreter.reset()
      interpreter.push(FRESH)
      for (let operations = interpreter.next(); operations; operations = interpreter.next())
        printed = operations
      return JSON.stringify(printed).includes('"O"')
    },
    holds: () => interpreter.pending,
  }
}

export const targets = {
  'printer-answers': {
    weight: 12,
    good: ANSWERS,
    open: answers,
    saysAtMost: bytes => 8 + 2 * bytes,
    holdsAtMost: 256,
  },
  'escpos-interpreter': {
    weight: 2,
    good: JOBS,
    make: escpos,
    open: paper,
    saysAtMost: bytes => 64 + 8 * bytes,
    holdsAtMost: 1_048_576 + 64 * 1024,
  },
}
