// The terminal driver keeps the device contract: in virtual time, over TCP, and on a serial line over a real pseudo
// terminal. A payment behind every accident is booked once.
import { simulatedTerminal, startTerminalSim } from '@cashdesk/hardware-sim'
import { type ZvtOptions, zvtTerminal } from '@cashdesk/terminal'
import { describe, expect, it } from 'vitest'
import { canPty } from '../../drivers/terminal/test/node-serial-box.ts'
import { TroubledLine } from '../../drivers/transport/test/accidents.ts'
import { broken, inProcess, operation, overPty, overTcp, type Place, subjectOn } from './lines.ts'

/** Pays one euro and asks the terminal's own books. */
async function tried(
  place: Place,
  seed: number,
  booked: () => number,
  options: ZvtOptions = {},
): Promise<readonly string[]> {
  const line = new TroubledLine(place.transport, { seed, clock: place.clock, delayMs: 2, splitBytes: 5 })
  const found = await broken(
    subjectOn(place, line, {
      device: zvtTerminal({
        transport: line,
        profile: { afterAutoReversal: 'reversal' },
        ...options,
        timeouts: { closeMs: 1_000, ...options.timeouts },
      }),
      open: (device, ports) => device.open(ports),
      works: async device => {
        const before = booked()
        const op = operation()
        const paid = await device.pay(
          { op, amountMinor: 100, currency: 'EUR' },
          { onApproval: async () => 'accept', onPrint: async () => undefined },
        )
        if (paid.outcome !== 'done') return `paying is ${paid.outcome} (${paid.error.code})`
        const more = booked() - before
        return more === 100 ? undefined : `1.00 was paid, and the terminal booked ${more / 100}`
      },
    }),
  )
  await place.end()
  return found
}

describe.concurrent('the terminal keeps the device contract', () => {
  it.each([1, 2, 3])('in process, seed %d', async seed => {
    const sims: ReturnType<typeof simulatedTerminal>[] = []
    const place = inProcess(seed, clock => {
      const sim = simulatedTerminal({ clock })
      sims.push(sim)
      return sim.peer
    })
    expect(await tried(place, seed, () => sims[0]?.state().totals.totalMinor ?? 0)).toEqual([])
  })

  it('over TCP', async () => {
    const sim = await startTerminalSim({ speed: 0, answerMs: 2_000, repeatMs: 50 })
    expect(await tried(overTcp(sim), 4, () => sim.state().totals.totalMinor)).toEqual([])
  })
  it.runIf(canPty)('on a serial line, over a pseudo terminal', async () => {
    // A busy machine is no broken line: the times between bytes are generous on both sides.
    const serial = { t1Ms: 500, t2Ms: 1_000 }
    const sim = await startTerminalSim({ speed: 0, answerMs: 2_000, repeatMs: 50, serial })
    const options = { framing: 'serial', timeouts: serial } as const
    expect(await tried(await overPty(sim), 5, () => sim.state().totals.totalMinor, options)).toEqual([])
  })
})
