// The host's rules, one sentence each, and what must hold after any sequence of calls whatever.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Answer } from './books.ts'
import { type ActivationRequest, DEFAULT_POLICY, decide, keysOf, type Policy, type Verdict } from './rules.ts'
import { MemoryStore } from './store-memory.ts'

const CARD = '6034710000000001'
const OTHER = '6034710000000002'
const MINUTE = 60_000
const HOUR = 60 * MINUTE

const id = (number: number): string => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`

interface Given {
  readonly id?: number
  readonly named?: number
  readonly serial?: string
  readonly prodid?: string
  readonly owner?: string
}

async function shop(policy: Partial<Policy> = {}) {
  const store = new MemoryStore()
  const articles = ['4967', '4968'].map(prodid => ({ prodid, name: prodid, gtin: '4260001190018' }))
  const cards = [CARD, OTHER].map(serial => ({ serial, prodid: '4967' }))
  await store.seed({ articles, cards })
  let now = Date.UTC(2026, 10, 21)
  const call = async (action: ActivationRequest['action'], given: Given): Promise<Verdict> => {
    const { serial = CARD, prodid = '4967', owner = 'acme/1' } = given
    const named = given.named === undefined ? {} : { named: id(given.named) }
    const common = { owner, serial, prodid, payload: JSON.stringify([action, owner, serial, prodid, named]) }
    const ids = action === 'status' ? {} : { id: id(given.id ?? 0) }
    const request = { action, ...ids, ...named, ...common } as ActivationRequest
    return store.transact(keysOf(request), books =>
      decide(books, request, now, { ...DEFAULT_POLICY, ...policy }),
    )
  }
  const card = async (serial = CARD) => (await store.card(serial))?.card
  const pass = (ms: number): void => {
    now += ms
  }
  return { call, card, pass, store, now: () => now }
}

const refused = (reason: Answer['reason']) => expect.objectContaining({ result: 'refused', reason })
const says = (result: Answer['result']) => expect.objectContaining({ result })

describe('a reservation', () => {
  it('holds the card for fifteen minutes, and nobody else gets it', async () => {
    const { call, card, pass } = await shop()
    expect(await call('reserve', { id: 1 })).toEqual({
      result: 'reserved',
      operation: id(1),
      serial: CARD,
      expiresInMs: 15 * MINUTE,
    })
    pass(15 * MINUTE - 1)
    expect(await call('reserve', { id: 2 })).toEqual(refused('taken'))
    expect(await card()).toMatchObject({ state: 'reserved', holder: id(1) })
  })

  it('is refused for an unknown serial, another article, and an active card', async () => {
    const { call } = await shop()
    expect(await call('reserve', { id: 1, serial: 'nope' })).toEqual(refused('unknown-serial'))
    expect(await call('reserve', { id: 2, prodid: '4968' })).toEqual(refused('wrong-article'))
    await call('activate', { id: 3, named: 4 })
    expect(await call('reserve', { id: 5 })).toEqual(refused('already-active'))
  })

  it('that is over lets another take the card, and is then lost', async () => {
    const { call, pass } = await shop()
    await call('reserve', { id: 1 })
    pass(15 * MINUTE)
    expect(await call('reserve', { id: 2 })).toEqual(says('reserved'))
    expect(await call('status', { named: 1 })).toEqual(refused('expired'))
    expect(await call('renew', { id: 3, named: 1 })).toEqual(refused('expired'))
    expect(await call('activate', { id: 4, named: 1 })).toEqual(refused('taken'))
    expect(await call('release', { id: 5, named: 1 })).toEqual(says('released'))
    expect(await call('activate', { id: 6, named: 2 })).toEqual(says('activated'))
  })

  it('that is over and whose card nobody took is still committed', async () => {
    const { call, pass, card } = await shop({ commitWithoutReservation: false })
    await call('reserve', { id: 1 })
    pass(HOUR)
    expect(await call('activate', { id: 2, named: 1 })).toEqual(says('activated'))
    expect(await card()).toMatchObject({ state: 'active', activatedBy: id(2), holder: null })
  })

  it('lasts from the renewal on, also when it was over', async () => {
    const { call, pass } = await shop()
    await call('reserve', { id: 1 })
    pass(HOUR)
    expect(await call('renew', { id: 2, named: 1 })).toMatchObject({
      result: 'renewed',
      expiresInMs: 15 * MINUTE,
    })
    pass(15 * MINUTE - 1)
    expect(await call('reserve', { id: 3 })).toEqual(refused('taken'))
  })

  it('that was released frees the card and can be neither committed nor renewed', async () => {
    const { call, card } = await shop()
    await call('reserve', { id: 1 })
    expect(await call('release', { id: 2, named: 1 })).toEqual(says('released'))
    expect(await card()).toMatchObject({ state: 'free', holder: null, heldUntil: null })
    expect(await call('activate', { id: 3, named: 1 })).toEqual(refused('released'))
    expect(await call('renew', { id: 4, named: 1 })).toEqual(refused('released'))
    expect(await call('status', { named: 1 })).toEqual(says('released'))
  })
})

describe('an activation', () => {
  it('happens once per reservation, and a release comes too late for it', async () => {
    const { call } = await shop()
    await call('reserve', { id: 1 })
    expect(await call('activate', { id: 2, named: 1 })).toEqual(says('activated'))
    expect(await call('activate', { id: 3, named: 1 })).toEqual(refused('already-active'))
    expect(await call('release', { id: 4, named: 1 })).toEqual(refused('already-active'))
    expect(await call('renew', { id: 5, named: 1 })).toEqual(refused('already-active'))
    expect(await call('status', { named: 1 })).toMatchObject({
      result: 'activated',
      activatedAt: '2026-11-21T00:00:00.000Z',
    })
  })

  it('without a reservation is the policy’s to allow', async () => {
    const open = await shop()
    expect(await open.call('activate', { id: 1, named: 9 })).toEqual(says('activated'))
    const strict = await shop({ commitWithoutReservation: false })
    expect(await strict.call('activate', { id: 1, named: 9 })).toEqual(refused('expired'))
    expect(await strict.card()).toMatchObject({ state: 'free' })
  })

  it('never takes a card that another reservation holds, whatever the policy', async () => {
    const { call } = await shop()
    await call('reserve', { id: 1 })
    expect(await call('activate', { id: 2, named: 9 })).toEqual(refused('taken'))
  })

  it('can be voided for a day, and the card can be sold again', async () => {
    const { call, pass, card } = await shop()
    await call('activate', { id: 1, named: 9 })
    pass(24 * HOUR)
    expect(await call('void', { id: 2, named: 1 })).toEqual(says('voided'))
    expect(await card()).toMatchObject({ state: 'voided', activatedBy: null })
    expect(await call('void', { id: 3, named: 1 })).toEqual(says('voided'))
    expect(await call('status', { named: 1 })).toEqual(says('voided'))
    expect(await call('reserve', { id: 4 })).toEqual(says('reserved'))
  })

  it('cannot be voided after that', async () => {
    const { call, pass, card } = await shop()
    await call('activate', { id: 1, named: 9 })
    pass(24 * HOUR + 1)
    expect(await call('void', { id: 2, named: 1 })).toEqual(refused('too-late'))
    expect(await card()).toMatchObject({ state: 'active' })
  })

  it('that was voided is not undone again by a late void of a former owner of the card', async () => {
    const { call, card } = await shop()
    await call('activate', { id: 1, named: 8 })
    await call('void', { id: 2, named: 1 })
    await call('activate', { id: 3, named: 9 })
    expect(await call('void', { id: 4, named: 1 })).toEqual(says('voided'))
    expect(await card()).toMatchObject({ state: 'active', activatedBy: id(3) })
  })

  it('by hand needs no article and no reservation, but leaves a held card alone', async () => {
    const { call, pass } = await shop({ commitWithoutReservation: false })
    await call('reserve', { id: 1 })
    expect(await call('activate', { id: 2, owner: 'admin' })).toEqual(refused('taken'))
    pass(15 * MINUTE)
    expect(await call('activate', { id: 3, owner: 'admin' })).toEqual(says('activated'))
    expect(await call('activate', { id: 4, named: 1 })).toEqual(refused('already-active'))
  })
})

describe('an operation id', () => {
  it('answers the same for ever, and tells anew only the time that is left', async () => {
    const { call, pass } = await shop()
    const first = await call('reserve', { id: 1 })
    pass(5 * MINUTE)
    const again = { ...(first as Answer), expiresInMs: 10 * MINUTE, original: true }
    expect(await call('reserve', { id: 1 })).toEqual(again)
    pass(HOUR)
    expect(await call('reserve', { id: 1 })).toEqual({ ...again, expiresInMs: 0 })
    await call('activate', { id: 2, named: 1 })
    const activated = await call('activate', { id: 2, named: 1 })
    expect(activated).toMatchObject({ result: 'activated', original: true })
  })

  it('repeats a refusal even when the card is free again', async () => {
    const { call } = await shop()
    await call('reserve', { id: 1 })
    await call('reserve', { id: 2 })
    await call('release', { id: 3, named: 1 })
    expect(await call('reserve', { id: 2 })).toMatchObject({
      result: 'refused',
      reason: 'taken',
      original: true,
    })
  })

  it('cannot be used for anything else', async () => {
    const { call } = await shop()
    await call('reserve', { id: 1 })
    expect(await call('reserve', { id: 1, serial: OTHER })).toBe('repeated-differently')
    expect(await call('release', { id: 1, named: 1 })).toBe('repeated-differently')
    expect(await call('reserve', { id: 1, owner: 'other/1' })).toBe('repeated-differently')
  })

  it('that was asked about before it was seen is refused when it comes late', async () => {
    const { call, card } = await shop()
    expect(await call('status', { named: 1 })).toEqual(says('not-found'))
    expect(await call('reserve', { id: 1 })).toEqual(refused('released'))
    expect(await call('status', { named: 1 })).toEqual(says('not-found'))
    expect(await card()).toMatchObject({ state: 'free' })
  })

  it('is buried by a release, a renewal, a void or an activation that names it, too', async () => {
    const { call } = await shop()
    expect(await call('release', { id: 11, named: 1 })).toEqual(says('released'))
    expect(await call('renew', { id: 12, named: 2 })).toEqual(says('not-found'))
    expect(await call('void', { id: 13, named: 3 })).toEqual(says('voided'))
    expect(await call('reserve', { id: 1 })).toEqual(refused('released'))
    expect(await call('reserve', { id: 2 })).toEqual(refused('released'))
    expect(await call('activate', { id: 3, named: 4 })).toEqual(refused('released'))
    expect(await call('activate', { id: 5, named: 1 })).toEqual(refused('released'))
    await call('activate', { id: 6, named: 7, serial: OTHER })
    await call('void', { id: 14, named: 6, serial: OTHER })
    expect(await call('reserve', { id: 7, serial: OTHER })).toMatchObject({ result: 'refused' })
  })

  it('of a renewal that found no reservation was seen all the same, and is not told as buried', async () => {
    const { call } = await shop()
    expect(await call('renew', { id: 4, named: 3 })).toEqual(says('not-found'))
    expect(await call('status', { named: 4 })).toEqual(refused('released'))
    expect(await call('renew', { id: 4, named: 3 })).toMatchObject({ result: 'not-found', original: true })
  })

  it('of another owner, another serial or another kind cannot be named', async () => {
    const { call, card } = await shop()
    await call('reserve', { id: 1 })
    const no = refused('not-allowed')
    expect(await call('release', { id: 2, named: 1, owner: 'thief/1' })).toEqual(no)
    expect(await call('status', { named: 1, owner: 'thief/1' })).toEqual(no)
    expect(await call('release', { id: 3, named: 1, serial: OTHER })).toEqual(no)
    expect(await call('void', { id: 4, named: 1 })).toEqual(no)
    expect(await call('activate', { id: 5, named: 4 })).toEqual(no)
    expect(await card()).toMatchObject({ state: 'reserved', holder: id(1) })
  })
})

describe('after any sequence of calls', () => {
  const action = fc.constantFrom('reserve', 'activate', 'release', 'renew', 'void', 'status' as const)
  const step = fc.record({
    action: action as fc.Arbitrary<ActivationRequest['action']>,
    id: fc.integer({ min: 1, max: 12 }),
    named: fc.integer({ min: 1, max: 12 }),
    serial: fc.constantFrom(CARD, OTHER),
    waitMs: fc.constantFrom(0, 0, 1, 16 * MINUTE),
  })

  it('an id has one answer, a card one holder and one activation, and what is buried stays so', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
        const { call, card, pass, store } = await shop()
        const answers = new Map<string, Answer>()
        const buried = new Set<string>()
        for (const { action, id: own, named, serial, waitMs } of steps) {
          pass(waitMs)
          const answer = await call(
            action,
            action === 'reserve' ? { id: own, serial } : { id: own, named, serial },
          )
          if (answer === 'repeated-differently') continue
          if (answer.result === 'not-found') buried.add(id(named))
          if (action === 'status') continue
          if (buried.has(id(own))) expect(answer.result).toBe('refused')
          const { original, expiresInMs: _, ...rest } = answer
          expect(original === true).toBe(answers.has(id(own)))
          expect(rest).toEqual(answers.get(id(own)) ?? rest)
          if (answer.reason !== 'released' || (await store.operation(id(own)))?.kind !== 'buried')
            answers.set(id(own), rest)
        }
        for (const serial of [CARD, OTHER]) {
          const history = (await store.card(serial))?.history ?? []
          const count = (event: string): number => history.filter(entry => entry.event === event).length
          const active = count('activated') - count('voided')
          expect(active).toBe((await card(serial))?.state === 'active' ? 1 : 0)
          const holder = (await card(serial))?.holder
          if (holder) expect((await store.operation(holder))?.state).toBe('reserved')
        }
      }),
      { numRuns: 300 },
    )
  })
})
