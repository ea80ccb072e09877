// A 72 hours old backlog of activations is drained to the reference host: how quickly against the bare HTTP client
// with as many calls at once, whether anything was activated twice, and whether the next customer notices.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTill } from '@cashdesk/sdk'
import { makeBacklog, optionsOf } from './backlog-made.mjs'
import { bareHttp } from './bare-http.mjs'
import { startChild } from './child.mjs'
import { assertRight, atLeast, atMost, figure, median } from './figures.mjs'
import { PRODUCT, serialOf } from './provider-role.mjs'

/** As many calls at once as the sdk allows itself. */
const CONCURRENCY = 16
/** A drain that takes longer than this does not end. */
const LIMIT_MS = 300_000
/** Between two customers' scans, in ms. */
const SCAN_EVERY_MS = 20
const WARM_REQUESTS = 2_000

export async function run({ rounds, quick, progress }) {
  const queued = quick ? 1_000 : 10_000
  const meanwhile = quick ? 500 : 4_000
  const perRound = 2 * queued + meanwhile + 4_000
  const host = await startChild('provider', { cards: WARM_REQUESTS + rounds * perRound })
  const dir = mkdtempSync(join(tmpdir(), 'cashdesk-bench-'))
  const drains = []
  const delays = []
  const bare = await startBare(host, CONCURRENCY)
  try {
    let next = await bare.warm(0, WARM_REQUESTS)
    for (let round = 0; round < rounds; round += 1) {
      progress(`Round ${round + 1}: a backlog of ${queued} …`)
      drains.push(await drained(join(dir, `drain${round}`), { host, bare, from: next, queued, progress }))
      next += 2 * queued
      progress(`Round ${round + 1}: sales while ${meanwhile} are drained …`)
      delays.push(await delayed(join(dir, `delay${round}`), { host, from: next, queued: meanwhile }))
      next += meanwhile + 4_000
    }
    const books = await host.ask('books')
    return { figures: figuresOf(drains, delays, books), notes: [] }
  } finally {
    bare.close()
    await host.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

function figuresOf(drains, delays, books) {
  assertRight(books.duplicates === 0, `${books.duplicates} cards were activated under two ids`)
  const of = (list, name) => median(list.map(each => each[name]))
  return {
    drainRatio: atLeast(0.5, of(drains, 'ratio'), '× bare', 2),
    drain: figure(of(drains, 'rate'), 'a second', 0),
    bareHttp: figure(of(drains, 'bare'), 'a second', 0),
    openAfterBacklog: figure(of(drains, 'openMs'), 'ms', 0),
    firstCommit: figure(of(drains, 'firstMs'), 'ms', 0),
    cpuPerCommit: figure(of(drains, 'cpuUs'), 'µs, opening included', 0),
    cpuPerBareRequest: figure(of(drains, 'bareCpuUs'), 'µs', 0),
    duplicates: atMost(0, books.duplicates, 'cards', 0),
    repeatedRequests: figure(books.repeated, 'ids sent twice', 0),
    scanDuringDrain: figure(of(delays, 'during'), 'ms', 2),
    scanWithoutDrain: figure(of(delays, 'quiet'), 'ms', 2),
    scanDelay: figure(of(delays, 'during') / of(delays, 'quiet'), '× without', 2),
    scansDuringDrain: figure(of(delays, 'scans'), '', 0),
  }
}

/** One backlog: as quick as the till can, with the bare client before and behind it. */
async function drained(dir, { host, bare, from, queued, progress }) {
  await makeBacklog(dir, host.ready, { from, count: queued, progress })
  const half = queued / 2
  const before = await bare.rate(from + queued, half)
  await host.ask('reset')
  const openedNs = process.hrtime.bigint()
  const cpu = process.cpuUsage()
  const till = await openTill(optionsOf(dir, { reservation: host.ready, activation: host.ready }))
  const openMs = msBetween(openedNs, process.hrtime.bigint())
  const whole = await till.idle({ timeoutMs: LIMIT_MS })
  const endedNs = process.hrtime.bigint()
  const cpuUs = usedUs(cpu) / queued
  const tasks = till.tasks()
  await till.close()
  const { firstNs } = await host.ask('seen')
  const after = await bare.rate(from + queued + half, half)
  assertRight(whole, `the backlog was not empty after ${LIMIT_MS} ms`)
  assertRight(tasks.length === 0, `the drained backlog left ${tasks.length} tasks`)
  const { active } = await host.ask('books')
  const missing = lacking(active, from, queued)
  assertRight(missing === 0, `${missing} of ${queued} queued activations never arrived`)
  const rate = (queued * 1000) / msBetween(firstNs, endedNs)
  const bareRate = (before.rate + after.rate) / 2
  const bareCpuUs = (before.cpuUs + after.cpuUs) / 2
  return {
    rate,
    bare: bareRate,
    ratio: rate / bareRate,
    openMs,
    firstMs: msBetween(openedNs, firstNs),
    cpuUs,
    bareCpuUs,
  }
}

function lacking(active, from, count) {
  const there = new Set(active)
  return Array.from({ length: count }, (_, index) => serialOf(from + index)).filter(each => !there.has(each))
    .length
}

/** Customers are served while a backlog drains, and again when it is gone. */
async function delayed(dir, { host, from, queued }) {
  await makeBacklog(dir, host.ready, { from, count: queued })
  const till = await openTill(optionsOf(dir, { reservation: host.ready, activation: host.ready }))
  let draining = true
  const drain = till.idle({ timeoutMs: LIMIT_MS }).then(() => {
    draining = false
  })
  let next = from + queued
  const during = await scans(
    till,
    host,
    () => draining && next < from + queued + 2_000,
    () => next++,
  )
  await drain
  const last = next + Math.max(20, during.length)
  const quiet = await scans(
    till,
    host,
    () => next < last,
    () => next++,
  )
  await till.close()
  return { during: median(during), quiet: median(quiet), scans: during.length }
}

/** Scans one card after the other, each in a sale of its own; answers ms from the scan to the reservation at the host. */
async function scans(till, host, goOn, number) {
  const started = new Map()
  while (goOn()) {
    const serial = serialOf(number())
    const sale = await till.sale({ id: `c${serial}` })
    started.set(serial, process.hrtime.bigint())
    const refusal = await till.scan(`0104260001190018${`21${serial}`}`, ']C1')
    assertRight(refusal === undefined, `a scan was refused: ${refusal?.code}`)
    await new Promise(resolve => setTimeout(resolve, SCAN_EVERY_MS))
    await sale.cancel()
    sale.close()
  }
  const { reserved } = await host.ask('seen')
  return [...started].flatMap(([serial, at]) => {
    const arrived = reserved.get(serial)
    return arrived === undefined ? [] : [msBetween(at, arrived)]
  })
}

/** The same requests from a bare client: cards are reserved first, and what is measured are their activations. */
async function startBare(host, concurrency) {
  const http = bareHttp()
  const url = (number, action, extra) =>
    `${host.ready}/contentcard/contentcard.php?user=demo&pass=demo-pass&cspid=4711&action=${action}&serial=${serialOf(number)}&prodid=${PRODUCT}&serviceid=1&version=1${extra}`
  const send = async (number, action, key, extra = '') => {
    const { status, body } = await http.get(url(number, action, extra), key)
    if (status !== 200) throw new Error(`the bare client got ${status} ${body}`)
  }
  const all = async (from, count, one) => {
    let next = from
    const cpu = process.cpuUsage()
    const begun = performance.now()
    await Promise.all(
      Array.from({ length: concurrency }, async () => {
        while (next < from + count) await one(next++)
      }),
    )
    return { rate: (count * 1000) / (performance.now() - begun), cpuUs: usedUs(cpu) / count }
  }
  const rate = async (from, count) => {
    await all(from, count, number => send(number, 1, idOf(1, number)))
    return all(from, count, number => send(number, 2, idOf(2, number), `&operation=${idOf(1, number)}`))
  }
  return {
    rate,
    warm: async (from, count) => {
      await rate(from, count)
      return from + count
    },
    close: http.close,
  }
}

/** An operation's id, as the exchange wants it. */
const idOf = (action, number) => `0000000${action}-0000-4000-8000-${String(number).padStart(12, '0')}`

function usedUs(since) {
  const { user, system } = process.cpuUsage(since)
  return user + system
}

const msBetween = (fromNs, toNs) => Number(toNs - fromNs) / 1e6
