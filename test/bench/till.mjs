// The till's two figures. (1) From the last byte of a scan to the reservation request at the provider, against the
// least that could be done: read the same bytes, sync once, send the same request bare. (2) Complete durable sales a
// second, against the rate at which this disk syncs divided by the syncs that a sale needs.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeDisk } from '@cashdesk/journal'
import { activation } from '@cashdesk/plugin-activation'
import { tcpScanner } from '@cashdesk/scanner'
import { openTill } from '@cashdesk/sdk'
import { bareHttp } from './bare-http.mjs'
import { startChild } from './child.mjs'
import { withFiles, withSync } from './disk-wrapped.mjs'
import { atLeast, atMost, figure, median } from './figures.mjs'
import { rawFile } from './raw-file.mjs'

const GTIN = '4260001190018'
/** A new sale this often, so that no figure depends on how long one sale has become. */
const LINES_PER_SALE = 20
/** About the size of the record that a scan with its reservation leaves in the journal. */
const RECORD_BYTES = 2048
/** Before anything counts: a till runs for days, its first second says nothing about it. */
const WARM_SCANS = 400
const WARM_SALES = 2_000
/** Sales between two looks at what the disk can do. */
const SALES_PER_SLICE = 25

export async function run({ rounds, quick, progress }) {
  const dir = mkdtempSync(join(tmpdir(), 'cashdesk-bench-'))
  try {
    progress('Scan to reservation …')
    const scan = await scanToReservation(join(dir, 'scan'), dir, { rounds, warm: quick ? 40 : WARM_SCANS })
    progress('Durable sales …')
    const sales = await durableSales(join(dir, 'sales'), dir, { rounds, warm: quick ? 200 : WARM_SALES })
    return { figures: { ...scan, ...sales } }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

// ── scan byte → reservation request on the wire ─────────────────────────────────────────────────────────────

async function scanToReservation(dir, scratch, { rounds, warm }) {
  const world = await startChild('world')
  const provider = `http://127.0.0.1:${world.ready.provider}`
  const article = { name: 'Card', priceMinor: 2500, vat: null, facts: { prodid: '4967' } }
  const till = await openTill({
    dir,
    lane: 'bench',
    currency: 'EUR',
    catalog: () => article,
    scanner: tcpScanner({ host: '127.0.0.1', port: world.ready.till }),
    plugins: [
      activation({
        user: 'u',
        password: 'p',
        cspid: '1',
        reservationServers: [provider],
        activationServers: [provider],
      }),
    ],
  })
  const floor = await startFloor(scratch, provider, world.ready.floor)
  const measured = { till: [], floor: [] }
  let sale
  // The two alternate, so that whatever else the machine does hits both alike.
  for (let round = -warm; round < rounds; round += 1) {
    if (!sale || round % LINES_PER_SALE === 0) {
      await sale?.cancel()
      sale?.close()
      sale = await till.sale({ id: `s${round}` })
    }
    const code = `]C101${GTIN.padStart(14, '0')}21${String(10_000_000 + round).padStart(16, '6')}\r`
    const tillMs = await world.ask({ to: 'till', code })
    await settled(till, sale.id)
    const floorMs = await world.ask({ to: 'floor', code })
    if (round < 0) continue
    measured.till.push(tillMs)
    measured.floor.push(floorMs)
  }
  await till.close()
  floor.close()
  await world.close()
  const ratios = measured.till.map((value, index) => value / measured.floor[index])
  return {
    scanRatio: atMost(1.3, median(measured.till) / median(measured.floor), '× floor', 2),
    scanPairedRatio: figure(median(ratios), '× floor', 2),
    scanToReservation: figure(median(measured.till), 'ms'),
    scanFloor: figure(median(measured.floor), 'ms'),
  }
}

async function settled(till, id) {
  while (
    till
      .find(id)
      .view()
      .claims.some(claim => claim.state === 'reserving')
  )
    await new Promise(setImmediate)
}

/** The same bytes read from a socket, one record synced, the same request sent bare. */
async function startFloor(scratch, provider, port) {
  const file = rawFile(join(scratch, 'floor.bin'), RECORD_BYTES)
  const http = bareHttp()
  const socket = net.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  let text = ''
  socket.on('data', bytes => {
    text += bytes.toString('latin1')
    if (!text.endsWith('\r')) return
    const serial = text.slice(-17, -1)
    text = ''
    file.append()
    const path = `/contentcard/contentcard.php?user=u&pass=p&cspid=1&action=1&serial=${serial}&prodid=4967&serviceid=1&version=1`
    http.get(`${provider}${path}`, '0').catch(error => socket.destroy(error))
  })
  return {
    close: () => {
      socket.destroy()
      http.close()
      file.close()
    },
  }
}

// ── complete durable sales a second ─────────────────────────────────────────────────────────────────────────

async function durableSales(dir, scratch, { rounds, warm }) {
  const counts = { syncs: 0 }
  const till = await openTill({
    dir,
    lane: 'bench',
    currency: 'EUR',
    ports: { disk: counting(nodeDisk(dir), counts) },
  })
  const article = { name: 'Coffee', priceMinor: 450, vat: 1900 }
  const sell = async id => {
    const sale = await till.sale({ id })
    await sale.add({ line: '1', article })
    await sale.pay({ id: 'p', by: 'cash' })
    await sale.finish({ commitBudgetMs: 0 })
    sale.close()
  }
  for (let index = 0; index < warm; index += 1) await sell(`w${index}`)
  const file = rawFile(join(scratch, 'raw.bin'), RECORD_BYTES)
  file.rate(500)
  const measured = { sales: [], raw: [], syncs: [], ratio: [], cpuUs: [] }
  for (let round = 0; round * SALES_PER_SLICE < rounds * 4; round += 1) {
    const raw = file.rate(SALES_PER_SLICE * 4)
    const before = counts.syncs
    const cpu = process.cpuUsage()
    const from = performance.now()
    for (let index = 0; index < SALES_PER_SLICE; index += 1) await sell(`r${round}-${index}`)
    const rate = (SALES_PER_SLICE * 1000) / (performance.now() - from)
    const { user, system } = process.cpuUsage(cpu)
    const syncs = (counts.syncs - before) / SALES_PER_SLICE
    measured.sales.push(rate)
    measured.raw.push(raw)
    measured.syncs.push(syncs)
    measured.ratio.push(rate / (raw / syncs))
    measured.cpuUs.push((user + system) / SALES_PER_SLICE)
  }
  file.close()
  await till.close()
  return {
    salesRatio: atLeast(0.8, median(measured.ratio), '× floor', 2),
    sales: figure(median(measured.sales), 'a second', 0),
    syncsPerSale: figure(median(measured.syncs), '', 2),
    cpuPerSale: figure(median(measured.cpuUs), 'µs', 0),
    rawSyncs: figure(median(measured.raw), 'a second', 0),
  }
}

/** Counts what reaches the disk. */
function counting(disk, counts) {
  return withFiles(disk, file =>
    withSync(file, () => {
      counts.syncs += 1
      return file.sync()
    }),
  )
}
