// The scanner driver keeps the device contract: in virtual time, over TCP and on a pseudo terminal.
import { simulatedScanner, startScannerSim } from '@cashdesk/hardware-sim'
import type { DevicePorts, Scanner } from '@cashdesk/kernel'
import { serialScanner } from '@cashdesk/scanner'
import { describe, expect, it } from 'vitest'
import { canPty } from '../../drivers/terminal/test/node-serial-box.ts'
import { TroubledLine } from '../../drivers/transport/test/accidents.ts'
import { broken, inProcess, overPty, overTcp, type Place, subjectOn } from './lines.ts'

const CODE = '4006381333931'

/** Reads a code with the scanner and waits until the driver tells it. */
async function tried(
  place: Place,
  seed: number,
  scan: (code: string) => Promise<unknown>,
  exclusive = false,
): Promise<readonly string[]> {
  const line = new TroubledLine(place.transport, { seed, clock: place.clock, delayMs: 3, splitBytes: 6 })
  const scans: string[] = []
  const open = (scanner: Scanner, ports: DevicePorts): Promise<void> =>
    scanner.open({ ...ports, scanned: ({ text }) => void scans.push(text), discarded: () => undefined })
  const found = await broken(
    subjectOn(place, line, {
      device: serialScanner({ transport: line }),
      open,
      works: async () => {
        // What noise had begun ends with silence, as on a shop's counter.
        await place.until(() => false, 300)
        const before = scans.length
        await scan(CODE)
        // Noise may look like a code too; what counts is that the code behind it is read.
        const heard = await place.until(() => scans.slice(before).includes(CODE), 5_000)
        return heard ? undefined : `${CODE} did not arrive, but ${scans.slice(before).join(', ')}`
      },
      ...(exclusive ? { second: serialScanner({ transport: place.transport }) } : {}),
    }),
  )
  await place.end()
  return found
}

describe.concurrent('the scanner keeps the device contract', () => {
  it.each([1, 2, 3])('in process, seed %d', async seed => {
    const sims: ReturnType<typeof simulatedScanner>[] = []
    const place = inProcess(seed, clock => {
      const scanner = simulatedScanner({ clock })
      sims.push(scanner)
      return scanner.peer
    })
    expect(await tried(place, seed, async code => await sims[0]?.scan(code))).toEqual([])
  })

  it('over TCP', async () => {
    const sim = await startScannerSim()
    expect(await tried(overTcp(sim), 4, code => sim.scan(code))).toEqual([])
  })

  it.runIf(canPty)('on a serial line, and one program has it', async () => {
    const sim = await startScannerSim()
    expect(await tried(await overPty(sim), 5, code => sim.scan(code), true)).toEqual([])
  })
})
