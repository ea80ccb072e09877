// Copies what is whole of a damaged journal into a new one and says what is missing. The original is only read. The copy
// belongs to no machine: a till on it shows and answers, and sends nothing until an operator confirms it.
import type { Disk, Log, Step } from '@cashdesk/kernel'
import { makeFolders } from './folders.ts'
import { DEFAULT_SEGMENT_BYTES, type FrameHead, isStep, KIND } from './format.ts'
import { JournalCopy, refuseFull } from './salvage-copy.ts'
import { type FoundRecord, type GapReason, type Hole, readWhatIsWhole } from './salvage-reading.ts'
import { type LeftOpen, Standing } from './salvage-standing.ts'

export interface SalvageOptions {
  /** Where the damaged journal is. */
  readonly disk: Disk
  readonly folder: string
  /** Where the copy goes; the same disk if absent. */
  readonly toDisk?: Disk
  /** Relative to that disk's root. Made if absent; it must be empty. */
  readonly to: string
  /** Length of the copy's segments in bytes (default 4 MiB). */
  readonly segmentBytes?: number
  readonly log?: Log
  /** Bytes read so far, of about how many. */
  readonly onProgress?: (doneBytes: number, allBytes: number) => void
}

/** A place of the damaged journal from which nothing sound could be read. */
export interface Gap {
  readonly file: string
  readonly offset: number
  /** 0 where only the numbers around it tell that something is missing. */
  readonly bytes: number
  readonly reason: GapReason
  /** Steps that are missing, by their numbers in the damaged journal. Absent where none is, or nothing behind it tells. */
  readonly lost?: { readonly first: number; readonly last: number }
  /** Number, in the copy, of the last step before this place; 0: it lies before all of them. */
  readonly after: number
  /**
   * No record of a later batch follows. Then it may as well be a tear that a loss of power left, and nothing of it was ever
   * acknowledged: nobody can tell.
   */
  readonly end: boolean
}

export interface SalvageReport {
  readonly folder: string
  readonly to: string
  /** Steps in the copy, numbered anew from 1. */
  readonly records: number
  /** Of them, steps that were taken from a carry-over, their own records being archived or damaged. */
  readonly carried: number
  /** Of them, steps of the salvage's own at the end: what is given up, put aside, and told to a person. */
  readonly added: number
  /** Records of kinds that this release does not know, copied as they are. */
  readonly unknownCount: number
  /** Of the copy. */
  readonly segments: number
  /** In order, at most 1,000 of `gapCount`. */
  readonly gaps: readonly Gap[]
  readonly gapCount: number
  /** Steps that are known to be missing. What is missing at an end is not in it: nothing tells how much it was. */
  readonly lostRecords: number
  /** What the steps that are there show as not ended, settled or resolved; at most 1,000 of each. */
  readonly open: LeftOpen
  /** Sales of which steps may be missing: they were under way at a gap, or their beginning is gone. At most 1,000. */
  readonly touched: readonly string[]
}

/** A report is read by people; what is beyond this is counted. */
const MAX_GAPS = 1_000

/**
 * Every whole record of the damaged journal, in order, as a new journal that opens `restored`: with `journal.confirm`
 * an operator takes it over, after looking at what is open and at the sales that lost something. A step behind a gap may
 * speak of one that is missing: such steps are kept, and their sales are in `touched`. The report is also written
 * to `salvage.json` beside the copy. The original is neither locked nor changed; no till may be writing to it.
 * @throws CashdeskError `journal.absent`, `journal.not-empty`, `journal.not-ours` (another format), `journal.in-use` (the
 * copy's folder), `disk.full`, `disk.failed`
 */
export async function salvageJournal(options: SalvageOptions): Promise<SalvageReport> {
  const { disk, folder, to, toDisk = disk, segmentBytes = DEFAULT_SEGMENT_BYTES, log } = options
  const carried = await carriedSteps(options)
  await makeFolders(toDisk, to)
  const lock = await toDisk.lock(to)
  try {
    await refuseFull(toDisk, to)
    const copy = new JournalCopy(toDisk, to, segmentBytes)
    await copy.begin()
    const salvage = new Salvage(copy, carried)
    const end = await readWhatIsWhole(disk, folder, record => salvage.take(record), progressOf(options, 1))
    await salvage.finish(end.holes, end.before)
    const report = { folder, to, ...salvage.report() }
    await copy.end(report)
    log?.('warn', 'A damaged journal was salvaged.', {
      folder,
      to,
      records: report.records,
      gaps: report.gapCount,
    })
    return report
  } finally {
    await lock.release().catch(() => undefined)
  }
}

/** The steps that carry-overs hold, in the order of their numbers; of each number what the latest one holds. */
type Carried = ReadonlyMap<number, readonly Step[]>

/** Steps that stand in the journal a second time: they fill what was archived, and what a gap took. */
async function carriedSteps(options: SalvageOptions): Promise<Carried> {
  const steps = new Map<number, Step[]>()
  let gathering = 0
  const gathered = new Map<number, number>()
  const take = ({ head, payload }: FoundRecord): void => {
    if (head.kind === KIND.carryBegin) gathering += 1
    if (head.kind !== KIND.carried) return
    const content = contentOf(payload)
    if (!isStep(content) || !('carried' in content) || typeof content.carried !== 'number') return
    const { carried: number, ...step } = content
    const sameCarry = gathered.get(number) === gathering
    gathered.set(number, gathering)
    steps.set(number, sameCarry ? [...(steps.get(number) ?? []), step] : [step])
  }
  await readWhatIsWhole(options.disk, options.folder, take, progressOf(options, 0))
  return new Map([...steps].sort(([a], [b]) => a - b))
}

/** Everything is read twice. */
function progressOf({ onProgress }: SalvageOptions, times: 0 | 1): (bytes: number, all: number) => void {
  let done = 0
  return (bytes, all) => {
    done += bytes
    onProgress?.(all * times + done, all * 2)
  }
}

class Salvage {
  readonly #copy: JournalCopy
  readonly #carried: IterableIterator<readonly [number, readonly Step[]]>
  #nextCarried: readonly [number, readonly Step[]] | undefined
  readonly #standing = new Standing()
  #gaps: (Omit<Gap, 'end'> & { readonly batch: number })[] = []
  #gapCount = 0
  #lost = 0
  #filled = 0
  #unknown = 0
  #added = 0
  #open: LeftOpen = { sales: [], operations: [], tasks: [] }
  #lastBatch = 0

  constructor(copy: JournalCopy, carried: Carried) {
    this.#copy = copy
    this.#carried = carried.entries()
    this.#nextCarried = this.#carried.next().value
  }

  async take({ file, offset, head, payload, holes, before }: FoundRecord): Promise<void> {
    this.#lastBatch = Math.max(this.#lastBatch, head.batch)
    const { kind, sequence } = head
    const content = kind === KIND.step ? contentOf(payload) : undefined
    const step = isStep(content) ? content : undefined
    const lostBefore = kind === KIND.step ? sequence - 1 : lastLostBefore(head)
    if (before !== undefined) await this.#missing(holes, before.sequence + 1, lostBefore)
    switch (kind) {
      case KIND.step:
        if (step === undefined) {
          const gap = { file, offset, bytes: payload.length, reason: 'content', batch: head.batch } as const
          return this.#missing([gap], sequence, sequence)
        }
        this.#dropCarried(sequence)
        return this.#put(step, payload)
      case KIND.epoch:
      case KIND.carryBegin:
      case KIND.carried:
      case KIND.carryEnd:
        return
      default:
        this.#unknown += 1
        return this.#copy.put(kind, payload, before !== undefined && sequence > before.sequence)
    }
  }

  async finish(holes: readonly Hole[], before: FrameHead | undefined): Promise<void> {
    await this.#missing(holes, (before?.sequence ?? 0) + 1, before?.sequence ?? 0)
    await this.#carriedUpTo(Number.POSITIVE_INFINITY)
    this.#open = this.#standing.open()
    for (const step of this.#standing.closing()) {
      this.#added += 1
      await this.#put(step, encoder.encode(JSON.stringify(step)))
    }
  }

  report(): Omit<SalvageReport, 'folder' | 'to'> {
    const gaps = this.#gaps.map(({ batch, ...gap }) => ({ ...gap, end: this.#lastBatch <= batch }))
    return {
      records: this.#copy.records,
      carried: this.#filled,
      added: this.#added,
      unknownCount: this.#unknown,
      segments: this.#copy.segments,
      gaps,
      gapCount: this.#gapCount,
      lostRecords: this.#lost,
      open: this.#open,
      touched: this.#standing.touched(),
    }
  }

  /** Notes what is missing, and puts there what a carry-over still has of it. */
  async #missing(holes: readonly Hole[], first: number, last: number): Promise<void> {
    const after = this.#copy.records
    // What was archived comes first, and is no part of any gap.
    if (holes.length === 0) {
      await this.#carriedUpTo(last)
      return
    }
    await this.#carriedUpTo(first - 1)
    this.#standing.gap()
    for (const [index, { batch, ...hole }] of holes.entries()) {
      this.#gapCount += 1
      if (this.#gaps.length >= MAX_GAPS) continue
      // Of several holes in a row nobody knows which one took which step: the first one names them all.
      const lost = index === 0 && last >= first ? { lost: { first, last } } : {}
      this.#gaps.push({ ...hole, ...lost, after, batch })
    }
    const filled = await this.#carriedUpTo(last)
    this.#lost += Math.max(0, last - first + 1 - filled)
    if (filled > 0) this.#standing.gap()
  }

  /** Resolves to how many numbers were filled. */
  async #carriedUpTo(last: number): Promise<number> {
    let filled = 0
    while (this.#nextCarried !== undefined && this.#nextCarried[0] <= last) {
      for (const step of this.#nextCarried[1]) await this.#put(step, encoder.encode(JSON.stringify(step)))
      this.#nextCarried = this.#carried.next().value
      filled += 1
    }
    this.#filled += filled
    return filled
  }

  /** The step itself is there, and whole: what a carry-over has of it is not needed. */
  #dropCarried(sequence: number): void {
    while (this.#nextCarried !== undefined && this.#nextCarried[0] <= sequence)
      this.#nextCarried = this.#carried.next().value
  }

  async #put(step: Step, payload: Uint8Array): Promise<void> {
    await this.#copy.put(KIND.step, payload, true)
    this.#standing.take(step)
  }
}

/** The last step that a gap before this record can have taken. A record of an unknown kind may have a number of its own. */
function lastLostBefore({ kind, sequence }: FrameHead): number {
  const numberless: readonly number[] = [KIND.epoch, KIND.carryBegin, KIND.carried, KIND.carryEnd]
  return numberless.includes(kind) ? sequence : sequence - 1
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

function contentOf(payload: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(payload))
  } catch {
    return undefined
  }
}
