// Segments are moved into an archive, and never onto themselves, whatever names lead there.
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openOn, step } from '../test/steps.ts'
import { moveSegments } from './archive.ts'
import { nodeDisk } from './node-disk.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cashdesk-archive-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** Wine makes none, and Windows not for everybody. */
function makesLinks(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'cashdesk-links-'))
  try {
    symlinkSync(folder, join(folder, 'link'), 'junction')
    return true
  } catch {
    return false
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

it.skipIf(!makesLinks())(
  'an archive that is a link to the journal is refused, and nothing is lost',
  async () => {
    const disk = nodeDisk(root)
    const { journal } = await openOn(disk, 8192, 'journal')
    for (let number = 1; number <= 60; number += 1) await journal.append(step(number, 200))
    await journal.close()
    const before = readdirSync(join(root, 'journal'))
    expect(before.length).toBeGreaterThan(2)
    symlinkSync(join(root, 'journal'), join(root, 'elsewhere'), 'junction')
    const to = { disk: nodeDisk(join(root, 'elsewhere')), folder: '' }
    await expect(moveSegments({ disk, folder: 'journal', to, first: 3 })).rejects.toThrow(
      'journal.not-archivable',
    )
    expect(readdirSync(join(root, 'journal'))).toEqual(before)
  },
)
