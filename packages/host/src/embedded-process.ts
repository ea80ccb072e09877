// The process that holds the embedded database: PGlite takes several hundred megabytes and blocks while it works, so
// it lives apart from the host. It holds the directory's lock, and ends with the host that started it.
import { join } from 'node:path'
import { CashdeskError, reportOf } from '@cashdesk/kernel'
import { PGlite } from '@electric-sql/pglite'
import { z } from 'zod'
import { lockDirectory } from './directory-lock.ts'
import type { FromEmbedded } from './embedded.ts'

const questionShape: z.ZodType<{ id: number; sql: string; parameters: unknown[] }> = z.object({
  id: z.number(),
  sql: z.string(),
  parameters: z.array(z.unknown()),
})

const tell = (message: FromEmbedded): void => {
  if (process.connected) process.send?.(message)
}

async function open(directory: string): Promise<PGlite> {
  await lockDirectory(directory)
  const database = await PGlite.create(join(directory, 'pglite')).catch(thrown => {
    throw new CashdeskError('host.database', { directory, reason: String(thrown) }, { cause: thrown })
  })
  // What the embedded engine is like is asked, not assumed.
  await database.query('select 1')
  return database
}

async function answer(database: PGlite, message: unknown): Promise<void> {
  const { id, sql, parameters } = questionShape.parse(message)
  try {
    const { rows, affectedRows } = await database.query(sql, parameters)
    tell({ kind: 'answer', id, rows, affectedRows: affectedRows ?? 0 })
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
    tell({ kind: 'trouble', id, reason, code })
  }
}

// A signal for the terminal's whole group reaches this process too; the host finishes first and then disconnects.
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => undefined)

try {
  const database = await open(process.argv[2] ?? '')
  process.on('message', message => void answer(database, message))
  process.on('disconnect', () => {
    database.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  })
  tell({ kind: 'ready', rssBytes: process.memoryUsage().rss })
} catch (thrown) {
  tell({ kind: 'failed', report: reportOf(thrown, 'host.database') })
  process.exitCode = 2
  process.disconnect?.()
}
