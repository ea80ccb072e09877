// Every call that changes the disk is a boundary, and the chosen one is met exactly once.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeDisk, openJournal } from '@cashdesk/journal'
import { expect, it } from 'vitest'
import { Boundaries, boundedDisk } from './boundaries.ts'

async function openOnce(
  dir: string,
  killAt?: number,
): Promise<{ readonly met: number; readonly died: string[] }> {
  const died: string[] = []
  const boundaries = new Boundaries((boundary, kind) => void died.push(`${boundary} ${kind}`))
  boundaries.arm(killAt)
  const disk = boundedDisk(nodeDisk(dir), boundaries)
  const { journal } = await openJournal({
    disk,
    folder: 'journal',
    segmentBytes: 8_192,
    onStep: () => undefined,
  })
  await journal.close()
  return { met: boundaries.met, died }
}

it('counts what a journal does to its disk, and dies at the call that was chosen', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'cashdesk-boundaries-'))
  try {
    const first = await openOnce(join(dir, 'a'))
    expect(first.met).toBeGreaterThan(10)
    expect(first.died).toEqual([])
    expect((await openOnce(join(dir, 'b'), 1)).died).toEqual(['1 before makeFolder'])
    expect((await openOnce(join(dir, 'c'), first.met)).died).toHaveLength(1)
    expect((await openOnce(join(dir, 'd'), first.met + 100)).died).toEqual([])
  } finally {
    await rm(dir, { recursive: true })
  }
})

it('tells before a write, before its sync and after it apart', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'cashdesk-boundaries-'))
  try {
    const kinds: string[] = []
    const boundaries = new Boundaries((_, kind) => void kinds.push(kind))
    const disk = boundedDisk(nodeDisk(dir), boundaries)
    const file = await disk.create('file')
    const dies = async (at: number): Promise<void> => {
      boundaries.arm(at)
      await file.write(0, new Uint8Array(1))
      await file.sync()
    }
    for (const at of [1, 2, 3, 4]) await dies(at)
    await file.close()
    expect(kinds).toEqual(['before write', 'before sync', 'after sync'])
  } finally {
    await rm(dir, { recursive: true })
  }
})
