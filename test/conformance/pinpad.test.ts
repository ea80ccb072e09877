// The PIN pad driver keeps the device contract: in virtual time, over TCP and on a pseudo terminal.
import { simulatedPinpad, startPinpadSim } from '@cashdesk/hardware-sim'
import { memoryKeyStore } from '@cashdesk/host'
import { serialPinpad } from '@cashdesk/pinpad'
import { describe, expect, it } from 'vitest'
import { TroubledLine } from '../../drivers/transport/test/accidents.ts'
import { broken, canPty, inProcess, operation, overPty, overTcp, type Place, subjectOn } from './lines.ts'

const ACCOUNT = '4012345678909'
const PIN = '5150'
/** The public test key that belongs to the simulated pad's. */
const BDK = '0123456789ABCDEFFEDCBA9876543210'

/** Has the PIN entered and read by the host. */
async function tried(place: Place, seed: number, exclusive = false): Promise<readonly string[]> {
  const line = new TroubledLine(place.transport, { seed, clock: place.clock, delayMs: 3, splitBytes: 6 })
  const keys = memoryKeyStore({ bdks: [{ ksnPrefix: 'FFFF98', cipher: 'tdes', key: BDK }] })
  const reference = await keys.reference(ACCOUNT, PIN)
  const timeouts = { ackMs: 400, settleMs: 100, probeMs: 1_000 }
  const found = await broken(
    subjectOn(place, line, {
      device: serialPinpad({ transport: line, timeouts }),
      open: (pad, ports) => pad.open(ports),
      works: async pad => {
        const request = { op: operation(), account: ACCOUNT, key: { scheme: 'dukpt' } } as const
        const outcome = await pad.enterPin(request)
        if (outcome.outcome !== 'done') return outcome.error.code
        const verdict = await keys.verify({ account: ACCOUNT, block: outcome.data }, reference)
        return verdict === 'right' ? undefined : `the host says ${verdict}`
      },
      ...(exclusive ? { second: serialPinpad({ transport: place.transport, timeouts }) } : {}),
    }),
  )
  await place.end()
  return found
}

describe.concurrent('the PIN pad keeps the device contract', () => {
  it.each([1, 2, 3])('in process, seed %d', async seed => {
    const place = inProcess(seed, clock => {
      const pad = simulatedPinpad({ clock, pin: PIN })
      return side => pad.peer(side)
    })
    expect(await tried(place, seed)).toEqual([])
  })

  it('over TCP', async () => {
    expect(await tried(overTcp(await startPinpadSim({ pin: PIN })), 4)).toEqual([])
  })

  it.runIf(canPty)('on a serial line, and one program has it', async () => {
    expect(await tried(await overPty(await startPinpadSim({ pin: PIN })), 5, true)).toEqual([])
  })
})
