// Every accident of a byte stream by itself: order is kept and bytes are never invented, whatever else happens.
import { type CashdeskError, type Connection, reportOf } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { SimClock } from './clock.ts'
import { type NetworkOptions, type PeerSide, SimNetwork } from './network.ts'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)

/** What one end of a stream heard. */
class Ear {
  readonly chunks: string[] = []
  readonly ends: string[] = []

  data(chunk: Uint8Array): void {
    this.chunks.push(text(chunk))
  }

  closed(cause?: CashdeskError): void {
    this.ends.push(cause === undefined ? 'own' : `${cause.code} ${cause.detail?.['reason']}`)
  }
}

interface World {
  readonly clock: SimClock
  readonly network: SimNetwork
  readonly till: Ear
  readonly peer: Ear
  readonly sides: PeerSide[]
  /** When an opening failed, virtual ms. */
  readonly refusedMs: number[]
  open(more?: { timeoutMs?: number; signal?: AbortSignal }): Promise<Connection>
}

function world(options: NetworkOptions = {}, seed = 1): World {
  const clock = new SimClock()
  const network = new SimNetwork({ clock, seed, ...options })
  const till = new Ear()
  const peer = new Ear()
  const sides: PeerSide[] = []
  const refusedMs: number[] = []
  const transport = network.transport('sim terminal', side => {
    sides.push(side)
    return peer
  })
  const open = async (more = {}): Promise<Connection> => {
    const opening = transport.open(till, more)
    opening.catch(() => refusedMs.push(clock.monotonicMs()))
    await clock.settle(10_000)
    return opening
  }
  return { clock, network, till, peer, sides, refusedMs, open }
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: unknown) => reportOf(error, 'sim.usage').code,
  )

describe('a stream over a calm network', () => {
  it('carries bytes both ways, whole and in order', async () => {
    const { open, clock, sides, peer, till, network } = world()
    const connection = await open()
    for (const word of ['one', 'two', 'three']) await connection.write(bytes(word))
    sides[0]?.data(bytes('yes'))
    await clock.settle(100)
    expect(peer.chunks).toEqual(['one', 'two', 'three'])
    expect(till.chunks).toEqual(['yes'])
    expect(Object.values(network.accidents).every(count => count === 0)).toBe(true)
  })

  it('ends with what was on its way delivered; each side hears who ended it, once', async () => {
    const { open, clock, peer, till } = world()
    const connection = await open()
    await connection.write(bytes('last'))
    await connection.close()
    await connection.close()
    await clock.settle(100)
    expect([peer.chunks, peer.ends]).toEqual([['last'], ['transport.closed ended']])
    expect(till.ends).toEqual(['own'])
    expect(await codeOf(connection.write(bytes('more')))).toBe('transport.closed')
  })

  it('can be ended by the device, and opened again', async () => {
    const { open, clock, sides, peer, till } = world()
    const connection = await open()
    sides[0]?.data(bytes('bye'))
    sides[0]?.close()
    sides[0]?.data(bytes('too late'))
    await clock.settle(100)
    expect([till.chunks, till.ends, peer.ends]).toEqual([['bye'], ['transport.closed ended'], ['own']])
    expect(await codeOf(connection.write(bytes('more')))).toBe('transport.closed')
    await (await open()).write(bytes('again'))
    await clock.settle(100)
    expect(peer.chunks).toEqual(['again'])
    expect(sides).toHaveLength(2)
  })
})

describe('a stream nobody empties', () => {
  it('breaks when more is on its way than it holds', async () => {
    const { open, clock, peer, till } = world()
    const connection = await open()
    await connection.write(bytes('first'))
    await connection.write(new Uint8Array(16 * 1024 * 1024))
    await clock.settle(100)
    expect(peer.chunks).toEqual(['first'])
    expect([till.ends, peer.ends]).toEqual([['transport.closed ENOBUFS'], ['transport.closed ENOBUFS']])
  })
})

describe('an accident of a stream', () => {
  it('connectRefused: the device is never told', async () => {
    const { open, sides, network } = world({ connectRefused: 1 })
    expect(await codeOf(open())).toBe('transport.unreachable')
    expect(sides).toEqual([])
    expect(network.accidents.connectRefused).toBe(1)
  })

  it('connectUnanswered: the opening fails at its time limit, or when the caller gives up', async () => {
    const { open, clock, network, sides, refusedMs } = world({ connectUnanswered: 1 })
    expect(await codeOf(open({ timeoutMs: 700 }))).toBe('transport.timeout')
    const abort = new AbortController()
    clock.after(50, () => abort.abort())
    expect(await codeOf(open({ signal: abort.signal }))).toBe('transport.unreachable')
    expect(await codeOf(open({ signal: abort.signal }))).toBe('transport.unreachable')
    // The last one never set out.
    expect(refusedMs).toEqual([700, 10_050, 20_000])
    expect([network.accidents.connectUnanswered, sides.length, clock.pending]).toEqual([2, 0, 0])
  })

  it('chunkDelayed: later, in order, nothing lost', async () => {
    const { open, clock, peer, network } = world({
      chunkDelayed: 1,
      delayMs: { fromMs: 500, toMs: 500 },
      latencyMs: { fromMs: 1, toMs: 1 },
    })
    const connection = await open()
    await connection.write(bytes('slow'))
    await clock.settle(100)
    network.heal()
    await connection.write(bytes('fast'))
    await clock.settle(400)
    expect(peer.chunks).toEqual([])
    await clock.settle(1)
    expect(peer.chunks).toEqual(['slow', 'fast'])
    expect(network.accidents.chunkDelayed).toBe(1)
  })

  it('chunkSplit: in pieces, the same bytes', async () => {
    const { open, clock, peer, network } = world({ chunkSplit: 1 })
    const connection = await open()
    await connection.write(bytes('a frame of some bytes'))
    await clock.settle(1000)
    expect(peer.chunks.length).toBeGreaterThan(1)
    expect(peer.chunks.join('')).toBe('a frame of some bytes')
    expect(network.accidents.chunkSplit).toBe(1)
  })

  it('chunksJoined: as one; a chunk that nothing follows arrives by itself', async () => {
    const { open, clock, peer, network } = world({ chunksJoined: 1 })
    const connection = await open()
    for (const word of ['one', 'two', 'three']) await connection.write(bytes(word))
    await clock.settle(5000)
    expect(peer.chunks).toEqual(['onetwo', 'three'])
    expect(network.accidents.chunksJoined).toBe(1)
  })

  it('streamCut: after any byte, none and all included, and both sides notice', async () => {
    const arrived = new Set<string>()
    for (let seed = 0; seed < 60; seed += 1) {
      const { open, clock, peer, till, network, sides } = world({ streamCut: 1 }, seed)
      const connection = await open()
      await connection.write(bytes('abc'))
      await connection.write(bytes('def'))
      await clock.settle(1000)
      arrived.add(peer.chunks.join(''))
      expect([till.ends, peer.ends]).toEqual([
        ['transport.closed ECONNRESET'],
        ['transport.closed ECONNRESET'],
      ])
      expect(network.accidents.streamCut).toBe(1)
      sides[0]?.data(bytes('lost'))
      expect(await codeOf(connection.write(bytes('more')))).toBe('transport.closed')
      await clock.settle(1000)
      expect(till.chunks).toEqual([])
    }
    expect([...arrived].sort()).toEqual(['', 'a', 'ab', 'abc'])
  })

  it('outage: no opening within it; a stream on which something arrives within it breaks', async () => {
    const { open, clock, peer, till, network } = world()
    const connection = await open()
    const nowMs = clock.monotonicMs()
    network.set({ outages: [{ fromMs: nowMs, toMs: nowMs + 15_000 }] })
    await connection.write(bytes('lost'))
    expect(await codeOf(open())).toBe('transport.unreachable')
    expect([peer.chunks, peer.ends, till.ends]).toEqual([
      [],
      ['transport.closed ETIMEDOUT'],
      ['transport.closed ETIMEDOUT'],
    ])
    await clock.settle(5000)
    expect(await codeOf(open())).toBe('none')
    expect(network.accidents.outage).toBe(2)
  })
})

describe('a seed', () => {
  async function run(seed: number): Promise<string> {
    const { open, clock, peer, network } = world(
      { chunkSplit: 0.4, chunksJoined: 0.4, chunkDelayed: 0.2, streamCut: 0.05 },
      seed,
    )
    for (let stream = 0; stream < 5; stream += 1) {
      const connection = await open()
      for (let word = 0; word < 20; word += 1) await codeOf(connection.write(bytes(`word ${word};`)))
      await clock.settle(60_000)
      await connection.close()
    }
    return JSON.stringify([peer.chunks, peer.ends, network.accidents])
  }

  it('decides everything, and another one decides otherwise', async () => {
    expect(await run(3)).toBe(await run(3))
    expect(await run(3)).not.toBe(await run(4))
  })
})
