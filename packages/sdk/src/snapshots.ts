// When a till keeps a snapshot of what it has folded: now and then in the background, and at an orderly end. It is
// made only of what is durable, and only where it saves the next start more than it costs.
import type { Journal } from '@cashdesk/journal'
import { type LaneMemory, SNAPSHOT_VERSION } from './memory.ts'

/** Records between two snapshots if the register does not say: folding so many takes about a tenth of a second. */
export const SNAPSHOT_EVERY = 20_000
/** At the end of a run a snapshot of fewer new records than this saves the next start nothing that anybody notices. */
const WORTH_IT = 1_000
/** At the end somebody waits: for each value that is written there must be so many records that need not be folded. */
const RECORDS_PER_VALUE = 0.25

export class Snapshots {
  readonly #journal: Journal
  readonly #memory: LaneMemory
  readonly #every: number
  /** The last record that a snapshot covers, or was tried to. */
  #last: number

  /**
   * @param every records between two snapshots; 0 for none
   * @param last the record that the snapshot of this start covered, 0 without one
   */
  constructor(journal: Journal, memory: LaneMemory, every: number, last: number) {
    this.#journal = journal
    this.#memory = memory
    this.#every = every
    this.#last = last
  }

  /** To be called while nothing is on its way to the disk: the lane is what the first `records` records made it. */
  look(records: number): void {
    // Never more often than the state has values: over a journal's life all of them together cost no more than it.
    const due = Math.max(this.#every, this.#memory.size)
    if (this.#every > 0 && records - this.#last >= due) void this.#keep(records)
  }

  /** The same at an orderly end, which waits for it. */
  async close(records: number): Promise<void> {
    const due = Math.max(Math.min(this.#every, WORTH_IT), this.#memory.size * RECORDS_PER_VALUE)
    if (this.#every > 0 && records - this.#last >= due) await this.#keep(records)
  }

  #keep(records: number): Promise<boolean> {
    this.#last = records
    return this.#journal.snapshot({
      version: SNAPSHOT_VERSION,
      sequence: records,
      parts: this.#memory.parts(),
    })
  }
}
