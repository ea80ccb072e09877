// Beside the embedded queues that people would use instead: how many jobs a second they take and run, what a kill with
// jobs in flight does to them, what an old backlog does, and what is left of their promises when the power goes.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { once, startChild } from './child.mjs'
import { assertRight, figure, median } from './figures.mjs'
import { installPeers } from './peers-installed.mjs'
import { LEASE_MS, PEERS } from './queues.mjs'

const CONCURRENCY = 8
const KILLS = 3
const JOBS_TO_KILL = 24
const HOLD_MS = 400
/** A worker that has not come back to a job in flight by then does not. */
const RESUME_LIMIT_MS = 2 * LEASE_MS + 3_000
const CUTS = 6
const LOOK_MS = 5

export async function besidePeers({ dir, quick, progress }) {
  const problem = installPeers(progress)
  const queues = ['cashdesk', ...(problem ? [] : PEERS)]
  const figures = {}
  const results = new Map(queues.map(queue => [queue, {}]))
  for (const queue of queues) {
    progress(`${queue}: throughput …`)
    results.get(queue).throughput = await throughput(
      folder(dir, `${queue}-throughput`),
      queue,
      quick ? 500 : 2_000,
    )
  }
  progress('Kills, and an old backlog …')
  await Promise.all(
    queues.map(async queue => {
      results.get(queue).kill = await killed(folder(dir, `${queue}-kill`), queue)
      results.get(queue).aged = await aged(folder(dir, `${queue}-aged`), queue)
    }),
  )
  const shadow = await shadowLibrary()
  for (const queue of shadow.missing ? [] : queues) {
    progress(`${queue}: power cuts …`)
    results.get(queue).power = await powerCut(folder(dir, `${queue}-power`), queue, shadow, quick ? 2 : CUTS)
  }
  for (const [queue, result] of results) Object.assign(figures, figuresOf(queue, result))
  const ours = results.get('cashdesk')
  assertRight(ours.kill.lost === 0 && ours.aged.twice === 0, 'our own queue lost a job or ran one twice')
  assertRight(
    (ours.power?.lost ?? 0) === 0,
    `our own queue lost ${ours.power?.lost} promised jobs to a power cut`,
  )
  const notes = [
    `plainjob with synchronous=FULL, liteque as it comes; both give a job to another worker after ${LEASE_MS} ms here (plainjob's own default: 30 minutes).`,
    'A resume of -1 ms: never resumed.',
    ...(problem ? [problem] : []),
    ...(shadow.missing ? [`No power cuts: ${shadow.missing}.`] : []),
  ]
  return { figures, notes }
}

function figuresOf(queue, { throughput: through, kill, aged: old, power }) {
  const rate = median(through.slices.map(each => each.rate))
  return {
    [`${queue}.enqueue`]: figure(rate, 'a second', 0),
    [`${queue}.enqueueRatio`]: figure(median(through.slices.map(each => each.rate / each.raw)), '× raw', 2),
    [`${queue}.drain`]: figure(through.drain, 'a second', 0),
    [`${queue}.killResume`]: figure(kill.resumeMs, 'ms', 0),
    [`${queue}.killLost`]: figure(kill.lost, `of ${JOBS_TO_KILL} jobs after ${KILLS} kills`, 0),
    [`${queue}.killTwice`]: figure(kill.twice, 'ended jobs ran again', 0),
    [`${queue}.oldBacklogTwice`]: figure(old.twice, `of ${JOBS_TO_KILL} jobs ran twice, no kill`, 0),
    ...(power === undefined
      ? {}
      : {
          [`${queue}.powerLost`]: figure(power.lost, `of ${power.kept} promised jobs, ${power.cuts} cuts`, 0),
        }),
  }
}

function folder(dir, name) {
  const path = join(dir, name)
  mkdirSync(path)
  return path
}

async function throughput(dir, queue, jobs) {
  const result = await once('queue', { part: 'throughput', queue, dir, jobs, concurrency: CONCURRENCY })
  assertRight(result.ran === jobs, `${queue} ran ${result.ran} of ${jobs} jobs`)
  return result
}

/** The worker is killed with jobs in flight, again and again while the same ones are; then it may finish. */
async function killed(dir, queue) {
  const store = folder(dir, 'store')
  const log = join(dir, 'log')
  await once('queue', { part: 'fill', queue, dir: store, jobs: JOBS_TO_KILL })
  const worker = () => startWorker({ queue, dir: store, log, holdMs: HOLD_MS })
  const resumes = []
  let current = worker()
  await until(() => inFlight(log).length >= CONCURRENCY, RESUME_LIMIT_MS)
  for (let kill = 0; kill < KILLS; kill += 1) {
    await current.kill()
    const open = new Set(inFlight(log))
    const seen = lines(log).length
    const again = () =>
      lines(log)
        .slice(seen)
        .find(({ what, number }) => what === 'began' && open.has(number))
    const from = Date.now()
    current = worker()
    resumes.push((await until(() => again() !== undefined, RESUME_LIMIT_MS)) ? again().at - from : -1)
    // Those that come back together are in flight together when the next kill comes.
    await new Promise(resolve => setTimeout(resolve, HOLD_MS / 4))
  }
  await Promise.race([current.ended, new Promise(resolve => setTimeout(resolve, RESUME_LIMIT_MS))])
  await current.kill()
  const ends = timesEnded(log)
  return {
    resumeMs: resumes.includes(-1) ? -1 : median(resumes),
    lost: JOBS_TO_KILL - ends.size,
    twice: twice(ends),
  }
}

/** Jobs that are older than the lease when they are begun, each taking a while. */
async function aged(dir, queue) {
  const store = folder(dir, 'store')
  const log = join(dir, 'log')
  await once('queue', { part: 'fill', queue, dir: store, jobs: JOBS_TO_KILL })
  await new Promise(resolve => setTimeout(resolve, LEASE_MS + 1_000))
  const worker = startWorker({ queue, dir: store, log, holdMs: LEASE_MS / 3 })
  await Promise.race([worker.ended, new Promise(resolve => setTimeout(resolve, 6 * LEASE_MS))])
  await worker.kill()
  return { twice: twice(timesEnded(log)) }
}

/** The worker's role answers only when the queue is empty, if ever. */
function startWorker(options) {
  let child
  const ended = startChild('queue', { part: 'run', concurrency: CONCURRENCY, ...options }, {}, each => {
    child = each
  }).then(
    () => true,
    () => false,
  )
  return { ended, kill: () => child.kill() }
}

/** Jobs are promised until the power goes; afterwards the queue is asked for all that it still has. */
async function powerCut(dir, queue, shadow, cuts) {
  const place = { library: shadow.library(dir), root: folder(dir, 'store'), copy: join(dir, 'copy') }
  let kept = 0
  let lost = 0
  // The store exists before the first cut: what is lost is what was promised, not the making of an empty file.
  await once('queue', { part: 'fill', queue, dir: place.root, jobs: 0 })
  for (let number = 0; number < cuts; number += 1) {
    const log = join(dir, `log${number}`)
    shadow.begin(place)
    let child
    const options = { part: 'fillForever', queue, dir: place.root, log, from: number * 1_000_000 }
    const gone = startChild('queue', options, { env: shadow.environment(place) }, each => {
      child = each
    }).catch(() => undefined)
    await until(() => lines(log).length >= 200 + number * 37, RESUME_LIMIT_MS)
    await child.kill()
    await gone
    if (queue !== 'cashdesk') forgiveSharedMemory(place.copy)
    shadow.cut(place)
    const promised = lines(log).map(each => each.number)
    const ran = join(dir, `ran${number}`)
    await once('queue', {
      part: 'run',
      queue,
      dir: place.root,
      log: ran,
      concurrency: CONCURRENCY,
      holdMs: 0,
    })
    const there = new Set(lines(ran).map(each => each.number))
    kept += promised.length
    lost += promised.filter(each => !there.has(each)).length
  }
  return { cuts, kept, lost }
}

/**
 * SQLite maps one file to write in it, its -shm, which the library cannot follow. Nothing is lost by that: what is in
 * it is made anew from the log after every crash.
 */
function forgiveSharedMemory(copy) {
  const path = join(copy, 'complaints')
  if (!existsSync(path)) return
  const rest = readFileSync(path, 'utf8')
    .split('\n')
    .filter(line => line !== '' && line !== 'mmap')
  writeFileSync(path, rest.join('\n'))
}

/** test/power's library, where it can be built. */
async function shadowLibrary() {
  const { begin, buildLibrary, cut, environment, missing } = await import('../power/dist/shadow.js')
  return { missing: missing(), begin, cut, environment, library: buildLibrary }
}

function lines(log) {
  if (!existsSync(log)) return []
  // The last line may be half written.
  return readFileSync(log, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map(line => {
      const [what, number, at] = line.split(' ')
      return { what, number: Number(number), at: Number(at) }
    })
}

/** Jobs that were begun and have not ended, by the log. */
function inFlight(log) {
  const open = new Set()
  for (const { what, number } of lines(log)) {
    if (what === 'began') open.add(number)
    else open.delete(number)
  }
  return [...open]
}

function timesEnded(log) {
  const ends = new Map()
  for (const { what, number } of lines(log))
    if (what === 'ended') ends.set(number, (ends.get(number) ?? 0) + 1)
  return ends
}

const twice = ends => [...ends.values()].filter(times => times > 1).length

async function until(condition, limitMs) {
  const end = Date.now() + limitMs
  while (!condition()) {
    if (Date.now() > end) return false
    await new Promise(resolve => setTimeout(resolve, LOOK_MS))
  }
  return true
}
