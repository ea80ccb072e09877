// Sales that ended long ago leave the memory: a till runs for months, and its journal knows them all. Their ids stay
// known as hashes, so that a repeated command or a late return finds them in the journal again and never opens a
// second sale under an old id.
import { emptyLane, evolveInPlace, type Lane } from '@cashdesk/checkout'
import { readJournal } from '@cashdesk/journal'
import type { Disk, Event, Sale, SaleId } from '@cashdesk/kernel'
import { Hashes } from './hashes.ts'

/** Ended sales that are kept if the register does not say: what customers come back with the same day. */
export const KEPT_SALES = 1_000
/** A quarter of them may end between two looks: looking at all of them costs too much to be done at every step. */
const BETWEEN_LOOKS = 0.25
/** Hashes in one part of a snapshot: far below what a record of the journal may hold. */
const HASHES_PER_PART = 10_000

export class Forgetting {
  readonly #kept: number
  readonly #hashes: Hashes = new Hashes()
  /** Sales that recorded steps were about after they had left the memory. */
  readonly missing: Set<SaleId> = new Set()
  #lookAt: number

  /** @param kept ended sales that stay, the newest; Infinity for all */
  constructor(kept: number) {
    this.#kept = kept
    this.#lookAt = this.#nextLook(kept)
  }

  /** The sale was known once, or (one in a thousand, after a million sales) another one of the same hash was. */
  knew(id: string): boolean {
    return this.#hashes.has(id)
  }

  /** To be called after every step. Whatever something is still to be done about stays. */
  look(lane: Lane): void {
    if (lane.sales.size < this.#lookAt) return
    const busy = busySales(lane)
    const groups = groupsOf(lane)
    let ended = lane.sales.size - lane.live.size
    for (const sale of lane.sales.values()) {
      if (ended <= this.#kept) break
      // A return is bounded by its original and the other returns of it: they go together.
      const group = groups.get(sale.original ?? sale.id) ?? [sale.id]
      if (!lane.sales.has(sale.id) || group.some(id => busy.has(id) || lane.live.has(id))) continue
      for (const id of group) {
        this.#hashes.add(id)
        lane.sales.delete(id)
      }
      ended -= group.length
    }
    this.#lookAt = this.#nextLook(lane.sales.size)
  }

  /**
   * To be called with every recorded step, before it is folded: a sale that was brought back, and changed, is not there
   * when the journal is read again. Its events come to nothing then; it is brought back afterwards, with all of them.
   */
  miss(lane: Lane, events: readonly Event[]): void {
    if (this.#hashes.size === 0) return
    for (const event of events) {
      const sale = event.type === 'sale.opened' ? event.opened.original : saleOf(event)
      if (sale !== undefined && !lane.sales.has(sale) && this.knew(sale)) this.missing.add(sale)
    }
  }

  clear(): void {
    this.missing.clear()
    this.#hashes.clear()
    this.#lookAt = this.#nextLook(this.#kept)
  }

  #nextLook(size: number): number {
    return size + Math.ceil(this.#kept * BETWEEN_LOOKS) + 1
  }

  *parts(): Generator<readonly number[], void, undefined> {
    const hashes = [...this.#hashes.values()]
    for (let start = 0; start < hashes.length; start += HASHES_PER_PART)
      yield hashes.slice(start, start + HASHES_PER_PART)
  }

  restore(parts: Iterable<readonly number[]>): void {
    this.clear()
    for (const hashes of parts) for (const hash of hashes) this.#hashes.addHash(hash)
  }
}

/** Sales that an open operation or task is about. */
function busySales(lane: Lane): ReadonlySet<SaleId> {
  const busy = new Set<SaleId>()
  for (const { sale } of lane.operations.values()) if (sale !== undefined) busy.add(sale)
  for (const { sale } of lane.tasks.values()) if (sale !== undefined) busy.add(sale)
  if (lane.front !== undefined) busy.add(lane.front)
  return busy
}

/** Originals with the sales that took something of them back. */
function groupsOf(lane: Lane): ReadonlyMap<SaleId, readonly SaleId[]> {
  const groups = new Map<SaleId, SaleId[]>()
  for (const { id, original } of lane.sales.values()) {
    if (original === undefined) continue
    const group = groups.get(original) ?? (lane.sales.has(original) ? [original] : [])
    group.push(id)
    groups.set(original, group)
  }
  return groups
}

/**
 * Sales as the journal has them, with their originals and all that was taken back of those. Reads the whole journal
 * twice: a second or two for a million records, while the till goes on.
 * @throws CashdeskError `journal.damaged`, `disk.failed`
 */
export async function recallSales(
  disk: Disk,
  folder: string,
  ids: Iterable<SaleId>,
): Promise<readonly Sale[]> {
  const roots = new Set(ids)
  await readJournal({
    disk,
    folder,
    onStep: ({ events }) => {
      for (const event of events)
        if (event.type === 'sale.opened' && roots.has(event.sale))
          roots.add(event.opened.original ?? event.sale)
    },
  })
  const lane = emptyLane()
  const members = new Set<SaleId>(roots)
  await readJournal({
    disk,
    folder,
    onStep: ({ events }) => {
      for (const event of events) {
        const { original } = event.type === 'sale.opened' ? event.opened : {}
        if (original !== undefined && roots.has(original) && 'sale' in event) members.add(event.sale)
        if (isAbout(event, members)) evolveInPlace(lane, event)
      }
    },
  })
  return [...lane.sales.values()]
}

function isAbout(event: Event, members: ReadonlySet<SaleId>): boolean {
  const sale = saleOf(event)
  return sale !== undefined && members.has(sale)
}

function saleOf(event: Event): SaleId | undefined {
  if (event.type === 'op.opened') return event.operation.sale
  if (event.type === 'task.opened') return event.task.sale
  return 'sale' in event ? event.sale : undefined
}
