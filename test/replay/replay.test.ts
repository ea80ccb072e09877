// Journals of earlier releases mean what they meant: each is folded by the present code, and compared byte for byte
// with what was written down when that was last meant to change.
import { describe, expect, it } from 'vitest'
import { SNAPSHOT_VERSION } from '../../packages/sdk/src/memory.ts'
import { diskOf, fixtures, opened, stateOf } from './fixtures.ts'

describe.each(fixtures())('the journal $name', fixture => {
  it('is folded to the state that is written down', async () => {
    const { memory, report } = await opened(await diskOf(fixture))
    expect(report).toMatchObject({
      records: fixture.about.records,
      replayed: fixture.about.records,
      restored: false,
      unknownCount: 0,
    })
    expect(memory.later).toEqual({ steps: 0, events: 0, first: [] })
    expect(stateOf(memory), 'EVOLVE_VERSION or OUTBOX_VERSION is raised when steps mean something else').toBe(
      fixture.state,
    )
    expect(fixture.about.version).toBe(SNAPSHOT_VERSION)
  })

  it('is restored from a snapshot to the same state', async () => {
    const disk = await diskOf(fixture)
    const first = await opened(disk)
    const content = {
      version: SNAPSHOT_VERSION,
      sequence: first.journal.records,
      parts: first.memory.parts(),
    }
    expect(await first.journal.snapshot(content)).toBe(true)
    await first.journal.close()
    const { memory, report } = await opened(disk)
    expect(report).toMatchObject({ replayed: 0, snapshot: { sequence: fixture.about.records } })
    expect(stateOf(memory)).toBe(fixture.state)
  })
})

it('is not vacuous: there are recorded journals', () => {
  expect(fixtures().length).toBeGreaterThan(3)
})
