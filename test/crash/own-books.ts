// What a register that owns its payments keeps for itself: one small file per sale, on disk before anybody is told.
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { RegisterStatus } from '@cashdesk/sdk'

/** A sale as this register knows it. */
export interface OwnSale {
  readonly status: 'open' | 'paid' | 'cancelled'
  readonly revision: number
  readonly totalMinor: number
  readonly reference: string
}

export class OwnBooks {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = join(dir, 'own-books')
    mkdirSync(this.#dir, { recursive: true })
  }

  /** On disk when it returns. */
  keep(id: string, sale: OwnSale): void {
    const path = this.#path(id)
    const file = openSync(`${path}.new`, 'w')
    writeSync(file, JSON.stringify(sale))
    fsyncSync(file)
    closeSync(file)
    renameSync(`${path}.new`, path)
  }

  find(id: string): OwnSale | undefined {
    try {
      // Boundary: written by this very class.
      return JSON.parse(readFileSync(this.#path(id), 'utf8')) as OwnSale
    } catch {
      return undefined
    }
  }

  /** What the till is told when it asks what became of a sale. One that was never paid for is still open. */
  statusOf(id: string): RegisterStatus {
    return this.find(id) ?? { status: 'open' }
  }

  #path(id: string): string {
    return join(this.#dir, `${id}.json`)
  }
}
