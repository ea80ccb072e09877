// The printer in the process that tests it: text without pictures, in virtual time, and what happens at exact moments.
import type { Connection } from '@cashdesk/kernel'
import { beforeEach, describe, expect, it } from 'vitest'
import { SimClock, SimNetwork } from '../world/index.ts'
import { dryRun } from './dry-run.ts'
import type { PrinterPoint } from './engine.ts'
import { type SimulatedPrinter, simulatedPrinter } from './in-process.ts'

const CUT = '\x1dV\x00'
/** `GS ( H`: tell me when you are here. */
const MARK = '\x1d(H\x06\x0000abcd'
const JOB = `*** COPY ***\nfirst\nsecond\n${MARK}${CUT}`

let clock: SimClock
let network: SimNetwork
let heard: string
let ended: string

beforeEach(() => {
  clock = new SimClock()
  network = new SimNetwork({ clock, seed: 5 })
  heard = ''
  ended = ''
})

/** @throws CashdeskError when nobody is there */
async function connected(printer: SimulatedPrinter): Promise<Connection> {
  const opening = network.transport('printer', printer.peer).open({
    data: bytes => {
      heard += Buffer.from(bytes).toString('latin1')
    },
    closed: cause => {
      ended = String(cause?.detail?.['reason'])
    },
  })
  opening.catch(() => undefined)
  await clock.settle(100)
  return await opening
}

async function sent(printer: SimulatedPrinter, job: string): Promise<void> {
  const connection = await connected(printer)
  await connection.write(Buffer.from(job, 'latin1'))
  await clock.settle(1_000)
}

describe('a printer in virtual time', () => {
  it('says what is on paper, cut off and not yet, and answers', async () => {
    const printer = simulatedPrinter({ clock })
    await sent(printer, `${JOB}third\n`)
    expect(printer.receipts.map(({ text, end }) => [text, end])).toEqual([
      ['*** COPY ***\nfirst\nsecond', 'full'],
    ])
    expect(printer.uncut).toBe('third')
    expect(heard).toBe('7"abcd\0')
    expect(clock.pending).toBe(0)
  })

  it('reads the same off the paper as one that draws it', async () => {
    const job = [
      '\x1b!\x30BIG\x1b!\x00 small\n\x1ba\x01centred\n\x1ba\x00',
      '\x1dk\x02401234512345\x00\x1dk\x49\x08{Bcard-1',
      '\x1d(k\x08\x001P0https\x1d(k\x03\x001Q0',
      '\x1dk\x02not digits\x00',
      `${CUT}`,
    ].join('')
    const printer = simulatedPrinter({ clock })
    await sent(printer, job)
    const drawn = dryRun(Buffer.from(job, 'latin1'))
    expect(printer.receipts.map(({ text, codes }) => ({ text, codes }))).toEqual(
      drawn.receipts.map(({ text, codes }) => ({ text, codes })),
    )
    expect(printer.receipts[0]?.codes.map(code => code.text)).toEqual(['4012345123456', 'card-1', 'https'])
    expect(printer.state().unknownCount).toBe(drawn.problems.length)
  })

  it('takes the time for its lines from the clock it was given', async () => {
    const printer = simulatedPrinter({ clock })
    printer.accident('slow', { msPerLine: 5_000 })
    await sent(printer, JOB)
    expect([printer.uncut, heard]).toEqual(['*** COPY ***', ''])
    await clock.settle(20_000)
    expect(printer.receipts).toHaveLength(1)
    expect(heard).toBe('7"abcd\0')
  })

  it('is away for as long as it is switched off, and has lost what it had not printed', async () => {
    const printer = simulatedPrinter({ clock })
    printer.accident('offline')
    await sent(printer, JOB)
    printer.accident('power-cycle', { offMs: 4_000 })
    await clock.settle(100)
    expect(ended).toBe('ended')
    await expect(connected(printer)).rejects.toMatchObject({ code: 'transport.unreachable' })
    await clock.settle(4_000)
    await sent(printer, `again\n${CUT}`)
    expect(printer.receipts.map(({ text }) => text)).toEqual(['again'])
  })

  it('keeps a second register waiting until the first one leaves', async () => {
    const printer = simulatedPrinter({ clock })
    const first = await connected(printer)
    await sent(printer, `second\n${CUT}`)
    expect(printer.receipts).toHaveLength(0)
    await first.close()
    await clock.settle(100)
    expect(printer.receipts.map(({ text }) => text)).toEqual(['second'])
  })
})

describe('at an exact moment', () => {
  it('every step of a job is told, in order', async () => {
    const seen: PrinterPoint[] = []
    await sent(simulatedPrinter({ clock, onPoint: point => void seen.push(point) }), JOB)
    expect(seen).toEqual(['printed', 'printed', 'printed', 'asked', 'answered', 'cutting', 'cut'])
  })

  it('paper that ends after a line leaves the rest in the buffer until there is paper again', async () => {
    let lines = 0
    const printer: SimulatedPrinter = simulatedPrinter({
      clock,
      onPoint: point => {
        if (point === 'printed') lines += 1
        if (point === 'printed' && lines === 2) printer.accident('paper-out')
      },
    })
    await sent(printer, JOB)
    expect([printer.uncut, printer.receipts.length, heard]).toEqual(['*** COPY ***\nfirst', 0, ''])
    printer.accident('paper-in')
    await clock.settle(100)
    expect(printer.receipts.map(({ text }) => text)).toEqual(['*** COPY ***\nfirst\nsecond'])
    expect(heard).toBe('7"abcd\0')
  })

  it.each<[PrinterPoint, string[], string]>([
    ['printed', [], '*** COPY ***'],
    ['asked', [], '*** COPY ***\nfirst\nsecond'],
    ['cutting', [], '*** COPY ***\nfirst\nsecond'],
    ['cut', ['*** COPY ***\nfirst\nsecond'], ''],
  ])('a power cut at %s ends the job there, and the paper stays as it is', async (point, cut, uncut) => {
    const printer: SimulatedPrinter = simulatedPrinter({
      clock,
      onPoint: reached => reached === point && printer.accident('power-cycle'),
    })
    await sent(printer, JOB)
    expect([printer.receipts.map(({ text }) => text), printer.uncut]).toEqual([cut, uncut])
    expect(heard).toBe(point === 'asked' || point === 'printed' ? '' : '7"abcd\0')
    expect([ended, printer.state().pendingBytes]).toEqual(['ended', 0])
  })

  it('a power cut ends what came in the same packet, questions to be answered at once included', async () => {
    const printer: SimulatedPrinter = simulatedPrinter({
      clock,
      onPoint: point => point === 'printed' && printer.uncut === 'first' && printer.accident('power-cycle'),
    })
    await sent(printer, `first\n\x10\x04\x01second\n`)
    expect([printer.uncut, heard]).toEqual(['first', ''])
  })

  it('paper that ends before a question leaves it open until there is paper again', async () => {
    let left = 1
    const printer: SimulatedPrinter = simulatedPrinter({
      clock,
      onPoint: point => {
        if (point !== 'asked' || left === 0) return
        left -= 1
        printer.accident('paper-out')
      },
    })
    await sent(printer, JOB)
    expect([heard, printer.receipts.length]).toEqual(['', 0])
    printer.accident('paper-in')
    await clock.settle(100)
    expect([heard, printer.receipts.length]).toEqual(['7"abcd\0', 1])
  })

  it('a cover that is opened before the cut and closed again loses nothing and changes no order', async () => {
    const printer: SimulatedPrinter = simulatedPrinter({
      clock,
      onPoint: point => {
        if (point !== 'cutting') return
        printer.accident('cover-open')
        printer.accident('cover-close')
      },
    })
    await sent(printer, `${JOB}third\n${CUT}`)
    expect(printer.receipts.map(({ text }) => text)).toEqual(['*** COPY ***\nfirst\nsecond', 'third'])
  })
})
