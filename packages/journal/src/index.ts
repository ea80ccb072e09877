// The durable journal and the outbox of Cashdesk.
export { moveSegments, type SegmentMove } from './archive.ts'
export type { CarriedStep, CarryOver } from './carry.ts'
export { type NodeDiskOptions, nodeDisk } from './node-disk.ts'
export {
  type Journal,
  type JournalOptions,
  type JournalReading,
  type JournalState,
  openJournal,
  type RecoveryReport,
  readJournal,
} from './open.ts'
export {
  dropAfterRestart,
  emptyOutbox,
  entry,
  foldOutbox,
  headOf,
  type Outbox,
  type OutboxEntry,
  openEntries,
  runnable,
} from './outbox.ts'
export { OUTBOX_VERSION, outboxParts, restoreOutbox } from './outbox-parts.ts'
export type { OnStep, Tear, UnknownRecord } from './reader.ts'
export { type Gap, type SalvageOptions, type SalvageReport, salvageJournal } from './salvage.ts'
export type { DiscardedSnapshot, SnapshotContent, SnapshotReader } from './snapshot.ts'
export { checkSnapshots, type FoundSnapshot } from './snapshot-check.ts'
export { JournalTail, type TailedStep } from './tail.ts'
