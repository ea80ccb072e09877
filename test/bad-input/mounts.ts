// File systems made for a test: full ones, read-only ones. Only root can make them; everywhere else these cases are left to
// the simulated disk.
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { expect } from 'vitest'

const mounted: string[] = []

/** Tried in a name space of its own, so that nothing is left of it. */
export function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  return spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()]).status === 0
}

/** A new file system in memory at `folder`. */
export function mountAt(folder: string, options: string): void {
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status).toBe(0)
  mounted.push(folder)
}

export function remount(folder: string, options: string): void {
  expect(spawnSync('mount', ['-o', `remount,${options}`, folder]).status).toBe(0)
}

export function unmountAll(): void {
  for (const folder of mounted.splice(0)) spawnSync('umount', [folder])
}
