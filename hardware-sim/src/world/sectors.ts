// The bytes of one simulated file, as a disk keeps them: what has been written, what of it would survive a loss
// of power, and every version that a sector had since the last sync (a disk may have stored any of them). Versions
// are made up from the list of writes, and only where the power fails: nearly always a sync comes first.

/** Bytes that a disk writes or loses as one. */
export const SECTOR_BYTES = 512

/** Picks an integer from 0 to `count` − 1: which of several outcomes a loss of power has. */
export type Chooser = (count: number) => number

interface Write {
  readonly offset: number
  readonly bytes: Uint8Array
}

export class Sectors {
  #current: Uint8Array
  #size: number
  #stable: Uint8Array
  #stableSize: number
  /** Since the last sync, oldest first. */
  #writes: Write[] = []
  /** What the unsynced writes were written over, where that is not what is stable. */
  #base: Uint8Array | undefined

  constructor() {
    this.#current = new Uint8Array(0)
    this.#stable = new Uint8Array(0)
    this.#size = 0
    this.#stableSize = 0
  }

  get size(): number {
    return this.#size
  }

  /** Sectors with something that a loss of power may take. */
  get unsynced(): number {
    return this.#touched().length
  }

  read(offset: number, length: number): Uint8Array {
    return this.#current.slice(Math.min(offset, this.#size), Math.min(offset + length, this.#size))
  }

  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length
    this.#current = grown(this.#current, Math.max(end, this.#size))
    this.#current.set(bytes, offset)
    this.#size = Math.max(this.#size, end)
    if (bytes.length > 0) this.#writes.push({ offset, bytes: bytes.slice() })
  }

  /** Everything written so far now survives. */
  sync(): void {
    this.#stable = grown(this.#stable, this.#size)
    for (const write of this.#writes) {
      const from = firstOf(write) * SECTOR_BYTES
      this.#stable.set(this.#current.subarray(from, (lastOf(write) + 1) * SECTOR_BYTES), from)
    }
    this.#stableSize = this.#size
    this.#writes = []
    if (this.#base !== undefined) this.#base = this.#current.slice()
  }

  /**
   * What Linux does when a sync fails: some sectors made it, and all of them are marked clean. They still read as
   * written, but the next sync neither writes them nor reports an error.
   */
  syncInVain(choose: Chooser): void {
    this.#stable = grown(this.#stable, this.#size)
    for (const sector of this.#touched()) {
      if (choose(2) === 1) putSector(this.#stable, sector, sectorOf(this.#current, sector))
    }
    this.#writes = []
    this.#base = this.#current.slice()
  }

  /** The power went: of every unsynced sector any version may be there, and the new size or the old one. */
  losePower(choose: Chooser): void {
    if (this.#writes.length > 0 || this.#size !== this.#stableSize) {
      this.#stable = grown(this.#stable, this.#size)
      const before = this.#base ?? this.#stable
      for (const sector of this.#touched().sort((a, b) => a - b)) {
        const over = this.#writes.filter(write => firstOf(write) <= sector && sector <= lastOf(write))
        const version = choose(over.length + 1)
        if (version > 0) putSector(this.#stable, sector, versionOf(before, sector, over.slice(0, version)))
      }
      if (this.#size !== this.#stableSize && choose(2) === 1) this.#stableSize = this.#size
    }
    this.#writes = []
    this.#base = undefined
    this.#stable.fill(0, this.#stableSize)
    this.#current = this.#stable.slice()
    this.#size = this.#stableSize
  }

  /** Changes bytes behind everyone's back, on the medium itself. */
  rot(offset: number, bytes: Uint8Array): void {
    this.#current.set(bytes, offset)
    this.#stable = grown(this.#stable, this.#size)
    this.#stable.set(bytes, offset)
    this.#base?.set(bytes.subarray(0, Math.max(0, this.#base.length - offset)), offset)
  }

  fork(): Sectors {
    const copy = new Sectors()
    copy.#current = this.#current.slice()
    copy.#size = this.#size
    copy.#stable = this.#stable.slice()
    copy.#stableSize = this.#stableSize
    copy.#writes = [...this.#writes]
    copy.#base = this.#base?.slice()
    return copy
  }

  /** Sectors written since the last sync, in the order in which they first were. */
  #touched(): number[] {
    const touched = new Set<number>()
    for (const write of this.#writes) {
      for (let sector = firstOf(write); sector <= lastOf(write); sector += 1) touched.add(sector)
    }
    return [...touched]
  }
}

function firstOf({ offset }: Write): number {
  return Math.floor(offset / SECTOR_BYTES)
}

function lastOf({ offset, bytes }: Write): number {
  return Math.floor((offset + bytes.length - 1) / SECTOR_BYTES)
}

/** The sector as it was after these writes over `before`. */
function versionOf(before: Uint8Array, sector: number, writes: readonly Write[]): Uint8Array {
  const start = sector * SECTOR_BYTES
  const version = new Uint8Array(SECTOR_BYTES)
  version.set(sectorOf(before, sector))
  for (const { offset, bytes } of writes) {
    const from = Math.max(offset, start)
    const to = Math.min(offset + bytes.length, start + SECTOR_BYTES)
    version.set(bytes.subarray(from - offset, to - offset), from - start)
  }
  return version
}

function sectorOf(bytes: Uint8Array, sector: number): Uint8Array {
  return bytes.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES)
}

function putSector(bytes: Uint8Array, sector: number, version: Uint8Array): void {
  bytes.set(version, sector * SECTOR_BYTES)
}

/** `bytes` with room for `size`, in whole sectors. */
function grown(bytes: Uint8Array, size: number): Uint8Array {
  if (size <= bytes.length) return bytes
  const wanted = Math.max(size, Math.min(bytes.length * 2, bytes.length + 2 ** 20))
  const larger = new Uint8Array(Math.ceil(wanted / SECTOR_BYTES) * SECTOR_BYTES)
  larger.set(bytes)
  return larger
}
