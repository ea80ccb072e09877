// What a register that owns its payments keeps for itself: one file, on disk before anybody is told. Here it is JSON;
// in a shop it is whatever that register has kept its sales in for years.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { RegisterStatus } from '@cashdesk/sdk'

/** A sale as this register knows it. */
export interface OwnSale {
  readonly status: 'open' | 'paid' | 'cancelled'
  /** Of Cashdesk's view, which the customer paid for. */
  readonly revision: number
  readonly totalMinor: number
  /** The register's own number of the payment. */
  readonly reference: string
}

export class OwnBooks {
  readonly #file: string
  readonly #sales: Map<string, OwnSale>

  constructor(dir: string) {
    this.#file = join(dir, 'own-books.json')
    this.#sales = new Map(Object.entries(read(this.#file)))
  }

  /** On disk when it returns. */
  keep(id: string, sale: OwnSale): void {
    this.#sales.set(id, sale)
    const draft = `${this.#file}.new`
    const file = openSync(draft, 'w')
    writeSync(file, JSON.stringify(Object.fromEntries(this.#sales), null, 2))
    fsyncSync(file)
    closeSync(file)
    renameSync(draft, this.#file)
  }

  /** What Cashdesk is told when it asks what became of a sale. */
  statusOf(id: string): RegisterStatus {
    const sale = this.#sales.get(id)
    return sale === undefined ? { status: 'unknown' } : { ...sale }
  }
}

function read(file: string): { readonly [id: string]: OwnSale } {
  try {
    // Boundary: written by this very class.
    return JSON.parse(readFileSync(file, 'utf8')) as { readonly [id: string]: OwnSale }
  } catch {
    return {}
  }
}
