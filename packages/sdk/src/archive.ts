// Archives what is over: everything that goes on is carried over to the end of the journal, and the segments before it
// are moved away. Nothing is written before the carried steps were folded and found to make the same till.
import { Carrying, evolve, keptSales, type Landmarks, landmarksAfter, laneParts } from '@cashdesk/checkout'
import { type CarriedStep, type Journal, moveSegments, openJournal, readJournal } from '@cashdesk/journal'
import { CashdeskError, type Disk, type EpochMs, type Log, type SaleId, type Step } from '@cashdesk/kernel'
import { LaneMemory } from './memory.ts'

/**
 * How long an ended sale stays in the journal if nobody says otherwise: a fiscal year, and a month for whoever brings
 * something back late. What is older can no longer be returned at the till with its sale.
 */
export const KEEP_MS: number = 400 * 86_400_000

export interface ArchiveOptions {
  readonly disk: Disk
  /** The journal, relative to the disk's root: `JOURNAL_FOLDER` in a till's directory. No till may have it open. */
  readonly folder: string
  /** Where the old segments go; made if absent. One archive may be used year after year. */
  readonly to: { readonly disk: Disk; readonly folder: string }
  /** Sales that ended before this time are left to the archive, unless something about them is not settled. */
  readonly before: EpochMs
  /** Length of new segments in bytes, as the till has it; 4194304. */
  readonly segmentBytes?: number
  readonly log?: Log
}

export interface ArchiveReport {
  /** Numbers of the segments that were moved; none where nothing was old enough. */
  readonly segments: readonly number[]
  /** Sales that the till still knows, and those that only the archive knows from now on. */
  readonly keptSales: number
  readonly archivedSales: number
  /** Steps that were written once more; 0 where an earlier run had done so. */
  readonly carriedSteps: number
  /** Steps there ever were. */
  readonly records: number
}

/**
 * Offline and under the journal's lock. May be interrupted at any point: the journal is sound then, and a repetition
 * finishes what was begun. Archived sales are unknown to the till: they cannot be returned, voided or printed again.
 * @throws CashdeskError `value.malformed`, `journal.not-archivable` (`detail.reason`), `journal.restored`, `journal.in-use`,
 * `journal.damaged`, `disk.full`, `disk.failed`
 */
export async function archiveJournal(options: ArchiveOptions): Promise<ArchiveReport> {
  const { disk, folder, to, before, log, segmentBytes } = options
  if (!Number.isSafeInteger(before)) throw new CashdeskError('value.malformed', { field: 'before' })
  const past = new Past()
  const { journal, report } = await openJournal({
    disk,
    folder,
    ...(log === undefined ? {} : { log }),
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
    onStep: (step, sequence) => past.add(step, sequence),
    onReset: () => past.reset(),
  })
  try {
    refuseWhatIsNotOurs(journal, report.unknownCount, past)
    const { lane } = past.memory
    const kept = keptSales(lane, before, [past.lastBookedIn])
    const archivedSales = lane.sales.size - kept.size
    const done = { keptSales: kept.size, archivedSales, records: journal.records }
    if (archivedSales === 0) {
      // Nothing new; but an earlier run may have been interrupted between its carry-over and its last segment.
      const first = report.carried?.segment ?? 1
      return { ...done, carriedSteps: 0, segments: await moveSegments({ disk, folder, to, first }) }
    }
    const steps = await carriedSteps(options, past, kept)
    const living = livingOf(past.memory, kept)
    refuseAnotherTill(living, foldOf(steps), kept)
    const first = await journal.carryOver(steps, before)
    // Once more as it stands on the disk: from here on it is all there is.
    refuseAnotherTill(living, await readBack(options, first), kept)
    const segments = await moveSegments({ disk, folder, to, first })
    return { ...done, carriedSteps: steps.length, segments }
  } finally {
    await journal.close()
  }
}

/** Everything there is, and where in it the turning points lie. */
class Past {
  /** Of all sales: what may stay is asked of each of them. */
  readonly memory: LaneMemory = new LaneMemory({ keptSales: Number.POSITIVE_INFINITY })
  marks: Landmarks = BEGINNING
  /** The sale of the terminal's last transaction: it is the evidence for the next one. */
  lastBookedIn: SaleId | undefined

  add(step: Step, sequence: number): void {
    const { lastBooked } = this.memory
    this.memory.replay(step, sequence)
    this.marks = landmarksAfter(this.marks, step, sequence)
    if (this.memory.lastBooked === lastBooked) return
    const moved = step.events.findLast(event => event.type === 'leg.moved')
    this.lastBookedIn = moved?.type === 'leg.moved' ? moved.sale : undefined
  }

  reset(): void {
    this.memory.reset()
    this.marks = BEGINNING
    this.lastBookedIn = undefined
  }
}

const BEGINNING: Landmarks = { last: 0, started: 0, dayEnded: 0 }

/** Nobody here can say what of it is still needed. */
function refuseWhatIsNotOurs(journal: Journal, unknownRecords: number, { memory }: Past): void {
  if (journal.state === 'restored') throw new CashdeskError('journal.restored')
  const { events, steps } = memory.later
  if (unknownRecords > 0 || events > 0 || steps > 0) {
    const reason = 'it holds records of a later release'
    throw new CashdeskError('journal.not-archivable', { reason, unknownRecords, events, steps })
  }
}

async function carriedSteps(
  { disk, folder }: ArchiveOptions,
  { memory, marks }: Past,
  kept: ReadonlySet<SaleId>,
): Promise<readonly CarriedStep[]> {
  const begin = (): Carrying => new Carrying(memory.lane, kept, marks)
  let carrying = begin()
  const steps: CarriedStep[] = []
  await readJournal({
    disk,
    folder,
    onStep: (step, sequence) => {
      const cut = carrying.cut(step, sequence)
      if (cut) steps.push({ sequence, step: cut })
    },
    onReset: () => {
      carrying = begin()
      steps.length = 0
    },
  })
  return withDay(steps, memory)
}

/** Archived sales may have left money on the terminal's books since its last end of day. */
function withDay(steps: readonly CarriedStep[], { lane }: LaneMemory): readonly CarriedStep[] {
  const last = steps.at(-1)
  const { expectedMinor } = lane.day
  if (last === undefined || foldOf(steps).lane.day.expectedMinor === expectedMinor) return steps
  const events = [...last.step.events, { type: 'day.carried', expectedMinor } as const]
  return [...steps.slice(0, -1), { sequence: last.sequence, step: { ...last.step, events } }]
}

function foldOf(steps: readonly CarriedStep[]): LaneMemory {
  const memory = new LaneMemory({ keptSales: Number.POSITIVE_INFINITY })
  // As it will be read: plain JSON.
  for (const { step, sequence } of steps) memory.replay(JSON.parse(JSON.stringify(step)), sequence)
  return memory
}

/** What is carried must make the same till, but for what is archived. */
function refuseAnotherTill(
  before: ReadonlyMap<string, string>,
  memory: LaneMemory,
  kept: ReadonlySet<SaleId>,
): void {
  const after = livingOf(memory, kept)
  for (const [part, text] of before) {
    if (after.get(part) === text) continue
    throw new CashdeskError('journal.not-archivable', {
      reason: 'what is carried over makes another till',
      part,
    })
  }
}

async function readBack({ disk, folder }: ArchiveOptions, first: number): Promise<LaneMemory> {
  const past = new Past()
  const { carried } = await readJournal({
    disk,
    folder,
    onStep: (step, sequence) => past.add(step, sequence),
    onReset: () => past.reset(),
  })
  if (carried?.segment === first) return past.memory
  throw new CashdeskError('journal.not-archivable', { reason: 'what was carried over cannot be read' })
}

/** What the next start will find, part by part, as text. */
function livingOf(
  { lane, outbox, lastBooked, lastBookedAt, at }: LaneMemory,
  kept: ReadonlySet<SaleId>,
): ReadonlyMap<string, string> {
  const parts = new Map<string, string>()
  const note = (part: string, value: unknown): void => void parts.set(part, JSON.stringify(value) ?? '')
  note('outbox', [...outbox.entries.values()])
  note('lastBooked', [lastBooked, lastBookedAt])
  note('at', at)
  // Every start begins with this; what it sets anew need not be carried.
  const { config } = lane
  if (config) evolve(lane, { type: 'lane.started', config })
  note(
    'sales',
    [...lane.sales.values()].filter(({ id }) => kept.has(id)),
  )
  for (const part of laneParts(lane)) {
    const { field, ...content } = part as { readonly field: string }
    if (field !== 'sales') note(field, [parts.get(field) ?? '', content])
  }
  return parts
}
