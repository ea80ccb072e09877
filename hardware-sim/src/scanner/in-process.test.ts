// The scanner in the process that tests it: what it reads arrives over the simulated network, in virtual time.
import { beforeEach, describe, expect, it } from 'vitest'
import { SimClock, SimNetwork } from '../world/index.ts'
import { type SimulatedScanner, simulatedScanner } from './in-process.ts'

let clock: SimClock
let network: SimNetwork
let scanner: SimulatedScanner
let chunks: string[]
let ended: string

beforeEach(() => {
  clock = new SimClock()
  network = new SimNetwork({ clock, seed: 5 })
  scanner = simulatedScanner({ clock })
  chunks = []
  ended = ''
})

async function connect(): Promise<void> {
  const opening = network.transport('scanner', scanner.peer).open({
    data: bytes => chunks.push(Buffer.from(bytes).toString('latin1')),
    closed: cause => {
      ended = String(cause?.detail?.['reason'])
    },
  })
  opening.catch(() => undefined)
  await clock.settle(100)
  await opening
}

describe('a scanner in virtual time', () => {
  it('sends what it reads, as it is set up, to whoever is connected', async () => {
    expect(await scanner.scan('lost')).toBe(0)
    await connect()
    expect(await scanner.scan('4006381333931', { aim: 'auto' })).toBe(1)
    await clock.settle(100)
    expect(chunks).toEqual([']E04006381333931\r'])
    expect(scanner.state()).toMatchObject({ connected: 1, scanCount: 2 })
  })

  it('dribbles byte by byte on the clock it was given', async () => {
    await connect()
    const dribbling = scanner.accident('split', { code: '123' })
    const next = scanner.scan('456')
    await clock.settle(1_000)
    await Promise.all([dribbling, next])
    expect(chunks).toEqual(['1', '2', '3', '\r', '456\r'])
    expect(clock.pending).toBe(0)
  })

  it('cannot be reached while its cable is pulled', async () => {
    await connect()
    await scanner.accident('unplug')
    await clock.settle(100)
    expect(ended).toBe('ended')
    await expect(connect()).rejects.toMatchObject({ code: 'transport.unreachable' })
    await scanner.accident('plug')
    await connect()
    await scanner.scan('back')
    await clock.settle(100)
    expect(chunks).toEqual(['back\r'])
  })
})
