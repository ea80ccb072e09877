// A process that does nothing but append to a journal, as fast as it can, and says on stdout what was acknowledged. It
// ends when it is killed.
import { writeSync } from 'node:fs'
import { Prng } from '@cashdesk/hardware-sim'
import { nodeDisk, openJournal } from '@cashdesk/journal'
import { CashdeskError, type Step, saleId } from '@cashdesk/kernel'

/** Small segments: a new one is made every few batches. */
const SEGMENT_BYTES = 65_536
const FIRST_AT = 1_767_600_000_000
/** Appended at once, at most: a batch. */
const MAX_GROUP = 24
const MAX_PADDING = 3_000

function stepOf(number: number): Step {
  const sale = saleId(`S${number}`)
  return {
    decideVersion: 1,
    at: FIRST_AT + number,
    // The length depends on the number alone: what is read back can be checked byte by byte.
    input: { type: 'sale.cancel', sale, reason: 'x'.repeat(new Prng(number).below(MAX_PADDING)) },
    events: [{ type: 'sale.parked', sale }],
    intents: [],
  }
}

function say(line: string): void {
  writeSync(1, `${line}\n`)
}

const [, , root = '', seed = '0'] = process.argv
let read = 0
let wrong = ''
try {
  const { journal, report } = await openJournal({
    disk: nodeDisk(root, { machine: 'power test' }),
    folder: 'journal',
    segmentBytes: SEGMENT_BYTES,
    onStep: step => {
      read += 1
      if (JSON.stringify(step) !== JSON.stringify(stepOf(read))) wrong ||= `step ${read} is another one`
    },
  })
  say(
    JSON.stringify({
      said: 'open',
      records: read,
      cut: report.cut !== undefined,
      restored: report.restored,
      wrong,
    }),
  )
  const prng = new Prng(Number(seed))
  for (let number = read; ; ) {
    const group: Promise<void>[] = []
    for (let size = 1 + prng.below(MAX_GROUP); size > 0; size -= 1) {
      number += 1
      const records = number
      group.push(journal.append(stepOf(records)).then(() => say(JSON.stringify({ said: 'kept', records }))))
    }
    await Promise.all(group)
  }
} catch (error) {
  if (!(error instanceof CashdeskError)) throw error
  say(JSON.stringify({ said: 'failed', code: error.code, detail: error.detail ?? {} }))
  process.exitCode = 1
}
