// Not a test: what `node test/replay/main.mjs` runs, because only the test runner reads our sources. Skipped otherwise.
import { it } from 'vitest'
import { keepState, record, recordedFolders } from './fixtures.ts'
import { recordedLanes } from './lanes.ts'

const release = process.env['CASHDESK_RECORD']
const wanted = release !== undefined && release !== ''

it.runIf(wanted && release !== 'state')(`records the lanes of ${release}`, async () => {
  for (const { name, steps } of recordedLanes()) {
    await record(release ?? '', name, steps)
    await keepState(release ?? '', name)
  }
})

it.runIf(wanted && release === 'state')('writes down what is made of every recorded journal', async () => {
  for (const [each, lane] of recordedFolders()) await keepState(each, lane)
})
