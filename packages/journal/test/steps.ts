// Steps for the journal's tests: each carries a number, by which it is known again, and as many bytes as wanted.
import { type Effect, type EffectClass, type Intent, type Step, saleId } from '@cashdesk/kernel'
import { type Journal, openJournal, type RecoveryReport } from '../src/open.ts'

type Disk = Parameters<typeof openJournal>[0]['disk']

export function step(number: number, padding = 0): Step {
  const sale = saleId(`S${number}`)
  return {
    decideVersion: 1,
    at: 1_767_600_000_000 + number,
    input: { type: 'sale.cancel', sale, reason: 'x'.repeat(padding) },
    events: [{ type: 'sale.parked', sale }],
    intents: [],
  }
}

export function numberOf({ at }: Step): number {
  return at - 1_767_600_000_000
}

export interface Opened {
  readonly journal: Journal
  readonly report: RecoveryReport
  /** Numbers of the steps read, in order. */
  readonly numbers: readonly number[]
}

export const FOLDER = 'till/journal'

/** Opens with small segments, so that tests cross their borders. */
export async function openOn(disk: Disk, segmentBytes = 8192, folder: string = FOLDER): Promise<Opened> {
  const numbers: number[] = []
  const sequences: number[] = []
  const onStep = (read: Step, sequence: number): void => {
    numbers.push(numberOf(read))
    sequences.push(sequence)
  }
  const { journal, report } = await openJournal({ disk, folder, segmentBytes, onStep })
  if (sequences.some((sequence, index) => sequence !== index + 1)) {
    throw new TypeError(`sequences have gaps: ${sequences.join(' ')}`)
  }
  return { journal, report, numbers }
}

/** More turns of the microtask queue than anything on a simulated disk takes. */
const TURNS = 500

/** Everything that was set off on a simulated disk has come to rest. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await undefined
}

/** A file of the journal. */
export function segment(number: number): string {
  return `${FOLDER}/${String(number).padStart(8, '0')}.seg`
}

export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)
}

export function intent(
  op: string,
  queue: string,
  kind: EffectClass = 'query',
  effect: Effect = { type: 'end-of-day' },
): Intent {
  return { op: op as Intent['op'], class: kind, queue, effect }
}
