// What comes back from a disk: segments of the journal and their records.
import {
  decodeFrame,
  decodeHeader,
  decodePayload,
  encodeHeader,
  frameBytes,
  putPayload,
  sealFrame,
  viewOf,
} from '../../packages/journal/dist/format.js'

/** What `work` answers; undefined where it refuses as it is documented to. */
function answered(work) {
  try {
    return work()
  } catch (thrown) {
    if (String(thrown?.code).startsWith('journal.')) return undefined
    throw thrown
  }
}

const pure = { rest: () => undefined, holds: () => 0 }

function record(text, sequence) {
  const bytes = new Uint8Array(frameBytes(text.length))
  const length = putPayload(bytes, 0, text)
  sealFrame(bytes, viewOf(bytes), 0, { kind: 1, last: true, sequence, batch: sequence, epoch: 1 }, length)
  return bytes
}

const STEP = JSON.stringify({ decideVersion: 1, input: {}, events: [], intents: [] })
const RECORDS = [record(STEP, 1), record('{}', 2), record('x'.repeat(300), 3)]
const HEADER = encodeHeader({ segment: 0, bytes: 65_536, epoch: 1, identity: 'till-1' })

const records = () => ({
  ...pure,
  take: bytes => {
    const view = viewOf(bytes)
    answered(() => decodeHeader(bytes, bytes.length, 'x'))
    let found = 0
    for (let at = 0; at + 8 <= bytes.length; at += 8) {
      const frame = decodeFrame(bytes, view, at)
      if (frame === undefined) continue
      if (frame.payloadEnd > bytes.length || frame.next > bytes.length)
        throw new Error('a record outside of its file')
      decodePayload(bytes, frame)
      found += 1
    }
    return found
  },
  proves: () =>
    decodeFrame(RECORDS[0], viewOf(RECORDS[0]), 0)?.sequence === 1 &&
    decodeHeader(HEADER, 65_536, 'x').identity === 'till-1',
})

const one = { pure: true, saysAtMost: () => 1, holdsAtMost: 0 }

export const targets = {
  'journal-records': {
    ...one,
    weight: 6,
    good: [...RECORDS, HEADER.slice(0, 200)],
    open: records,
    saysAtMost: bytes => 1 + bytes,
  },
}
