// Where the device contract is tried: a simulated device in virtual time, and real TCP and a real pseudo terminal in real
// time, each behind a line on which accidents happen.
import { SimClock, SimNetwork, SimRandom } from '@cashdesk/hardware-sim'
import type { Clock, DeviceHealth, DevicePorts, OperationId, Random, Transport } from '@cashdesk/kernel'
import { serialTransport, tcpTransport } from '@cashdesk/transport'
import { openPty } from '../../drivers/terminal/test/node-serial-box.ts'
import type { TroubledLine } from '../../drivers/transport/test/accidents.ts'
import {
  type Check,
  conformance,
  type Subject,
  type TriedDevice,
} from '../../packages/cli/src/conformance.ts'

/** A place to try a device in: its time, its way to the device, and what is to be ended behind it. */
export interface Place {
  readonly clock: Clock
  readonly random: Random
  readonly transport: Transport
  /** Lets time pass while `work` runs. */
  readonly passing: <T>(work: Promise<T>) => Promise<T>
  readonly until: Subject['until']
  readonly end: () => Promise<void>
}

const CLOCK: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, wake) => {
    const timer = setTimeout(wake, delayMs)
    return () => clearTimeout(timer)
  },
}

/** In one process and in virtual time; `peer` is the simulated device. */
export function inProcess(
  seed: number,
  peerOn: (clock: Clock) => Parameters<SimNetwork['transport']>[1],
): Place {
  const clock = new SimClock()
  const network = new SimNetwork({ clock, seed })
  const until: Subject['until'] = async (done, withinMs) => {
    const endMs = clock.monotonicMs() + withinMs
    await clock.settle(0)
    while (!done() && clock.monotonicMs() < endMs) {
      const nextMs = clock.untilNextMs() ?? withinMs
      await clock.settle(Math.min(nextMs, endMs - clock.monotonicMs()))
    }
    return done()
  }
  return {
    clock,
    random: new SimRandom(seed),
    transport: network.transport('a device', peerOn(clock)),
    passing: async work => {
      let over = false
      const ended = work.finally(() => {
        over = true
      })
      ended.catch(() => undefined)
      await until(() => over, 600_000)
      return await ended
    },
    until,
    end: async () => undefined,
  }
}

/** Real time, for devices that are on no line of ours. */
export function realTime(): Pick<Place, 'clock' | 'random' | 'until'> {
  const until: Subject['until'] = async (done, withinMs) => {
    const endMs = performance.now() + withinMs
    // A turn of the event loop for each look: a driver that blocked it would be seen as one that never gets ready.
    while (!done() && performance.now() < endMs) await new Promise(resolve => setTimeout(resolve, 2))
    return done()
  }
  return { clock: CLOCK, random: new SimRandom(1), until }
}

/** In real time over `transport`. */
function real(transport: Transport, end: () => Promise<void>): Place {
  return { ...realTime(), transport, passing: work => work, end }
}

export function overTcp(sim: { readonly port: number; close(): Promise<void> }): Place {
  return real(tcpTransport({ host: '127.0.0.1', port: sim.port }), () => sim.close())
}

export async function overPty(sim: { readonly port: number; close(): Promise<void> }): Promise<Place> {
  const { path, child } = await openPty(sim.port)
  return real(serialTransport({ path }), async () => {
    child.kill('SIGKILL')
    await sim.close()
  })
}

/** A device as a subject: on its line, with how it is opened and what it is for. */
export function subjectOn<D extends TriedDevice>(
  place: Place,
  line: TroubledLine,
  made: {
    readonly device: D
    readonly open: (device: D, ports: DevicePorts) => Promise<void>
    readonly works: (device: D) => Promise<string | undefined>
    readonly second?: D
  },
): Subject {
  const { clock, random } = place
  const ports = (healthChanged: (health: DeviceHealth) => void): DevicePorts => ({
    clock,
    random,
    log: () => undefined,
    healthChanged,
  })
  const { device, second } = made
  return {
    device,
    open: changed => made.open(device, ports(changed)),
    works: () => place.passing(made.works(device)),
    ...(second === undefined
      ? {}
      : {
          second: {
            device: second,
            open: () =>
              made.open(
                second,
                ports(() => undefined),
              ),
          },
        }),
    line: {
      unplug: () => line.unplug(),
      plug: async () => line.plug(),
      counts: () => ({ tried: line.tried, open: line.live, most: line.most }),
      flood: bytes => line.flood(bytes),
      dead: dead => {
        line.dead = dead
      },
    },
    clock,
    until: place.until,
  }
}

let operations = 0

/** Another operation each time. */
export function operation(): OperationId {
  operations += 1
  return `01926b3e-0000-7000-8000-${String(operations).padStart(12, '0')}` as OperationId
}

/** What was broken, in words; nothing if all was kept. */
export async function broken(subject: Subject): Promise<readonly string[]> {
  return (await conformance(subject)).flatMap(({ name, result, problem }: Check) =>
    result === 'broken' ? [`${name}: ${problem}`] : [],
  )
}
