// The till's side of a PIN entry as a process of its own, so that all its memory can be searched: it asks a pad on TCP as often
// as it is told, writes what of it can be seen, and stays until it is ended.
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { writeHeapSnapshot } from 'node:v8'
import { tcpPinpad } from '@cashdesk/pinpad'

const [port, account, snapshot, inspection] = process.argv.slice(2)
const seen = []
const pad = tcpPinpad({ host: '127.0.0.1', port: Number(port), timeouts: { settleMs: 50 } })
await pad.open({
  clock: {
    now: () => Date.now(),
    monotonicMs: () => performance.now(),
    after: (delayMs, wake) => {
      const timer = setTimeout(wake, delayMs)
      return () => clearTimeout(timer)
    },
  },
  random: { bytes: length => randomBytes(length) },
  log: (...line) => void seen.push(line),
  healthChanged: health => void seen.push(health),
})
process.on('message', async said => {
  if (said === 'ask') {
    const request = { op: '018f0000-0000-7000-8000-000000000001', account, key: { scheme: 'dukpt' } }
    const outcome = await pad.enterPin(request, { onMessage: text => void seen.push(text) })
    seen.push(outcome)
    process.send({ outcome: outcome.outcome, code: outcome.error?.code })
  } else {
    writeFileSync(inspection, inspect({ seen, pad }, { depth: 20, showHidden: true, maxArrayLength: null }))
    writeHeapSnapshot(snapshot)
    process.send({ outcome: 'written' })
  }
})
process.send({ outcome: 'ready' })
