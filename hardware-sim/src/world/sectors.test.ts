// A file on a disk that fails: what a sector may hold after a loss of power, when a sync before it was in vain.
import { describe, expect, it } from 'vitest'
import { type Chooser, Sectors } from './sectors.ts'

const lost: Chooser = () => 0
const first: Chooser = () => 1
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (file: Sectors): string => new TextDecoder().decode(file.read(0, file.size))

/** Holds `aaaa`, reads as `bbaa`, because the sync after the change was in vain. */
function syncedInVain(): Sectors {
  const file = new Sectors()
  file.write(0, bytes('aaaa'))
  file.sync()
  file.write(0, bytes('bb'))
  file.syncInVain(lost)
  return file
}

describe('a sector whose sync was in vain', () => {
  it('reads as written, until the power fails', () => {
    const file = syncedInVain()
    file.sync()
    expect([textOf(file), file.unsynced]).toEqual(['bbaa', 0])
    file.losePower(first)
    expect(textOf(file)).toBe('aaaa')
  })

  it('is written whole the next time that something in it changes', () => {
    const file = syncedInVain()
    file.write(3, bytes('c'))
    const copy = file.fork()
    file.losePower(first)
    expect(textOf(file)).toBe('bbac')
    copy.sync()
    copy.write(2, bytes('d'))
    copy.losePower(first)
    expect(textOf(copy)).toBe('bbdc')
  })
})
