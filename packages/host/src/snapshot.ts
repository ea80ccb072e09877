// The memory store's file: read once at the start, replaced whole after each change by a synced new file.
// For development: every change writes everything.
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CashdeskError } from '@cashdesk/kernel'
import { z } from 'zod'
import { articleShape, cardShape, historyShape, operationShape } from './shapes.ts'
import type { Keep, Snapshot } from './store-memory.ts'

const snapshotShape: z.ZodType<Snapshot> = z.object({
  version: z.literal(1),
  articles: z.array(articleShape),
  cards: z.array(cardShape),
  operations: z.array(operationShape),
  history: z.array(historyShape),
})

/**
 * The snapshot in `path`, or undefined if there is none yet.
 * @throws CashdeskError `host.database` when it cannot be read or is no snapshot
 */
export async function readSnapshot(path: string): Promise<Snapshot | undefined> {
  const content = await readFile(path, 'utf8').catch(thrown => {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined
    throw new CashdeskError('host.database', { path, reason: String(thrown) }, { cause: thrown })
  })
  if (content === undefined) return undefined
  try {
    return snapshotShape.parse(JSON.parse(content))
  } catch (thrown) {
    throw new CashdeskError('host.database', { path, reason: 'not a snapshot of a host' }, { cause: thrown })
  }
}

/** Replaces `path` so that after a crash at any moment it holds the old books or the new ones. */
export function snapshotKeeper(path: string): Keep {
  const folder = dirname(path)
  const fresh = `${path}.new`
  return async snapshot => {
    await mkdir(folder, { recursive: true })
    const file = await open(fresh, 'w')
    try {
      await file.writeFile(JSON.stringify(snapshot))
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(fresh, path)
    await syncFolder(folder)
  }
}

/** Makes the renamed entry itself survive the loss of power; Windows has no such call and answers EPERM. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
