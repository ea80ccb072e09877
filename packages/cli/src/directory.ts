// The directory that a command writes to.

import { existsSync, mkdirSync } from 'node:fs'
import { CashdeskError } from '@cashdesk/kernel'
import { reasonOf } from './file-error.ts'

/** Makes it, with those above it, where it is missing. @throws CashdeskError `journal.not-writable` */
export function makeDirectory(dir: string): void {
  if (existsSync(dir)) return
  try {
    mkdirSync(dir, { recursive: true })
  } catch (thrown) {
    const reason = reasonOf(thrown)
    throw new CashdeskError('journal.not-writable', { dir, reason }, { cause: thrown })
  }
}
