// What a till takes out of a snapshot is what it put in, whatever state its lane was in: from there on the rest of the
// journal makes the same of it as the whole journal does.
import { evolve } from '@cashdesk/checkout'
import { Prng } from '@cashdesk/hardware-sim'
import type { Step } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { Chaos } from '../../packages/checkout/test/chaos.ts'
import { LaneMemory } from '../../packages/sdk/src/memory.ts'
import { stateOf } from './fixtures.ts'
import { stepsOf } from './lanes.ts'

/** As a journal hands them out. */
const read = (steps: readonly Step[]): readonly Step[] => JSON.parse(JSON.stringify(steps))

function lane(seed: number): readonly Step[] {
  const prng = new Prng(seed)
  const chaos = new Chaos(seed % 2 === 0)
  const steps = stepsOf(chaos.till)
  chaos.till.restart()
  const number = (): number => prng.below(5_040)
  for (let each = 0; each < 90; each += 1) chaos.step([number(), number(), number(), number()])
  return read(steps)
}

function folded(steps: readonly Step[], memory: LaneMemory = new LaneMemory(), from = 0): LaneMemory {
  // Its parts become parts of the lane: every fold reads its own.
  for (const [index, step] of read(steps).entries()) memory.replay(step, from + index + 1)
  return memory
}

/** As a till does while it sells. */
function lived(steps: readonly Step[], memory: LaneMemory): void {
  for (const step of read(steps)) {
    for (const event of step.events) evolve(memory.lane, event)
    memory.foldDurable(step)
  }
}

describe('a snapshot of any lane', () => {
  it('holds all that the rest of its journal builds on', () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const steps = lane(seed)
      const cut = Math.floor((steps.length * (seed % 10)) / 10)
      const before = folded(steps.slice(0, cut))
      const parts = read([...before.parts()] as readonly Step[])
      const restored = new LaneMemory()
      restored.snapshots.restore(parts, cut)
      expect(stateOf(restored), `seed ${seed}`).toBe(stateOf(before))
      const whole = folded(steps)
      folded(steps.slice(cut), restored, cut)
      expect(stateOf(restored), `seed ${seed}`).toBe(stateOf(whole))
      expect(restored.lane, `seed ${seed}`).toEqual(whole.lane)
      expect([...restored.tasks], `seed ${seed}`).toEqual([...whole.tasks])
      expect(heads(restored), `seed ${seed}`).toEqual(heads(whole))
      // What is live and what is sold are the same objects, or a change would reach only one of them.
      for (const [id, sale] of restored.lane.live) expect(restored.lane.sales.get(id)).toBe(sale)
    }
  })

  it('is taken at the call: what happens while it is written is not in it', () => {
    const steps = lane(11)
    const cut = Math.floor(steps.length / 2)
    const memory = folded(steps.slice(0, cut))
    const then = stateOf(memory)
    const parts = memory.parts()
    lived(steps.slice(cut), memory)
    expect([...parts].map(part => `${JSON.stringify(part)}\n`).join('')).toBe(then)
    expect(stateOf(memory)).not.toBe(then)
  })

  it('that is not understood changes nothing', () => {
    const memory = folded(lane(3))
    for (const broken of [[], [{ lane: 1 }], [{ rest: {} }, { lane: { field: 'unheard', value: 1 } }]]) {
      const other = new LaneMemory()
      expect(() => other.snapshots.restore(broken, 1)).toThrow()
      expect(stateOf(other)).toBe(stateOf(new LaneMemory()))
    }
    memory.reset()
    expect(stateOf(memory)).toBe(stateOf(new LaneMemory()))
  })
})

/** The first of each queue: what may leave next. */
function heads({ outbox }: LaneMemory): readonly string[] {
  const seen = new Map<string, string>()
  for (const { op, intent } of outbox.entries.values())
    if (!seen.has(intent.queue)) seen.set(intent.queue, op)
  return [...seen].map(([queue, op]) => `${queue} ${op}`)
}
