// One process that works with one queue: fills it, runs its jobs, or fills it until somebody ends it. What it was
// promised and what it ran stands in a log outside the queue's folder, so that it outlives every end of this process.
import { openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { openQueue } from './queues.mjs'
import { rawFile } from './raw-file.mjs'

const PARTS = { throughput, fill, run, fillForever }
const RAW_RECORDS = 50
const SLICE = 50

export async function start({ part, queue: name, dir, ...options }) {
  const queue = await openQueue(name, dir)
  const answer = await PARTS[part](queue, { dir, ...options })
  return { ready: answer, close: () => queue.close() }
}

/** One producer, in slices between slices of the raw rate; then all of it drained. */
async function throughput(queue, { dir, jobs, concurrency }) {
  const raw = rawFile(join(dir, 'raw.bin'), 300)
  const slices = []
  for (let number = 0; number < jobs; number += SLICE) {
    const before = raw.rate(RAW_RECORDS)
    const from = performance.now()
    for (let index = 0; index < SLICE; index += 1) await queue.enqueue(number + index)
    const rate = (SLICE * 1000) / (performance.now() - from)
    slices.push({ rate, raw: (before + raw.rate(RAW_RECORDS)) / 2 })
  }
  raw.close()
  const ran = new Map()
  let last = 0
  const from = performance.now()
  await queue.drain(concurrency, async number => {
    ran.set(number, (ran.get(number) ?? 0) + 1)
    last = performance.now()
  })
  return { slices, drain: (jobs * 1000) / (last - from), ran: ran.size }
}

async function fill(queue, { jobs }) {
  for (let number = 0; number < jobs; number += 1) await queue.enqueue(number)
}

/** Each job takes `holdMs` in the world; its beginning and its end are logged there. */
async function run(queue, { log, concurrency, holdMs }) {
  const file = openSync(log, 'a')
  await queue.drain(concurrency, async number => {
    writeSync(file, `began ${number} ${Date.now()}\n`)
    await new Promise(resolve => setTimeout(resolve, holdMs))
    writeSync(file, `ended ${number} ${Date.now()}\n`)
  })
}

/** Logs a job as soon as the queue has promised to keep it. */
async function fillForever(queue, { log, from }) {
  const file = openSync(log, 'a')
  for (let number = from; ; number += 1) {
    await queue.enqueue(number)
    writeSync(file, `kept ${number}\n`)
  }
}
