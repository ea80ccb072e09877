// An attempt that ended unknown stands in the way of everything that would put another transaction over the evidence,
// in the driver itself: whoever uses it alone is as safe as a till.
import type { OperationId, PaymentFacts } from '@cashdesk/kernel'
import { afterEach, describe, expect, it } from 'vitest'
import {
  accepting,
  BEFORE,
  closeAll,
  expected,
  FACTS,
  goodPayment,
  OLDER,
  OP,
  ORDER,
  Peer,
  STATUS,
  shows,
  start,
} from '../test/node-peer.ts'

afterEach(closeAll)

const OTHER = '019358a0-0000-7000-8000-000000000002' as OperationId
const BLOCKED = { outcome: 'refused', error: { code: 'terminal.blocked' } }

/** A terminal whose first payment was lost. */
async function lost(): Promise<{ peer: Peer; terminal: Awaited<ReturnType<typeof start>>['terminal'] }> {
  const peer = new Peer()
  peer.scripts.set('0601', talk => talk.drop())
  const { terminal } = await start(peer)
  expect(await terminal.pay(ORDER, accepting)).toMatchObject({ outcome: 'unknown' })
  peer.scripts.set('0601', goodPayment)
  return { peer, terminal }
}

describe('a payment that ended unknown', () => {
  it('refuses the next payment, refund, reversal and end of day before anything is sent', async () => {
    const { peer, terminal } = await lost()
    expect(terminal.unresolved).toBe(ORDER.op)
    const next = { ...ORDER, op: OTHER }
    expect(await terminal.pay(next, accepting)).toMatchObject(BLOCKED)
    expect(await terminal.refund(next, accepting)).toMatchObject(BLOCKED)
    expect(await terminal.reverse(next, FACTS, accepting)).toMatchObject(BLOCKED)
    expect(await terminal.endOfDay(OTHER, accepting)).toMatchObject(BLOCKED)
    expect(['0601', '0630', '0631', '0650'].map(command => peer.count(command))).toEqual([1, 0, 0, 0])
  })

  it.each([
    ['booked', STATUS, 'done'],
    ['not booked', OLDER, 'refused'],
  ])('is out of the way when the terminal shows it as %s', async (_how, shown, outcome) => {
    const { peer, terminal } = await lost()
    peer.scripts.set('0620', shows(shown, '060f00'))
    expect(await terminal.query({ ...expected, approved: FACTS, before: BEFORE })).toMatchObject({ outcome })
    expect(terminal.unresolved).toBeUndefined()
    expect(await terminal.pay({ ...ORDER, op: OTHER }, accepting)).toMatchObject({ outcome: 'done' })
  })

  it('stays in the way while the terminal cannot tell, and whatever becomes of another attempt', async () => {
    const { peer, terminal } = await lost()
    peer.scripts.set('0620', shows(STATUS, '060f00'))
    expect(await terminal.query(expected)).toMatchObject({ outcome: 'unknown' })
    expect(await terminal.query({ ...expected, op: OTHER, approved: FACTS })).toMatchObject({
      outcome: 'done',
    })
    expect(await terminal.query({ ...expected, op: OTHER })).toMatchObject({ outcome: 'unknown' })
    expect(terminal.unresolved).toBe(ORDER.op)
    terminal.settle?.(OTHER)
    expect(await terminal.pay({ ...ORDER, op: OTHER }, accepting)).toMatchObject(BLOCKED)
  })

  it('is out of the way when a person decided', async () => {
    const { terminal } = await lost()
    terminal.settle?.(ORDER.op)
    expect(terminal.unresolved).toBeUndefined()
    expect(await terminal.pay({ ...ORDER, op: OTHER }, accepting)).toMatchObject({ outcome: 'done' })
  })

  it('stays out of the way when a person decided while it was asked about', async () => {
    const { peer, terminal } = await lost()
    const cannotTell = shows(STATUS, '060f00')
    peer.scripts.set('0620', talk => {
      terminal.settle?.(ORDER.op)
      return cannotTell(talk)
    })
    expect(await terminal.query(expected)).toMatchObject({ outcome: 'unknown' })
    expect(terminal.unresolved).toBeUndefined()
  })

  it('is in the way of a new process as soon as it was asked about there in vain', async () => {
    const peer = new Peer()
    peer.scripts.set('0620', shows(STATUS, '060f00'))
    const { terminal } = await start(peer)
    expect(terminal.unresolved).toBeUndefined()
    expect(await terminal.query(expected)).toMatchObject({ outcome: 'unknown' })
    expect(await terminal.pay({ ...ORDER, op: OTHER }, accepting)).toMatchObject(BLOCKED)
  })

  it('stays in the way when the driver is closed and opened again', async () => {
    const { peer, terminal } = await lost()
    await terminal.close()
    expect(peer.count('0602')).toBe(0)
    expect(terminal.unresolved).toBe(OP)
  })
})

it('a reversal that ended unknown is in the way, too', async () => {
  const peer = new Peer()
  peer.scripts.set('0630', talk => talk.drop())
  const { terminal } = await start(peer)
  const original: PaymentFacts = FACTS
  expect(await terminal.reverse(ORDER, original, accepting)).toMatchObject({ outcome: 'unknown' })
  expect(await terminal.pay({ ...ORDER, op: OTHER }, accepting)).toMatchObject(BLOCKED)
})
