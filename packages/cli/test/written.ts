// A journal made of inputs: the checkout decides each at the time it is given, as if a till had run on that clock. For
// what takes a real till minutes, or a terminal's bad day.
import { mkdir } from 'node:fs/promises'
import { DECIDE_VERSION, decide, emptyLane, evolve, type Lane } from '@cashdesk/checkout'
import { nodeDisk, openJournal } from '@cashdesk/journal'
import { currency, type Input, type LaneConfig } from '@cashdesk/kernel'
import { JOURNAL_FOLDER } from '@cashdesk/sdk'

export const CONFIG: LaneConfig = {
  lane: '7',
  currency: currency('EUR'),
  locale: 'en-GB',
  header: [],
  hasTerminal: true,
  hasPrinter: false,
  participants: [],
  paymentTimeMs: 180_000,
  commitBudgetMs: 3_000,
  askRegisterMs: 30_000,
}

/** What comes in, and how long after the input before. What depends on the lane is asked when its turn comes. */
export type Happening = readonly [afterMs: number, input: Input | ((lane: Lane) => Input)]

export async function written(dir: string, start: number, happenings: readonly Happening[]): Promise<Lane> {
  await mkdir(dir, { recursive: true })
  const lane = emptyLane()
  const options = { disk: nodeDisk(dir), folder: JOURNAL_FOLDER, onStep: () => undefined }
  const { journal } = await openJournal(options)
  let at = start
  for (const [index, [afterMs, given]] of happenings.entries()) {
    at += afterMs
    const input = typeof given === 'function' ? given(lane) : given
    const nonce = String(index).padStart(32, '0')
    const { events, intents } = decide(lane, input, { at, nonce })
    const kept = events.filter(event => event.type !== 'refused')
    if (kept.length !== events.length) throw new Error(`refused: ${JSON.stringify(events)}`)
    for (const event of kept) evolve(lane, event)
    await journal.append({ decideVersion: DECIDE_VERSION, at, input, events: kept, intents })
  }
  await journal.close()
  return lane
}
