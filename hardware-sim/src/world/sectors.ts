// The bytes of one simulated file, as a disk keeps them: what has been written, what of it would survive a loss
// of power, and every version that a sector had since the last sync (a disk may have stored any of them).

/** Bytes that a disk writes or loses as one. */
export const SECTOR_BYTES = 512

/** Picks an integer from 0 to `count` − 1: which of several outcomes a loss of power has. */
export type Chooser = (count: number) => number

export class Sectors {
  #current: Uint8Array
  #size: number
  #stable: Uint8Array
  #stableSize: number
  /** Unsynced versions by sector, oldest first. */
  #unsynced = new Map<number, Uint8Array[]>()

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
    return this.#unsynced.size
  }

  read(offset: number, length: number): Uint8Array {
    return this.#current.slice(Math.min(offset, this.#size), Math.min(offset + length, this.#size))
  }

  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length
    this.#current = grown(this.#current, Math.max(end, this.#size))
    this.#current.set(bytes, offset)
    this.#size = Math.max(this.#size, end)
    for (let sector = Math.floor(offset / SECTOR_BYTES); sector * SECTOR_BYTES < end; sector += 1) {
      const versions = this.#unsynced.get(sector) ?? []
      versions.push(sectorOf(this.#current, sector))
      this.#unsynced.set(sector, versions)
    }
  }

  /** Everything written so far now survives. */
  sync(): void {
    this.#stable = grown(this.#stable, this.#size)
    for (const [sector, versions] of this.#unsynced) putSector(this.#stable, sector, versions.at(-1))
    this.#stableSize = this.#size
    this.#unsynced.clear()
  }

  /**
   * What Linux does when a sync fails: some sectors made it, and all of them are marked clean. They still read as
   * written, but the next sync neither writes them nor reports an error.
   */
  syncInVain(choose: Chooser): void {
    this.#stable = grown(this.#stable, this.#size)
    for (const [sector, versions] of this.#unsynced) {
      if (choose(2) === 1) putSector(this.#stable, sector, versions.at(-1))
    }
    this.#unsynced.clear()
  }

  /** The power went: of every unsynced sector any version may be there, and the new size or the old one. */
  losePower(choose: Chooser): void {
    if (this.#unsynced.size > 0 || this.#size !== this.#stableSize) {
      this.#stable = grown(this.#stable, this.#size)
      const order = [...this.#unsynced].sort(([a], [b]) => a - b)
      for (const [sector, versions] of order) {
        const version = choose(versions.length + 1)
        if (version > 0) putSector(this.#stable, sector, versions[version - 1])
      }
      if (this.#size !== this.#stableSize && choose(2) === 1) this.#stableSize = this.#size
    }
    this.#unsynced.clear()
    this.#stable.fill(0, this.#stableSize)
    this.#current = this.#stable.slice()
    this.#size = this.#stableSize
  }

  /** Changes bytes behind everyone's back, on the medium itself. */
  rot(offset: number, bytes: Uint8Array): void {
    this.#current.set(bytes, offset)
    this.#stable = grown(this.#stable, this.#size)
    this.#stable.set(bytes, offset)
  }

  fork(): Sectors {
    const copy = new Sectors()
    copy.#current = this.#current.slice()
    copy.#size = this.#size
    copy.#stable = this.#stable.slice()
    copy.#stableSize = this.#stableSize
    copy.#unsynced = new Map([...this.#unsynced].map(([sector, versions]) => [sector, [...versions]]))
    return copy
  }
}

function sectorOf(bytes: Uint8Array, sector: number): Uint8Array {
  return bytes.slice(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES)
}

function putSector(bytes: Uint8Array, sector: number, version: Uint8Array | undefined): void {
  if (version !== undefined) bytes.set(version, sector * SECTOR_BYTES)
}

/** `bytes` with room for `size`, in whole sectors. */
function grown(bytes: Uint8Array, size: number): Uint8Array {
  if (size <= bytes.length) return bytes
  const wanted = Math.max(size, Math.min(bytes.length * 2, bytes.length + 2 ** 20))
  const larger = new Uint8Array(Math.ceil(wanted / SECTOR_BYTES) * SECTOR_BYTES)
  larger.set(bytes)
  return larger
}
