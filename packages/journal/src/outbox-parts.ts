// An outbox as plain JSON and back, for snapshots. Its queues follow from the order of the entries.
import type { Outbox, OutboxEntry, Queue } from './outbox.ts'

/** Grows whenever `foldOutbox` would make another outbox of recorded steps, or an entry has other fields. */
export const OUTBOX_VERSION = 2

/** Entries of one part: each holds a call, and a part must stay below what a record of the journal may have. */
const ENTRIES_PER_PART = 16

/** The entries are copied at the call (references only), and made into parts as they are asked for. */
export function outboxParts(outbox: Outbox): Iterable<readonly OutboxEntry[]> {
  return parts([...outbox.entries.values()])
}

function* parts(entries: readonly OutboxEntry[]): Generator<readonly OutboxEntry[], void, undefined> {
  for (let start = 0; start < entries.length; start += ENTRIES_PER_PART) {
    yield entries.slice(start, start + ENTRIES_PER_PART)
  }
}

/** Makes an outbox what it was when the parts were taken; of no parts at all, an empty one. */
export function restoreOutbox(outbox: Outbox, from: Iterable<readonly OutboxEntry[]>): void {
  outbox.entries.clear()
  outbox.queues.clear()
  for (const entries of from) {
    for (const entry of entries) {
      outbox.entries.set(entry.op, entry)
      const queue: Queue = outbox.queues.get(entry.intent.queue) ?? { ops: [], head: 0 }
      queue.ops.push(entry.op)
      outbox.queues.set(entry.intent.queue, queue)
    }
  }
}
