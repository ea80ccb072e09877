// Bytes that other encoders made, printed by the driver: the questions that it puts between them change nothing on the paper,
// stand in nobody's data, and find out that the printer lost its power in the middle.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { dryRun, SimClock, SimNetwork, simulatedPrinter } from '@cashdesk/hardware-sim'
import type { Transport } from '@cashdesk/kernel'
import { type EscPosPrinter, epson48, printer as printerOn } from '@cashdesk/printer'
import { afterEach, describe, expect, it } from 'vitest'
import { questioned } from '../../drivers/printer/src/escpos-commands.ts'

const PEERS = join(import.meta.dirname, '../../hardware-sim/src/printer/peers')
const QUESTION = [0x1d, 0x72, 0x01]
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))

describe('questions between the lines of', () => {
  const jobs = readdirSync(PEERS).filter(name => name.endsWith('.bin'))

  it.each(jobs)('%s are answered, and leave its paper as it was', name => {
    const job = readFileSync(join(PEERS, name))
    // Several in a row, for all of them are short.
    const bytes = Uint8Array.from(Buffer.concat(Array.from({ length: 5 }, () => job)))
    const asked = questioned(bytes, QUESTION)
    expect(asked.checkpoints).toBeGreaterThan(0)
    const [plain, with_] = [dryRun(bytes), dryRun(asked.bytes)]
    expect(with_.receipts.map(({ text, end }) => ({ text, end }))).toEqual(
      plain.receipts.map(({ text, end }) => ({ text, end })),
    )
    expect(with_.receipts.map(({ png }) => png())).toEqual(plain.receipts.map(({ png }) => png()))
    expect(with_.answers.length).toBe(plain.answers.length + asked.checkpoints)
    expect(with_.problems.length).toBe(plain.problems.length)
  })

  it('a job of text are about half a second of a slow line apart', () => {
    const text = bytesOf('A line of forty-two characters, or nearly.\n'.repeat(100))
    const { checkpoints, longest } = questioned(text, QUESTION)
    expect(checkpoints).toBeGreaterThanOrEqual(8)
    expect(longest).toBeLessThanOrEqual(480 + 43)
    expect(questioned(bytesOf('x\n'.repeat(500_000)), QUESTION).checkpoints).toBeLessThanOrEqual(201)
  })

  it.each([
    ['a picture', `\x1dv0\x00\x40\x00\x40\x00${'\n'.repeat(4096)}`],
    ['a QR code', `\x1d(k\x03\x081P0${'\n'.repeat(2048)}`],
    ['a page', `\x1bL${'text\n'.repeat(800)}\x0c`],
    ['what follows an unknown command', `\x1d\x7e${'text\n'.repeat(800)}`],
    ['what follows a two-byte mode', `\x1c&${'text\n'.repeat(800)}`],
    ['tab stops', `\x1bD${'\n'.repeat(2000)}\x00`],
  ])('there is none inside %s, and that is told', (_, job) => {
    const { bytes, checkpoints, longest } = questioned(bytesOf(job), QUESTION)
    expect([checkpoints, longest, bytes.length]).toEqual([0, job.length, job.length])
  })
})

const opened: EscPosPrinter[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map(each => each.close()))
})

async function world(more: Partial<Transport> = {}): Promise<{
  readonly print: (text: string) => Promise<unknown>
  readonly accident: (name: string, args: { readonly [name: string]: number | boolean }) => unknown
}> {
  const clock = new SimClock()
  const network = new SimNetwork({ clock, seed: 3 })
  const paper = simulatedPrinter({ clock })
  const transport = { ...network.transport('printer', paper.peer), ...more }
  const printer = printerOn({ transport, profile: epson48, jobTimeoutMs: 2_000, statusTimeoutMs: 500 })
  opened.push(printer)
  await printer.open({
    clock,
    random: { bytes: length => new Uint8Array(length) },
    log: () => undefined,
    healthChanged: () => undefined,
  })
  await clock.settle(1_000)
  const print = async (text: string): Promise<unknown> => {
    let outcome: unknown
    void printer.printBytes(bytesOf(text)).then(answer => {
      outcome = answer
    })
    while (outcome === undefined) await clock.settle(clock.untilNextMs() ?? 0)
    return outcome
  }
  return { print, accident: (name, args) => paper.accident(name, args) }
}

describe('bytes printed by the driver', () => {
  const receipt = `${'A line of a receipt that others made\n'.repeat(80)}\x1dV\x00`

  it('are done when every question was answered', async () => {
    expect(await (await world()).print(receipt)).toMatchObject({ outcome: 'done' })
  })

  it('are not done when the printer lost its power in the middle of them and the line stayed', async () => {
    for (let afterBytes = 20; afterBytes < receipt.length - 600; afterBytes += 127) {
      const { print, accident } = await world({ staysUp: true })
      accident('power-cycle', { keepLine: true, offBytes: 600, afterBytes })
      expect(await print(receipt), `at ${afterBytes}`).toMatchObject({ outcome: 'unknown' })
    }
  })

  it('are not known to be done where a picture is too long to ask inside it and the line would stay', async () => {
    const picture = `\x1dv0\x00\x40\x00\x40\x00${'\xff'.repeat(4096)}\x1dV\x00`
    expect(await (await world({ staysUp: true })).print(picture)).toMatchObject({
      outcome: 'unknown',
      error: { code: 'printer.no-answer' },
    })
    expect(await (await world()).print(picture)).toMatchObject({ outcome: 'done' })
  })
})
