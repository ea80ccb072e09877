// The directory that a command writes to.
import { existsSync, mkdirSync } from 'node:fs'
import { CashdeskError } from '@cashdesk/kernel'

/** Makes it, with those above it, where it is missing. @throws CashdeskError `journal.not-writable` */
export function makeDirectory(dir: string): void {
  if (existsSync(dir)) return
  try {
    mkdirSync(dir, { recursive: true })
  } catch (thrown) {
    const reason = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown)
    throw new CashdeskError('journal.not-writable', { dir, reason }, { cause: thrown })
  }
}
