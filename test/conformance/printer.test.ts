// The printer driver keeps the device contract: in virtual time, over TCP and on a pseudo terminal.
import { type PrinterSim, simulatedPrinter, startPrinterSim } from '@cashdesk/hardware-sim'
import { text } from '@cashdesk/kernel'
import { epson48, printer } from '@cashdesk/printer'
import { describe, expect, it } from 'vitest'
import { canPty } from '../../drivers/terminal/test/node-serial-box.ts'
import { TroubledLine } from '../../drivers/transport/test/accidents.ts'
import { broken, inProcess, operation, overPty, overTcp, type Place, subjectOn } from './lines.ts'

/** Prints a receipt and asks the paper whether it is there, once. */
async function tried(
  place: Place,
  seed: number,
  papers: () => readonly string[],
  exclusive = false,
): Promise<readonly string[]> {
  const line = new TroubledLine(place.transport, { seed, clock: place.clock, delayMs: 2, splitBytes: 3 })
  let receipts = 0
  const found = await broken(
    subjectOn(place, line, {
      device: printer({ transport: line, profile: epson48 }),
      open: (device, ports) => device.open(ports),
      works: async device => {
        receipts += 1
        const wanted = `receipt ${receipts}.`
        const document = { kind: 'sale', locale: 'en-GB', blocks: [text(wanted)] } as const
        const op = operation()
        const printed = await device.print({ op, document, copy: false })
        if (printed.outcome !== 'done') return `printing is ${printed.outcome} (${printed.error.code})`
        const times = papers().filter(paper => paper.includes(wanted)).length
        return times === 1 ? undefined : `${wanted} was printed ${times} times`
      },
      ...(exclusive ? { second: printer({ transport: place.transport, profile: epson48 }) } : {}),
    }),
  )
  await place.end()
  return found
}

const papersOf = (sim: PrinterSim) => () => sim.state().receipts.map(receipt => receipt.text)

describe.concurrent('the printer keeps the device contract', () => {
  it.each([1, 2, 3])('in process, seed %d', async seed => {
    const sims: ReturnType<typeof simulatedPrinter>[] = []
    const place = inProcess(seed, clock => {
      const sim = simulatedPrinter({ clock })
      sims.push(sim)
      return sim.peer
    })
    expect(await tried(place, seed, () => (sims[0]?.receipts ?? []).map(receipt => receipt.text))).toEqual([])
  })

  it('over TCP', async () => {
    const sim = await startPrinterSim()
    expect(await tried(overTcp(sim), 4, papersOf(sim))).toEqual([])
  })

  it.runIf(canPty)('on a serial line, and one program has it', async () => {
    const sim = await startPrinterSim()
    expect(await tried(await overPty(sim), 5, papersOf(sim), true)).toEqual([])
  })
})
