// File systems made for a test: full ones, read-only ones. Only root can make them; everywhere else these cases are left to
// the simulated disk.
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { expect } from 'vitest'

const mounted: string[] = []

function succeeds(tool: string, ...args: string[]): boolean {
  return spawnSync(tool, args).status === 0
}

/** Tried in a name space of its own, so that nothing is left of it. */
export function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  return succeeds('unshare', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir())
}

/** A new file system in memory at `folder`. */
export function mountAt(folder: string, options: string): void {
  expect(succeeds('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', folder)).toBe(true)
  mounted.push(folder)
}

export function remount(folder: string, options: string): void {
  expect(succeeds('mount', '-o', `remount,${options}`, folder)).toBe(true)
}

export function unmountAll(): void {
  for (const folder of mounted.splice(0)) succeeds('umount', folder)
}
