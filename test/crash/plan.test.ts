// A sweep leaves no boundary out, and the same seed plans the same deaths.
import { expect, it } from 'vitest'
import { chanceOf } from './chance.ts'
import { anywhere, type Extent, points, recoveryAfter, recoverySurvey, surveys } from './plan.ts'

const EXTENTS: readonly Extent[] = [
  { scenario: 'card', sweep: 'first-start', boundaries: 5, tookMs: 50 },
  { scenario: 'card', sweep: 'sale', boundaries: 30, tookMs: 50 },
  { scenario: 'cash', sweep: 'recovery', boundaries: 20, first: 16, tookMs: 50 },
  { scenario: 'offline', sweep: 'sale', boundaries: 40, tookMs: 50 },
]

it('plans one trial for every boundary, each with the death that reaches it', () => {
  const planned = points(EXTENTS, chanceOf(1))
  const named = planned.map(({ point }) => `${point?.sweep} ${point?.scenario} ${point?.boundary}`)
  expect(new Set(named).size).toBe(95)
  for (const { plan, point } of planned) {
    expect(plan.deaths.at(-1)).toEqual({ boundary: point?.boundary })
    expect(plan.deaths).toHaveLength(point?.sweep === 'recovery' ? 2 : 1)
    expect(plan.fresh).toBe(point?.sweep === 'first-start' ? true : undefined)
  }
})

it('lets a customer go only where that makes sense', () => {
  const planned = points(EXTENTS, chanceOf(1))
  const left = planned.filter(({ plan }) => plan.mood === 'let-go').map(({ plan }) => plan.scenario)
  expect(new Set(left)).toEqual(new Set(['card', 'cash']))
})

it('plans the same for the same seed, and something else for another', () => {
  const thrice = (seed: number): string => {
    const chance = chanceOf(seed)
    return JSON.stringify([points(EXTENTS, chance), anywhere(EXTENTS, chance), anywhere(EXTENTS, chance)])
  }
  expect(thrice(7)).toBe(thrice(7))
  expect(thrice(7)).not.toBe(thrice(8))
})

it('draws random deaths from the scenarios there are, within what they have', () => {
  const chance = chanceOf(3)
  for (let draw = 0; draw < 200; draw += 1) {
    const { plan } = anywhere(EXTENTS, chance)
    const extent = EXTENTS.find(({ scenario, sweep }) => scenario === plan.scenario && sweep === 'sale')
    expect(plan.deaths.length).toBeGreaterThan(0)
    for (const death of plan.deaths)
      if ('boundary' in death) expect(death.boundary).toBeLessThanOrEqual(extent?.boundaries ?? 0)
  }
})

it('measures a recovery after a crash in the second half of its sale', () => {
  expect(surveys(['card', 'cash'], true)).toHaveLength(3)
  expect(surveys(['cash'], true)).toHaveLength(1)
  const [extent] = EXTENTS.slice(1)
  expect(recoverySurvey(extent ?? { scenario: '', sweep: 'sale', boundaries: 0, tookMs: 0 }).deaths).toEqual([
    { boundary: recoveryAfter(30) },
  ])
  expect(recoveryAfter(30)).toBeGreaterThan(15)
})
