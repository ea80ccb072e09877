// The simulation itself: it passes on the till as it is, plays the same day twice, and its story can be read.
import { describe, expect, it } from 'vitest'
import { playDay } from './day.ts'

describe('a simulated day', () => {
  it('is the same day for the same seed, to the last word of its story', async () => {
    const once = await playDay(11, { traced: true })
    const again = await playDay(11, { traced: true })
    expect(again.story).toEqual(once.story)
    expect(again.tookMs).toBe(once.tookMs)
    expect([...again.tally.points]).toEqual([...once.tally.points])
  })

  it('is another day for another seed', async () => {
    const [one, other] = [await playDay(1, { traced: true }), await playDay(2, { traced: true })]
    expect(other.story).not.toEqual(one.story)
  })

  it('goes well where nothing happens: no crash, no task, no refusal', async () => {
    for (const seed of [1, 2, 4, 6]) {
      const { violations, struck, tally, story } = await playDay(seed, { off: new Set(['*']), traced: true })
      expect(violations).toEqual([])
      expect(struck).toEqual([])
      expect(tally.crashes).toBe(0)
      expect(story.filter(line => /task:|refused:/.test(line))).toEqual([])
    }
  })

  it.each([1, 11, 21, 31, 41])(
    'keeps all promises on ten seeds from %i, and plays hundreds of accidents',
    async from => {
      let points = 0
      for (let seed = from; seed < from + 10; seed += 1) {
        const { violations, tally, struck } = await playDay(seed)
        expect(violations, `seed ${seed}`).toEqual([])
        points += tally.crashes + struck.length
      }
      expect(points).toBeGreaterThan(400)
    },
  )

  it('leaves out what it is told to, and nothing else', async () => {
    const whole = await playDay(7)
    const [first] = whole.struck
    expect(first).toBeDefined()
    const without = await playDay(7, { off: new Set([first?.key ?? '']) })
    expect(without.struck.map(({ key }) => key)).not.toContain(first?.key)
  })
})
