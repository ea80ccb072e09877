// A bench for PIN pads: the real driver and the simulated pad on a simulated network in virtual time, and the host's
// key store with the keys that belong to the pad's.
import {
  SimClock,
  SimNetwork,
  SimRandom,
  type SimulatedPinpad,
  type SimulatedPinpadOptions,
  simulatedPinpad,
} from '@cashdesk/hardware-sim'
import { type KeyStore, memoryKeyStore } from '@cashdesk/host'
import type { DevicePorts, OperationId, Outcome, PinBlock, Pinpad, PinRequest } from '@cashdesk/kernel'
import { type PinpadOptions, serialPinpad } from '@cashdesk/pinpad'
import { expect } from 'vitest'

export const ACCOUNT = '6034714625981538'
const OP = '018f0000-0000-7000-8000-000000000001' as OperationId
export const DUKPT: PinRequest = { op: OP, account: ACCOUNT, key: { scheme: 'dukpt' } }
export const TDES_BDK = '0123456789ABCDEFFEDCBA9876543210'
const AES_BDK = 'FEDCBA9876543210F1F1F1F1F1F1F1F1'

export const keyStore = (): KeyStore =>
  memoryKeyStore({
    bdks: [
      { ksnPrefix: 'FFFF98', cipher: 'tdes', key: TDES_BDK },
      { ksnPrefix: '12345678', cipher: 'aes', key: AES_BDK },
    ],
    // The simulated pad's slot 0.
    masterKeys: {
      tdes: { cipher: 'tdes', key: TDES_BDK },
      aes: { cipher: 'aes', key: AES_BDK },
    },
  })

export interface Bench {
  readonly clock: SimClock
  readonly network: SimNetwork
  readonly sim: SimulatedPinpad
  readonly pad: Pinpad
  readonly logged: string[]
  passing<T>(work: Promise<T>): Promise<T>
}

export async function bench(
  simulated: Partial<SimulatedPinpadOptions> = {},
  options: PinpadOptions = {},
  seed = 1,
): Promise<Bench> {
  const clock = new SimClock()
  const network = new SimNetwork({ clock, seed })
  const sim = simulatedPinpad({ clock, fill: length => new SimRandom(seed).bytes(length), ...simulated })
  const pad = serialPinpad({ transport: network.transport('pinpad', sim.peer), ...options })
  const logged: string[] = []
  const ports: DevicePorts = {
    clock,
    random: new SimRandom(seed),
    log: (...line) => void logged.push(JSON.stringify(line)),
    healthChanged: ({ state }) => void logged.push(state),
  }
  await pad.open(ports)
  await clock.settle(3_000)
  return { clock, network, sim, pad, logged, passing: passingOn(clock) }
}

/** Lets virtual time pass until `work` is done. */
export function passingOn(clock: SimClock): Bench['passing'] {
  return async work => {
    let over = false
    const ended = work.finally(() => {
      over = true
    })
    ended.catch(() => undefined)
    const untilMs = clock.monotonicMs() + 3_600_000
    while (!over && clock.monotonicMs() < untilMs) await clock.settle(clock.untilNextMs() ?? 0)
    if (!over) throw new TypeError('it did not end in time')
    return await ended
  }
}

/** Starts an entry and waits until the pad asks. */
export async function asked(
  { pad, clock, sim }: Bench,
  request: PinRequest = DUKPT,
): Promise<{ end: Promise<Outcome<PinBlock>> }> {
  const end = pad.enterPin(request)
  for (let wait = 0; wait < 2_000 && !sim.state().entering; wait += 1) await clock.settle(10)
  expect(sim.state().entering).toBe(true)
  return { end }
}

export const entered = (outcome: Outcome<PinBlock>): PinBlock => {
  if (outcome.outcome !== 'done') throw new TypeError(outcome.error.code)
  return outcome.data
}
export const codeOf = (outcome: Outcome<unknown>): string =>
  outcome.outcome === 'done' ? 'done' : `${outcome.outcome} ${outcome.error.code}`
