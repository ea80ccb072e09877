// Every accident of a request by itself: what the client hears, when, and what the server saw of it.
import { type Http, type HttpRequest, type HttpResponse, reportOf } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { SimClock } from './clock.ts'
import { type NetworkCounts, type NetworkOptions, SimNetwork } from './network.ts'

const BODY = '{"state":"active"}'
const LIMIT_MS = 5000

interface World {
  readonly clock: SimClock
  readonly network: SimNetwork
  readonly http: Http
  /** When the server saw a request, virtual ms. */
  readonly seenMs: number[]
}

function world(options: NetworkOptions = {}, seed = 1): World {
  const clock = new SimClock()
  const network = new SimNetwork({ clock, seed, ...options })
  const seenMs: number[] = []
  const http = network.http(() => {
    seenMs.push(clock.monotonicMs())
    return { status: 200, headers: { 'content-type': 'application/json' }, body: BODY }
  })
  return { clock, network, http, seenMs }
}

function request(more: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'POST', url: 'https://provider.example/', headers: {}, timeoutMs: LIMIT_MS, ...more }
}

interface Heard {
  readonly code: string
  readonly response?: HttpResponse
  readonly atMs: number
}

/** Sends one request and lets virtual time pass until all of its consequences are over. */
async function send({ clock, http }: World, more: Partial<HttpRequest> = {}): Promise<Heard> {
  const startMs = clock.monotonicMs()
  const heard = http.send(request(more)).then(
    (response): Heard => ({ code: 'none', response, atMs: clock.monotonicMs() - startMs }),
    (error: unknown): Heard => ({
      code: reportOf(error, 'sim.usage').code,
      atMs: clock.monotonicMs() - startMs,
    }),
  )
  await clock.settle(20_000)
  return heard
}

const played = (network: SimNetwork): Partial<NetworkCounts> =>
  Object.fromEntries(Object.entries(network.accidents).filter(([, count]) => count > 0))

describe('a request over a calm network', () => {
  it('is answered once, after two ways, and no accident is counted', async () => {
    const it = world({ latencyMs: { fromMs: 4, toMs: 4 } })
    const { code, response, atMs } = await send(it)
    expect([code, response?.status, response?.body, atMs]).toEqual(['none', 200, BODY, 8])
    expect(it.seenMs).toEqual([4])
    expect(played(it.network)).toEqual({})
    expect(it.clock.pending).toBe(0)
  })

  it('is in doubt when the caller gives up on its way, and never leaves when it gave up before', async () => {
    const it = world({ answerDelayed: 1 })
    const abort = new AbortController()
    it.clock.after(20, () => abort.abort())
    expect(await send(it, { signal: abort.signal })).toEqual({ code: 'http.no-answer', atMs: 20 })
    expect(it.seenMs).toHaveLength(1)
    expect((await send(it, { signal: abort.signal })).code).toBe('http.not-sent')
    expect(it.seenMs).toHaveLength(1)
  })

  it('is in doubt when the server breaks down over it', async () => {
    const clock = new SimClock()
    const http = new SimNetwork({ clock, seed: 1 }).http(() => Promise.reject(new RangeError('broken')))
    const failed = http.send(request()).catch((error: unknown) => reportOf(error, 'sim.usage').code)
    await clock.settle(100)
    expect(await failed).toBe('http.no-answer')
  })
})

describe('an accident of a request', () => {
  it.each([
    ['requestNotSent', 'http.not-sent', 0, 0],
    ['requestLost', 'http.no-answer', LIMIT_MS, 0],
    ['requestLate', 'http.no-answer', LIMIT_MS, 1],
    ['answerLost', 'http.no-answer', LIMIT_MS, 1],
  ] as const)(
    '%s: the client hears %s after %i ms, the server saw it %i times',
    async (name, code, atMs, seen) => {
      const it = world({ [name]: 1 })
      expect(await send(it)).toEqual({ code, atMs })
      expect(it.seenMs).toHaveLength(seen)
      expect(played(it.network)).toEqual({ [name]: 1 })
    },
  )

  it('requestLate: the server sees it after the client gave up', async () => {
    const it = world({ requestLate: 1 })
    await send(it)
    expect(it.seenMs[0]).toBeGreaterThan(LIMIT_MS)
  })

  it('requestDelayed, answerDelayed: it takes longer, and longer than the limit is no answer', async () => {
    for (const name of ['requestDelayed', 'answerDelayed'] as const) {
      const it = world({ [name]: 1, delayMs: { fromMs: 700, toMs: 700 }, latencyMs: { fromMs: 4, toMs: 4 } })
      expect(await send(it)).toMatchObject({ code: 'none', atMs: 708 })
      expect(it.seenMs).toEqual([name === 'requestDelayed' ? 704 : 4])
      expect(await send(it, { timeoutMs: 600 })).toEqual({ code: 'http.no-answer', atMs: 600 })
      expect(it.seenMs).toHaveLength(2)
      expect(played(it.network)).toEqual({ [name]: 2 })
    }
  })

  it('requestDuplicated: the server sees it twice, the client hears one answer', async () => {
    const it = world({ requestDuplicated: 1 })
    expect((await send(it)).code).toBe('none')
    expect(it.seenMs).toHaveLength(2)
    expect(played(it.network)).toEqual({ requestDuplicated: 1 })
  })

  it('answerCut: no answer, at once, although the server did the work', async () => {
    const it = world({ answerCut: 1 })
    const { code, atMs } = await send(it)
    expect(code).toBe('http.no-answer')
    expect(atMs).toBeLessThan(LIMIT_MS)
    expect(it.seenMs).toHaveLength(1)
    expect(played(it.network)).toEqual({ answerCut: 1 })
  })

  it('answerGarbled: an answer, but never the one the server gave', async () => {
    const it = world({ answerGarbled: 1 })
    const bodies = new Set<string | undefined>()
    for (let count = 0; count < 60; count += 1) bodies.add((await send(it)).response?.body)
    expect(bodies).not.toContain(BODY)
    expect(bodies).not.toContain(undefined)
    expect(bodies.size).toBeGreaterThan(3)
    expect(played(it.network)).toEqual({ answerGarbled: 60 })
  })

  it('serverErrorBeforeWork, serverErrorAfterWork: a 5xx tells nothing about the work', async () => {
    for (const [name, seen] of [
      ['serverErrorBeforeWork', 0],
      ['serverErrorAfterWork', 1],
    ] as const) {
      const it = world({ [name]: 1 })
      const { response } = await send(it)
      expect(response?.status).toBeGreaterThanOrEqual(500)
      expect(it.seenMs).toHaveLength(seen)
      expect(played(it.network)).toEqual({ [name]: 1 })
    }
  })

  it('outage: not sent within it; what arrives within it is lost; before and after all is well', async () => {
    const it = world({
      latencyMs: { fromMs: 10, toMs: 10 },
      outages: [
        { fromMs: 15, toMs: 100 },
        { fromMs: 20_000, toMs: 20_001 },
      ],
    })
    expect(await send(it)).toEqual({ code: 'http.no-answer', atMs: LIMIT_MS })
    expect(it.seenMs).toEqual([10])
    expect((await send(it)).code).toBe('http.not-sent')
    expect((await send(it)).code).toBe('none')
    expect(played(it.network)).toEqual({ outage: 2 })
  })
})

describe('the network', () => {
  const mixed: NetworkOptions = {
    requestNotSent: 0.1,
    requestLost: 0.1,
    requestLate: 0.1,
    requestDuplicated: 0.2,
    answerLost: 0.1,
    answerDelayed: 0.3,
    answerGarbled: 0.1,
    serverErrorAfterWork: 0.1,
  }

  async function run(seed: number): Promise<string> {
    const it = world(mixed, seed)
    const heard: Heard[] = []
    for (let count = 0; count < 40; count += 1) heard.push(await send(it))
    return JSON.stringify([heard, it.seenMs, it.network.accidents])
  }

  it('plays the same accidents for the same seed, and others for another', async () => {
    expect(await run(7)).toBe(await run(7))
    expect(await run(7)).not.toBe(await run(8))
  })

  it('heals and keeps its counts; accidents can be set again', async () => {
    const it = world({ requestLost: 1, outages: [{ fromMs: 20_000, toMs: 1e9 }] })
    await send(it)
    await send(it)
    it.network.heal()
    expect((await send(it)).code).toBe('none')
    expect(played(it.network)).toEqual({ requestLost: 1, outage: 1 })
    it.network.set({ requestNotSent: 1 })
    expect((await send(it)).code).toBe('http.not-sent')
    it.network.set({ requestNotSent: 0 })
    expect((await send(it)).code).toBe('none')
  })

  it('refuses what is no probability, no span and no accident of its own', () => {
    const codeOf = (options: NetworkOptions): string => {
      try {
        world(options)
        return 'none'
      } catch (error) {
        return reportOf(error, 'disk.failed').code
      }
    }
    expect(codeOf({ answerLost: 1.5 })).toBe('sim.usage')
    expect(codeOf({ answerLost: Number.NaN })).toBe('sim.usage')
    expect(codeOf({ outages: [{ fromMs: 5, toMs: 4 }] })).toBe('sim.usage')
    const misspelt: object = { answerLots: 1 }
    expect(codeOf({ ...misspelt })).toBe('sim.usage')
    expect(codeOf({ answerLost: 1 })).toBe('none')
  })
})
