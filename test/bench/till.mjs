// The till's two figures. (1) From the last byte of a scan to the reservation request at the provider, against the
// least that could be done: read the same bytes, sync once, send the same request bare. (2) Complete durable sales a
// second, against the rate at which this disk syncs divided by the syncs that a sale needs.
import { once } from 'node:events'
import { closeSync, fdatasyncSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeDisk } from '@cashdesk/journal'
import { activation } from '@cashdesk/plugin-activation'
import { tcpScanner } from '@cashdesk/scanner'
import { openTill } from '@cashdesk/sdk'

const GTIN = '4260001190018'
/** A new sale this often, so that no figure depends on how long one sale has become. */
const LINES_PER_SALE = 20
/** About the size of the record that a scan with its reservation leaves in the journal. */
const RECORD_BYTES = 2048
const PREALLOCATED_RECORDS = 2048

const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
const rounded = (value, digits = 3) => Number(value.toFixed(digits))

export async function till({ rounds, progress }) {
  const dir = mkdtempSync(join(tmpdir(), 'cashdesk-bench-'))
  try {
    progress('Scan to reservation …')
    const scan = await scanToReservation(join(dir, 'scan'), dir, rounds)
    progress('Durable sales …')
    const sales = await durableSales(join(dir, 'sales'), dir, rounds)
    return { bench: 'till', node: process.version, rounds, ...scan, ...sales }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

// ── scan byte → reservation request on the wire ─────────────────────────────────────────────────────────────

async function scanToReservation(dir, scratch, rounds) {
  const provider = await startProvider()
  const reader = await startReader()
  const article = { name: 'Card', priceMinor: 2500, vat: null, facts: { prodid: '4967' } }
  const till = await openTill({
    dir,
    lane: 'bench',
    currency: 'EUR',
    catalog: () => article,
    scanner: tcpScanner({ host: '127.0.0.1', port: reader.port }),
    plugins: [
      activation({
        user: 'u',
        password: 'p',
        cspid: '1',
        reservationServers: [provider.url],
        activationServers: [provider.url],
      }),
    ],
  })
  const register = await reader.connected()
  const floor = await startFloor(scratch, provider)
  const measured = { till: [], floor: [] }
  let sale
  // The two alternate, so that whatever else the machine does hits both alike.
  for (let round = -20; round < rounds; round += 1) {
    if (round % LINES_PER_SALE === 0) {
      await sale?.cancel()
      sale = await till.sale({ id: `s${round}` })
    }
    const code = `]C101${GTIN.padStart(14, '0')}21${String(10_000_000 + round).padStart(16, '6')}\r`
    const tillMs = await timed(register, code, provider)
    await settled(till, sale.id)
    const floorMs = await timed(floor.socket, code, provider)
    if (round >= 0) {
      measured.till.push(tillMs)
      measured.floor.push(floorMs)
    }
  }
  await till.close()
  floor.close()
  reader.close()
  provider.close()
  const ratios = measured.till.map((value, index) => value / measured.floor[index])
  return {
    scanToReservationMs: rounded(median(measured.till)),
    scanFloorMs: rounded(median(measured.floor)),
    scanRatio: rounded(median(measured.till) / median(measured.floor)),
    scanPairedRatio: rounded(median(ratios)),
  }
}

/** From just before the bytes are written to the arrival of the request. */
async function timed(socket, code, provider) {
  const arrived = provider.next()
  const from = performance.now()
  socket.write(code)
  return (await arrived) - from
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
async function startFloor(scratch, provider) {
  const file = preallocated(scratch)
  const agent = new http.Agent({ keepAlive: true })
  const server = net.createServer(socket => {
    socket.setNoDelay(true)
    let text = ''
    socket.on('data', bytes => {
      text += bytes.toString('latin1')
      if (!text.endsWith('\r')) return
      const code = text
      text = ''
      file.append()
      const path = `/contentcard/contentcard.php?user=u&pass=p&cspid=1&action=1&serial=${code.slice(-17, -1)}&prodid=4967&serviceid=&version=1`
      const request = http.get(
        `${provider.url}${path}`,
        { agent, headers: { 'idempotency-key': '0' } },
        response => response.resume(),
      )
      request.on('error', () => socket.destroy())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = net.connect(server.address().port, '127.0.0.1')
  await once(socket, 'connect')
  socket.setNoDelay(true)
  return {
    socket,
    close: () => {
      socket.destroy()
      server.close()
      agent.destroy()
      file.close()
    },
  }
}

/** A scanner's side of a TCP line. */
async function startReader() {
  const server = net.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const first = once(server, 'connection')
  return {
    port: server.address().port,
    connected: async () => {
      const [socket] = await first
      socket.setNoDelay(true)
      return socket
    },
    close: () => server.close(),
  }
}

/** A provider that grants everything and tells when a request arrived. */
async function startProvider() {
  const waiting = []
  const server = http.createServer((request, response) => {
    const query = new URL(request.url, 'http://localhost').searchParams
    if (query.get('action') === '1') waiting.shift()?.(performance.now())
    const result = { 1: 'reserved', 2: 'activated', 3: 'released' }[query.get('action')] ?? 'refused'
    const answer = JSON.stringify({
      result,
      operation: request.headers['idempotency-key'],
      serial: query.get('serial'),
      expiresInMs: 900_000,
    })
    response.writeHead(200, { 'content-type': 'application/json' }).end(answer)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    next: () => new Promise(resolve => waiting.push(resolve)),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

// ── complete durable sales a second ─────────────────────────────────────────────────────────────────────────

async function durableSales(dir, scratch, rounds) {
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
  }
  for (let warm = 0; warm < 50; warm += 1) await sell(`w${warm}`)
  const rates = []
  const raws = []
  const perSale = []
  const block = Math.max(10, Math.floor(rounds / 10))
  for (let round = 0; round < 10; round += 1) {
    raws.push(rawSyncsPerSecond(scratch, block * 4))
    const before = counts.syncs
    const from = performance.now()
    for (let index = 0; index < block; index += 1) await sell(`r${round}-${index}`)
    rates.push((block * 1000) / (performance.now() - from))
    perSale.push((counts.syncs - before) / block)
  }
  await till.close()
  const syncsPerSale = median(perSale)
  const ratios = rates.map((rate, index) => rate / (raws[index] / perSale[index]))
  return {
    salesPerSecond: rounded(median(rates), 1),
    syncsPerSale: rounded(syncsPerSale, 2),
    rawSyncsPerSecond: rounded(median(raws), 1),
    salesRatio: rounded(median(ratios)),
  }
}

function rawSyncsPerSecond(scratch, count) {
  const file = preallocated(scratch)
  const from = performance.now()
  for (let index = 0; index < count; index += 1) file.append()
  const rate = (count * 1000) / (performance.now() - from)
  file.close()
  return rate
}

/** The physical limit: a zero-filled file that never changes its size, one synced write after the other. */
function preallocated(scratch) {
  const path = join(scratch, 'raw.bin')
  const file = openSync(path, 'w+')
  writeSync(file, Buffer.alloc(RECORD_BYTES * PREALLOCATED_RECORDS))
  fsyncSync(file)
  const record = Buffer.alloc(RECORD_BYTES, 120)
  let next = 0
  return {
    append: () => {
      writeSync(file, record, 0, RECORD_BYTES, (next++ % PREALLOCATED_RECORDS) * RECORD_BYTES)
      fdatasyncSync(file)
    },
    close: () => {
      closeSync(file)
      rmSync(path)
    },
  }
}

/** Counts what reaches the disk. */
function counting(disk, counts) {
  const counted = file => ({
    read: (offset, length) => file.read(offset, length),
    write: (offset, bytes) => file.write(offset, bytes),
    sync: () => {
      counts.syncs += 1
      return file.sync()
    },
    size: () => file.size(),
    close: () => file.close(),
  })
  return {
    name: disk.name,
    list: folder => disk.list(folder),
    open: async (path, mode) => counted(await disk.open(path, mode)),
    create: async path => counted(await disk.create(path)),
    makeFolder: path => disk.makeFolder(path),
    rename: (from, to) => disk.rename(from, to),
    remove: path => disk.remove(path),
    syncFolder: folder => disk.syncFolder(folder),
    lock: folder => disk.lock(folder),
    identity: folder => disk.identity(folder),
  }
}
