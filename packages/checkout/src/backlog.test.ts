// A long outage: what waits must cost no more than it has to, and must all be done when the provider is back.
import type { Event } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { CARD, Register, SHOP, wants } from '../test/shop.ts'
import { granted, lost, Till } from '../test/till.ts'

/** More than one step may start. */
const MANY = 600
const HOUR_MS = 3_600_000

/** Paid sales whose commits were never answered. */
function backlog(count: number): Till {
  const till = new Till({ ...SHOP, hasPrinter: false })
  for (let sold = 1; sold <= count; sold += 1) {
    const register = new Register(till, `S${sold}`)
    register.line('card', CARD, [wants(`A${sold}`)])
    till.answer('reserve', granted({ expiresInMs: 900_000 }))
    register.say('sale.total')
    register.pay('T1', 'cash')
    register.finish(0)
    till.answer('commit', lost('provider.unreachable'))
  }
  return till
}

const attempts = (events: readonly Event[]): number =>
  events.filter(event => event.type === 'op.attempted').length

/** Everything that is under way fails; answers how much that was. */
function failAll(till: Till): number {
  const sent = [...till.lane.operations.values()].filter(({ phase }) => phase === 'sent')
  for (const { op } of sent)
    till.do({ type: 'answer', op, via: 'send', answer: lost('provider.unreachable') })
  return sent.length
}

describe('a backlog', () => {
  it('asks after a silent provider once at a time, however much waits', () => {
    const till = backlog(50)
    till.pass(60_000)
    failAll(till)
    let tries = 0
    for (let minute = 0; minute < 60; minute += 1) {
      till.pass(60_000)
      const sent = failAll(till)
      expect(sent).toBeLessThanOrEqual(1)
      tries += sent
    }
    expect(tries).toBeGreaterThan(30)
  })

  it('is not stirred up by sales whose reservations are answered elsewhere', () => {
    const till = backlog(50)
    till.pass(60_000)
    failAll(till)
    const register = new Register(till, 'S-new')
    register.line('card', CARD, [wants('A-new')])
    till.answer('reserve', granted({ expiresInMs: 900_000 }))
    till.pass(1_000)
    expect([...till.lane.operations.values()].filter(({ phase }) => phase === 'sent')).toEqual([])
  })

  it('is not held up by one operation that the provider never answers', () => {
    const till = backlog(10)
    failAll(till)
    const stuck = [...till.lane.operations.keys()][0]
    for (let minute = 0; minute < 30 && till.lane.operations.size > 1; minute += 1) {
      till.pass(60_000)
      for (const { op, phase } of [...till.lane.operations.values()]) {
        if (phase !== 'sent') continue
        const answer = op === stuck ? lost() : granted()
        till.do({ type: 'answer', op, via: 'send', answer })
      }
    }
    expect([...till.lane.operations.keys()]).toEqual([stuck])
  })

  it('goes out at once, all of it, when the provider answers again', () => {
    const till = backlog(MANY)
    till.pass(72 * HOUR_MS)
    const probe = [...till.lane.operations.values()].find(({ phase }) => phase === 'sent')
    if (!probe) throw new TypeError('nothing asks whether the provider is back')
    till.do({ type: 'answer', op: probe.op, via: 'send', answer: granted() })
    till.pass(1_000)
    expect([...till.lane.operations.values()].filter(({ phase }) => phase !== 'sent')).toEqual([])
    till.allWell()
    expect(till.lane.operations.size).toBe(0)
    expect(till.tasks()).toEqual([])
  })

  it('starts no more in one step than a record can hold, and the rest right after', () => {
    const till = backlog(MANY)
    const started = attempts(till.restart())
    expect(started).toBeGreaterThan(0)
    expect(started).toBeLessThan(MANY)
    till.pass(100)
    expect([...till.lane.operations.values()].filter(({ phase }) => phase !== 'sent')).toEqual([])
  })

  it('of a plugin that is gone raises a task for each, in steps of the same bound, and goes on when it is back', () => {
    const till = backlog(MANY)
    const others = SHOP.participants.filter(({ plugin }) => plugin !== 'activation')
    const restarted = till.restart({ ...SHOP, hasPrinter: false, participants: others })
    expect(restarted.length).toBeLessThan(MANY)
    till.pass(100)
    expect(till.tasks()).toHaveLength(MANY)
    expect(till.tasks()[0]).toMatchObject({ kind: 'provider-stuck', error: { code: 'plugin.missing' } })
    till.restart()
    till.pass(100)
    till.allWell()
    expect(till.tasks()).toEqual([])
  })

  it('does not hold back a second operation of the sale whose first one failed', () => {
    const till = new Till({ ...SHOP, hasPrinter: false })
    const register = new Register(till)
    for (const serial of ['A1', 'A2']) {
      register.line(serial, CARD, [wants(serial)])
      till.answer('reserve', granted({ expiresInMs: 900_000 }))
    }
    register.say('sale.total')
    register.pay('T1', 'cash')
    for (let minute = 0; minute < 20; minute += 1) {
      const [head] = till.heads()
      if (head) till.do({ type: 'answer', op: head.op, via: 'send', answer: lost('provider.unreachable') })
      till.pass(60_000)
    }
    expect(till.heads()).toHaveLength(1)
  })
})
