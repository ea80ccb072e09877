// Virtual time: in order, exactly when due, and without waiting.
import { describe, expect, it } from 'vitest'
import { SimClock } from './clock.ts'

describe('the simulated clock', () => {
  it('runs timers in the order they fall due, each at its own time, and those they set', () => {
    const clock = new SimClock(1000)
    const seen: string[] = []
    const say = (name: string) => () => seen.push(`${name}@${clock.now()}/${clock.monotonicMs()}`)
    clock.after(30, say('c'))
    clock.after(10, () => {
      say('a')()
      clock.after(5, say('b'))
      clock.after(100, say('late'))
    })
    clock.after(30, say('d'))
    clock.advance(30)
    expect(seen).toEqual(['a@1010/10', 'b@1015/15', 'c@1030/30', 'd@1030/30'])
    expect(clock.pending).toBe(1)
    expect(clock.untilNextMs()).toBe(80)
  })

  it('does not run a stopped timer, not even one stopped by another', () => {
    const clock = new SimClock()
    const seen: string[] = []
    const stop = clock.after(20, () => seen.push('stopped'))
    clock.after(10, stop)
    clock.advance(50)
    stop()
    expect(seen).toEqual([])
    expect(clock.untilNextMs()).toBeUndefined()
  })

  it('keeps order among thousands of timers, most of which are stopped before they ring', () => {
    const clock = new SimClock()
    const seen: number[] = []
    const due = Array.from({ length: 5_000 }, (_, index) => (index * 7_919) % 5_000)
    const stops = due.map(ms => clock.after(ms, () => seen.push(ms)))
    for (const [index, stop] of stops.entries()) if (due[index] !== undefined && due[index] % 10 !== 0) stop()
    expect([clock.pending, clock.untilNextMs()]).toEqual([500, 0])
    clock.advance(4_999)
    expect(seen).toEqual(Array.from({ length: 500 }, (_, index) => index * 10))
  })

  it('steps its wall clock without moving timers or monotonic time', () => {
    const clock = new SimClock(1_000_000)
    let woken = 0
    clock.after(10, () => {
      woken += 1
    })
    clock.stepWall(-500_000)
    expect([clock.now(), clock.monotonicMs(), woken]).toEqual([500_000, 0, 0])
    clock.stepWall(3_600_000)
    clock.advance(9)
    expect([clock.now(), woken]).toEqual([4_100_009, 0])
    clock.advance(1)
    expect(woken).toBe(1)
  })

  it('lets promises come to rest between timers when it settles', async () => {
    const clock = new SimClock(0)
    const seen: number[] = []
    const wait = (ms: number): Promise<void> => new Promise(resolve => clock.after(ms, resolve))
    const program = (async () => {
      for (const ms of [10, 20, 30]) {
        await wait(ms)
        seen.push(clock.monotonicMs())
      }
    })()
    await clock.settle(59)
    expect(seen).toEqual([10, 30])
    await clock.settle(1)
    await program
    expect(seen).toEqual([10, 30, 60])
  })
})
