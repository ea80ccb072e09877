// The PIN pad driver keeps the device contract: in virtual time, over TCP and on a pseudo terminal. Behind every accident a PIN
// is entered, and only its block comes back.
import { simulatedPinpad, startPinpadSim } from '@cashdesk/hardware-sim'
import { serialPinpad } from '@cashdesk/pinpad'
import { describe, expect, it } from 'vitest'
import { canPty } from '../../drivers/terminal/test/node-serial-box.ts'
import { TroubledLine } from '../../drivers/transport/test/accidents.ts'
import { broken, inProcess, operation, overPty, overTcp, type Place, subjectOn } from './lines.ts'

/** A pad with a master key of its own, at which somebody types at once. */
const PAD = { pin: '1234' } as const

async function tried(place: Place, seed: number, exclusive = false): Promise<readonly string[]> {
  const line = new TroubledLine(place.transport, { seed, clock: place.clock, delayMs: 2, splitBytes: 4 })
  const found = await broken(
    subjectOn(place, line, {
      device: serialPinpad({ transport: line }),
      open: (device, ports) => device.open(ports),
      works: async device => {
        const request = { op: operation(), account: '6034714625981538', key: { scheme: 'dukpt' } } as const
        const entered = await device.enterPin(request)
        if (entered.outcome !== 'done') return `the entry is ${entered.outcome} (${entered.error.code})`
        return /^[0-9A-F]{16}$/.test(entered.data.blockHex) ? undefined : 'the block is no block'
      },
      ...(exclusive ? { second: serialPinpad({ transport: place.transport }) } : {}),
    }),
  )
  await place.end()
  return found
}

describe.concurrent('the PIN pad keeps the device contract', () => {
  it.each([1, 2, 3])('in process, seed %d', async seed => {
    const place = inProcess(seed, clock => simulatedPinpad({ clock, ...PAD }).peer)
    expect(await tried(place, seed)).toEqual([])
  })

  it('over TCP', async () => {
    expect(await tried(overTcp(await startPinpadSim(PAD)), 4)).toEqual([])
  })

  it.runIf(canPty)('on a serial line, and one program has it', async () => {
    expect(await tried(await overPty(await startPinpadSim(PAD)), 5, true)).toEqual([])
  })
})
