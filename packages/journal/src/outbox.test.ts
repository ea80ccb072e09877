// The outbox as a fold: what is open, what may leave, in which order, and what is never repeated.
import type { ClaimId, Event, Intent, LaneConfig, OperationId, SaleId } from '@cashdesk/kernel'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { intent } from '../test/steps.ts'
import {
  dropAfterRestart,
  emptyOutbox,
  entry,
  foldOutbox,
  headOf,
  type Outbox,
  openEntries,
  runnable,
} from './outbox.ts'

const op = (name: string): OperationId => name as OperationId
const settled = (name: string): Event => ({ type: 'op.settled', op: op(name), outcome: 'done' })
const fold = (outbox: Outbox, intents: readonly Intent[], events: readonly Event[] = [], at = 1000): Outbox =>
  foldOutbox(outbox, { at, intents, events })
const names = (entries: readonly { readonly op: OperationId }[]): string[] => entries.map(({ op }) => op)

describe('the outbox', () => {
  it('opens an entry for every intent and closes it when the operation is settled', () => {
    const outbox = fold(emptyOutbox(), [intent('a', 'q'), intent('b', 'r')])
    expect(entry(outbox, op('a'))).toEqual({
      op: 'a',
      intent: intent('a', 'q'),
      since: 1000,
      state: 'sent',
      attempt: 1,
      next: 'repeat',
      uncertain: false,
    })
    fold(outbox, [], [settled('a')])
    expect(names(openEntries(outbox))).toEqual(['b'])
    expect(entry(outbox, op('a'))).toBeUndefined()
  })

  it('follows an operation through its attempts', () => {
    const outbox = fold(emptyOutbox(), [intent('a', 'q')])
    const scheduled = { type: 'op.scheduled', op: op('a'), attempt: 1, uncertain: true } as const
    fold(outbox, [], [{ ...scheduled, next: 'query', at: 5000 }])
    expect(entry(outbox, op('a'))).toMatchObject({ state: 'waiting', next: 'query', dueAt: 5000 })
    fold(outbox, [], [{ type: 'op.attempted', op: op('a'), next: 'query', attempt: 2 }])
    const sent = entry(outbox, op('a'))
    expect(sent).toMatchObject({ state: 'sent', next: 'query', attempt: 2, uncertain: true, since: 1000 })
    expect(sent?.dueAt).toBeUndefined()
  })

  it('takes an intent and its first schedule from one step', () => {
    const later = { type: 'op.scheduled', op: op('a'), attempt: 0, uncertain: false } as const
    const outbox = fold(emptyOutbox(), [intent('a', 'q')], [{ ...later, next: 'repeat', at: 9 }])
    expect(entry(outbox, op('a'))).toMatchObject({ state: 'waiting', attempt: 0, dueAt: 9 })
  })

  it('lets what the till opens as it starts leave at once, and not as if it had been under way', () => {
    const provider = (name: string): Intent => ({
      ...intent(name, name),
      effect: {
        type: 'provider',
        plugin: 'p',
        operation: 'commit',
        sale: 'S' as SaleId,
        claim: 'C' as ClaimId,
      },
    })
    const outbox = fold(emptyOutbox(), [provider('before')])
    const config = { participants: [] } as unknown as LaneConfig
    fold(outbox, [provider('anew')], [{ type: 'lane.started', config }], 2000)
    expect(entry(outbox, op('before'))).toMatchObject({ state: 'waiting', attempt: 2, uncertain: true })
    expect(entry(outbox, op('anew'))).toMatchObject({ state: 'sent', attempt: 1, uncertain: false })
  })

  it('does not change for events about operations that are not open, or for a repeated intent', () => {
    const outbox = fold(emptyOutbox(), [intent('a', 'q')])
    const before = JSON.stringify(openEntries(outbox))
    fold(outbox, [intent('a', 'other')], [settled('x')], 2000)
    expect(JSON.stringify(openEntries(outbox))).toBe(before)
  })
})

describe('what may leave', () => {
  it('is the first of every queue', () => {
    const outbox = fold(emptyOutbox(), [intent('a1', 'a'), intent('a2', 'a'), intent('b1', 'b')])
    expect(names(runnable(outbox))).toEqual(['a1', 'b1'])
    fold(outbox, [], [settled('a1')])
    expect(names(runnable(outbox))).toEqual(['b1', 'a2'].sort())
    expect(headOf(outbox, 'a')?.op).toBe('a2')
    fold(outbox, [], [settled('a2'), settled('b1')])
    expect(runnable(outbox)).toEqual([])
    expect(headOf(outbox, 'a')).toBeUndefined()
  })

  it('waits behind a first one that is not due, even if it is due itself', () => {
    const outbox = fold(emptyOutbox(), [intent('a1', 'a'), intent('a2', 'a')])
    const later = { type: 'op.scheduled', op: op('a1'), attempt: 1, uncertain: false } as const
    fold(outbox, [], [{ ...later, next: 'repeat', at: 5000 }])
    expect(names(runnable(outbox, 4999))).toEqual([])
    expect(names(runnable(outbox, 5000))).toEqual(['a1'])
    expect(names(runnable(outbox))).toEqual(['a1'])
  })

  it('is, after a restart, nothing that may never be repeated', () => {
    const outbox = fold(emptyOutbox(), [
      intent('kick', 'printer', 'drop'),
      intent('paper', 'printer', 'repeat-marked'),
      intent('pay', 'terminal'),
    ])
    expect(names(runnable(outbox))).toEqual(['kick', 'pay'])
    expect(names(dropAfterRestart(outbox))).toEqual(['kick'])
    expect(names(runnable(outbox))).toEqual(['paper', 'pay'])
    expect(dropAfterRestart(outbox)).toEqual([])
  })
})

describe('any history', () => {
  const move = fc.record({ queue: fc.nat(3), act: fc.constantFrom('open', 'settle', 'settle-any') })

  it('gives the same outbox as a plain list would', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 200 }), fc.nat(), (moves, seed) => {
        const outbox = emptyOutbox()
        let list: { op: string; queue: string }[] = []
        for (const [index, { queue, act }] of moves.entries()) {
          const name = `q${queue}`
          if (act === 'open') {
            list.push({ op: `op${index}`, queue: name })
            fold(outbox, [intent(`op${index}`, name)])
            continue
          }
          const chosen =
            act === 'settle'
              ? list.find(item => item.queue === name)
              : list[(seed + index) % (list.length || 1)]
          if (chosen === undefined) continue
          list = list.filter(item => item !== chosen)
          fold(outbox, [], [settled(chosen.op)])
        }
        expect(names(openEntries(outbox))).toEqual(list.map(item => item.op))
        const heads = list.filter((item, at) => list.findIndex(other => other.queue === item.queue) === at)
        expect(names(runnable(outbox)).sort()).toEqual(heads.map(item => item.op).sort())
      }),
      { numRuns: 200 },
    )
  })

  it('of ten thousand open operations in one queue drains in order', () => {
    const outbox = emptyOutbox()
    for (let index = 0; index < 10_000; index += 1) fold(outbox, [intent(`op${index}`, 'one')])
    for (let index = 0; index < 10_000; index += 1) {
      if (headOf(outbox, 'one')?.op !== `op${index}`) throw new TypeError(`not the head: op${index}`)
      fold(outbox, [], [settled(`op${index}`)])
    }
    expect(openEntries(outbox)).toEqual([])
  })
})
