// A sync that fails, and only the process is started again: the system shows what it never wrote, and counts it as
// written. What recovery reads then must reach the disk before anything is built on it.
import { CashdeskError, type Disk, type DiskFile } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { openOn, step } from '../test/steps.ts'

/** A file as the system keeps it: what programs see, what the medium has, and which bytes are still to be written. */
interface Kept {
  cache: Uint8Array
  medium: Uint8Array
  dirty: { start: number; end: number }[]
}

/** A machine whose disk can fail to sync, as Linux does it: the pages are clean afterwards. */
class Machine {
  readonly #files = new Map<string, Kept>()
  failing = false

  /** The power is gone: programs see what the medium has. */
  losePower(): void {
    this.failing = false
    for (const kept of this.#files.values()) {
      kept.cache = kept.medium.slice()
      kept.dirty = []
    }
  }

  disk(): Disk {
    const folders = new Set<string>()
    return {
      name: 'a machine',
      list: async folder =>
        [...this.#files.keys()]
          .filter(path => path.startsWith(`${folder}/`))
          .map(path => path.slice(folder.length + 1))
          .sort(),
      open: async path => this.#open(path),
      create: async path => {
        this.#files.set(path, { cache: new Uint8Array(), medium: new Uint8Array(), dirty: [] })
        return this.#open(path)
      },
      makeFolder: async path => void folders.add(path),
      rename: async (from, to) => {
        const kept = this.#files.get(from)
        if (kept) this.#files.set(to, kept)
        this.#files.delete(from)
      },
      remove: async path => void this.#files.delete(path),
      syncFolder: async () => undefined,
      lock: async () => ({ release: async () => undefined }),
      identity: async () => 'machine:1',
    }
  }

  #open(path: string): DiskFile {
    const kept = this.#files.get(path)
    if (!kept) throw new CashdeskError('disk.failed', { reason: 'ENOENT' })
    return {
      read: async (offset, length) => kept.cache.slice(offset, offset + length),
      write: async (offset, bytes) => {
        const end = offset + bytes.length
        kept.cache = grown(kept.cache, end)
        kept.cache.set(bytes, offset)
        kept.dirty.push({ start: offset, end })
      },
      sync: async () => {
        const { dirty } = kept
        kept.dirty = []
        if (this.failing) throw new CashdeskError('disk.failed', { reason: 'EIO' })
        kept.medium = grown(kept.medium, kept.cache.length)
        for (const { start, end } of dirty) kept.medium.set(kept.cache.subarray(start, end), start)
      },
      size: async () => kept.cache.length,
      close: async () => undefined,
    }
  }
}

function grown(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length >= length) return bytes
  const longer = new Uint8Array(length)
  longer.set(bytes)
  return longer
}

describe('a journal after a failed sync, on a machine that was not switched off', () => {
  it('survives the next loss of power with everything that was built on it', async () => {
    const machine = new Machine()
    const first = await openOn(machine.disk())
    await first.journal.append(step(1))
    machine.failing = true
    await expect(first.journal.append(step(2))).rejects.toThrow('journal.poisoned')
    await first.journal.close()
    machine.failing = false

    const second = await openOn(machine.disk())
    expect(second.numbers).toEqual([1, 2])
    await second.journal.append(step(3))
    await second.journal.close()
    machine.losePower()

    const third = await openOn(machine.disk())
    expect(third.numbers).toEqual([1, 2, 3])
    await third.journal.close()
  })
})
