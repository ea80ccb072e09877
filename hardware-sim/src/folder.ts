// Folders that a simulator writes into are made one by one, because a refusal must be an error and not a hang.
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes `dir` and what is missing above it. Node's own `recursive` never comes back from a file system that has no
 * folders to make, such as /proc. Throws what the file system says.
 */
export function makeFolder(dir: string): void {
  if (isFolder(dir)) return
  const parent = dirname(dir)
  if (parent !== dir) makeFolder(parent)
  try {
    mkdirSync(dir)
  } catch (thrown) {
    // Somebody else was quicker.
    if (!isFolder(dir)) throw thrown
  }
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
