// Reads a journal on and on, beside the till that writes it: what is there, then whatever comes, over changes of the
// segment and restarts of the till. Hands out whole batches only, and changes nothing on the disk.
import { CashdeskError, type Disk, type DiskFile, type Step } from '@cashdesk/kernel'
import {
  decodeFrame,
  decodeHeader,
  decodePayload,
  type Frame,
  frameBytes,
  HEADER_BYTES,
  isStep,
  KIND,
  MAX_RECORD_BYTES,
  viewOf,
} from './format.ts'
import { follows, type Tail } from './reader.ts'
import { baseOf, listSegments, segmentPath } from './segments.ts'

export interface TailedStep {
  readonly step: Step
  /** The step's number in the journal, from 1. */
  readonly sequence: number
}

/** Read at once, and the most that one `next` hands out is what lies in it. */
const WINDOW_BYTES = 262_144
const LARGEST_FRAME_BYTES: number = frameBytes(MAX_RECORD_BYTES)
const FRAME_HEAD_BYTES = 8

type Place = Pick<Tail, 'sequence' | 'batch' | 'last' | 'epoch'>

/**
 * A reader that goes on where it was. A batch is handed out when all of it is there: a kill of the till cannot take it
 * back any more, a loss of power still can until its sync is over.
 */
export class JournalTail {
  readonly #disk: Disk
  readonly #folder: string
  #handed: number
  #segment: number | undefined
  #offset = HEADER_BYTES
  #place: Place | undefined
  /** Steps of a batch that is not there as a whole yet. */
  #held: TailedStep[] = []

  /** @param after steps up to this sequence are not handed out */
  constructor(options: { readonly disk: Disk; readonly folder: string; readonly after?: number }) {
    this.#disk = options.disk
    this.#folder = options.folder
    this.#handed = options.after ?? 0
  }

  /**
   * The next steps, a window of the file at most; none when nothing more is there yet.
   * @throws CashdeskError `journal.damaged`, `journal.not-ours`, `disk.failed`
   */
  async next(): Promise<readonly TailedStep[]> {
    for (;;) {
      if (this.#segment === undefined && !(await this.#begin())) return []
      const { steps, moved } = await this.#read()
      if (steps.length > 0) return steps
      // Something was read that holds no step to hand out: a mark, a part of a batch, steps of before.
      if (moved) continue
      if (!(await this.#advance())) return []
    }
  }

  /** Finds the first segment that counts. */
  async #begin(): Promise<boolean> {
    const { segments } = await listSegments(this.#disk, this.#folder)
    if (segments.length === 0) return false
    const base = await baseOf(this.#disk, this.#folder, segments)
    this.#segment = segments.find(number => number >= base)
    this.#offset = HEADER_BYTES
    this.#place = undefined
    this.#held = []
    return this.#segment !== undefined
  }

  async #read(): Promise<{ readonly steps: readonly TailedStep[]; readonly moved: boolean }> {
    const file = await this.#open(this.#segment ?? 0)
    // What was read is archived by now: the journal begins with what was carried over.
    if (file === undefined) return { steps: [], moved: await this.#begin() }
    try {
      if (!(await startsFrame(file, this.#offset))) return { steps: [], moved: false }
      const before = this.#offset
      const steps = this.#walk(await file.read(before, WINDOW_BYTES))
      if (this.#offset > before) return { steps, moved: true }
      const more = this.#walk(await file.read(before, LARGEST_FRAME_BYTES))
      return { steps: more, moved: this.#offset > before }
    } finally {
      await file.close()
    }
  }

  async #open(segment: number): Promise<DiskFile | undefined> {
    const path = segmentPath(this.#folder, segment)
    try {
      const file = await this.#disk.open(path, 'read')
      decodeHeader(await file.read(0, HEADER_BYTES), await file.size(), path)
      return file
    } catch (error) {
      if (error instanceof CashdeskError && error.detail?.['reason'] === 'ENOENT') return undefined
      throw error
    }
  }

  /** Goes on to the next segment once its first record continues the last one of this. */
  async #advance(): Promise<boolean> {
    const segment = (this.#segment ?? 0) + 1
    const file = await this.#open(segment)
    if (file === undefined) return false
    try {
      const bytes = await file.read(HEADER_BYTES, LARGEST_FRAME_BYTES)
      const frame = decodeFrame(bytes, viewOf(bytes), 0)
      if (frame === undefined || !this.#continues(frame)) return false
    } finally {
      await file.close()
    }
    this.#segment = segment
    this.#offset = HEADER_BYTES
    return true
  }

  #continues(frame: Frame): boolean {
    if (this.#place !== undefined) return follows(this.#place, frame)
    if (frame.kind === KIND.carryBegin) return true
    return follows({ sequence: 0, batch: 0, last: true, epoch: 0 }, frame)
  }

  #walk(bytes: Uint8Array): readonly TailedStep[] {
    const view = viewOf(bytes)
    const whole: TailedStep[] = []
    let taken = 0
    for (;;) {
      const frame = decodeFrame(bytes, view, taken)
      if (frame === undefined || !this.#continues(frame)) break
      this.#take(bytes, frame)
      // After a kill the till goes on behind what it found, finished or not: its mark ends the batch that was torn.
      if (frame.last) whole.push(...this.#held.splice(0))
      const { sequence, batch, last, epoch } = frame
      this.#place = { sequence, batch, last, epoch }
      taken = frame.next
    }
    this.#offset += taken
    return whole
  }

  #take(bytes: Uint8Array, frame: Frame): void {
    if (frame.kind !== KIND.step && frame.kind !== KIND.carried) return
    const content = decodePayload(bytes, frame)
    if (!isStep(content)) return
    const sequence = frame.kind === KIND.step ? frame.sequence : carriedIn(content)
    if (sequence <= this.#handed) return
    this.#handed = sequence
    this.#held.push({ step: content, sequence })
  }
}

async function startsFrame(file: DiskFile, offset: number): Promise<boolean> {
  const head = await file.read(offset, FRAME_HEAD_BYTES)
  return head.some(byte => byte !== 0)
}

/** The old number of a step that was carried over. */
function carriedIn(content: object): number {
  return 'carried' in content && typeof content.carried === 'number' ? content.carried : 0
}
