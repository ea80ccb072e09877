// The conformance checks find what they look for: the real scanner driver with one mistake each on top of it.
import { simulatedScanner } from '@cashdesk/hardware-sim'
import type { DeviceHealth, DevicePorts, Scanner } from '@cashdesk/kernel'
import { serialScanner } from '@cashdesk/scanner'
import { expect, it } from 'vitest'
import { TroubledLine } from '../../drivers/transport/test/accidents.ts'
import { broken, inProcess, subjectOn } from './lines.ts'

type Mistake = (scanner: Scanner, line: TroubledLine, ports: DevicePorts) => Partial<Scanner>

async function found(mistake: Mistake): Promise<string> {
  const place = inProcess(1, clock => simulatedScanner({ clock }).peer)
  const line = new TroubledLine(place.transport, { seed: 1, clock: place.clock })
  const scanner = serialScanner({ transport: line })
  const silent: DevicePorts = {
    clock: place.clock,
    random: place.random,
    log: () => undefined,
    healthChanged: () => undefined,
  }
  let ports = silent
  const wrong = mistake(scanner, line, { ...silent, healthChanged: health => ports.healthChanged(health) })
  const device = {
    family: 'scanner' as const,
    name: scanner.name,
    health: () => scanner.health(),
    close: () => scanner.close(),
    ...wrong,
  }
  const all = await broken(
    subjectOn(place, line, {
      device,
      open: async (_device, given) => {
        ports = given
        await (wrong.open ?? (host => scanner.open(host)))({
          ...given,
          scanned: () => undefined,
          discarded: () => undefined,
        })
      },
      works: async () => undefined,
    }),
  )
  return all.join('\n')
}

it('finds nothing in the driver as it is', async () => {
  expect(await found(() => ({}))).toBe('')
})

it.each<[string, string, Mistake]>([
  ['does not close', 'does not close', () => ({ close: () => new Promise(() => undefined) })],
  [
    'keeps its connection',
    'connections are open after closing',
    scanner => {
      const closed: DeviceHealth = { ...scanner.health(), state: 'closed' }
      let over = true
      return {
        health: () => (over ? closed : scanner.health()),
        close: async () => {
          over = true
        },
        open: async host => {
          over = false
          await scanner.open(host)
        },
      }
    },
  ],
  [
    'speaks after it was closed',
    'after it was closed',
    (scanner, _line, ports) => ({
      close: async () => {
        await scanner.close()
        ports.clock.after(50, () => ports.healthChanged(scanner.health()))
      },
    }),
  ],
  [
    'does not notice that it was unplugged',
    'without its device',
    scanner => ({
      health: () => {
        const health = scanner.health()
        return health.state === 'absent' ? { ...health, state: 'ready' } : health
      },
    }),
  ],
  [
    'hammers a device that is away',
    'looked ',
    (scanner, line, { clock }) => ({
      open: async host => {
        await scanner.open(host)
        const again = (): void => {
          if (scanner.health().state === 'closed') return
          if (scanner.health().state === 'absent') line.tried += 1
          clock.after(50, again)
        }
        again()
      },
    }),
  ],
  [
    'counts wrongly',
    'opens is -1',
    scanner => ({ health: () => ({ ...scanner.health(), counts: { opens: -1 } }) }),
  ],
])('finds a driver that %s', async (_what, words, mistake) => {
  expect(await found(mistake)).toContain(words)
})
