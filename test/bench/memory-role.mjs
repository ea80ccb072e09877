// One till, or a thousand, in a process that does nothing else, so that its resident set is theirs.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withFiles, withSync } from './disk-wrapped.mjs'

/** Before anything of ours is loaded. */
const bareRss = process.memoryUsage.rss()

const LINES_PER_SALE = 20
/** The register lets the process rest before it looks at an idle till. */
const REST_MS = 1_500
/** How often the resident set is looked at while scanning, in scans. */
const LOOK_EVERY = 2_000
const ARTICLE = { name: 'Coffee', priceMinor: 450, vat: 1900 }
const GTIN = '4006381333931'

const PARTS = { idle, scans, lanes }

export async function start({ part, ...options }) {
  const dir = mkdtempSync(join(tmpdir(), 'cashdesk-bench-'))
  try {
    return { ready: await PARTS[part](dir, options) }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** As a register opens it: a scanner that is looked for, and a plugin whose provider nobody asked yet. */
async function idle(dir) {
  const { activation } = await import('@cashdesk/plugin-activation')
  const { tcpScanner } = await import('@cashdesk/scanner')
  const { openTill } = await import('@cashdesk/sdk')
  const servers = ['http://127.0.0.1:9']
  const till = await openTill({
    ...laneOf(dir, 'idle'),
    scanner: tcpScanner({ host: '127.0.0.1', port: 9 }),
    plugins: [
      activation({
        user: 'u',
        password: 'p',
        cspid: '1',
        reservationServers: servers,
        activationServers: servers,
      }),
    ],
  })
  await rest()
  const rss = process.memoryUsage.rss()
  await till.close()
  return { rss, bareRss }
}

/** A customer every 20 articles, paid in cash. Reads the resident set as it is: nothing asks for a collection. */
async function scans(dir, { scans }) {
  const { openTill } = await import('@cashdesk/sdk')
  const till = await openTill(laneOf(dir, 'scans'))
  const seen = []
  let lines = 0
  for (let number = 0; lines < scans; number += 1) {
    const sale = await till.sale({ id: `s${number}` })
    for (let line = 0; line < LINES_PER_SALE; line += 1) {
      const refusal = await till.scan(GTIN)
      if (refusal) throw new Error(`a scan was refused: ${refusal.code}`)
      lines += 1
      if (lines % LOOK_EVERY === 0) seen.push(process.memoryUsage.rss())
    }
    await sale.pay({ id: 'p', by: 'cash' })
    await sale.finish({ commitBudgetMs: 0 })
    sale.close()
  }
  const heap = process.memoryUsage().heapUsed
  await till.close()
  return { lines, heap, endRss: around(seen, 1), halfRss: around(seen, 0.5), highestRss: Math.max(...seen) }
}

/** The median of the tenth of all looks that ends at `share`: a single look says when the last collection was. */
function around(seen, share) {
  const end = Math.round(seen.length * share)
  const part = seen.slice(Math.max(0, end - Math.ceil(seen.length / 10)), end).sort((a, b) => a - b)
  return part[Math.floor(part.length / 2)]
}

/** Each lane sold something. */
async function lanes(dir, { lanes: count }) {
  const { openTill } = await import('@cashdesk/sdk')
  const { nodeDisk } = await import('@cashdesk/journal')
  const tills = []
  let oneRss = 0
  for (let number = 0; number < count; number += 1) {
    const own = join(dir, String(number))
    const till = await openTill({ ...laneOf(own, `lane ${number}`), ports: { disk: sparse(nodeDisk(own)) } })
    tills.push(till)
    const sale = await till.sale({ id: 's1' })
    await till.scan(GTIN)
    await sale.pay({ id: 'p', by: 'cash' })
    await sale.finish({ commitBudgetMs: 0 })
    sale.close()
    if (number === 0) {
      await rest()
      oneRss = process.memoryUsage.rss()
    }
  }
  await rest()
  const rss = process.memoryUsage.rss()
  for (const till of tills) await till.close()
  return { rss, oneRss }
}

/** New segments without their zeros: a thousand lanes would write eight gigabytes of them, and none is in memory. */
function sparse(disk) {
  const LARGEST_RECORD_BYTES = 65_536
  const hollow = file => ({
    ...withSync(file, () => file.sync()),
    write: (offset, bytes) =>
      bytes.length > LARGEST_RECORD_BYTES && bytes.every(byte => byte === 0)
        ? file.write(offset + bytes.length - 1, bytes.subarray(-1))
        : file.write(offset, bytes),
  })
  return withFiles(disk, hollow)
}

const laneOf = (dir, lane) => ({ dir, lane, currency: 'EUR', catalog: () => ARTICLE })
const rest = () => new Promise(resolve => setTimeout(resolve, REST_MS))
