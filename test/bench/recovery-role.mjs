// One start, timed in a process of its own: of a till, or of the least reader there can be.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

const HEADER_BYTES = 4096
const FRAME_BYTES = 40
const FRAME_MAGIC = 0xf54443f5

const PARTS = { floor, start: startTill }

export async function start({ part, ...options }) {
  const result = await PARTS[part](options)
  return { ready: { ...result, rss: process.resourceUsage().maxRSS * 1024 } }
}

/** Read, CRC, JSON.parse: nothing is kept, nothing is judged. The layout is that of docs/journal-format.md. */
async function floor({ dir }) {
  const folder = join(dir, 'journal')
  const cpu = process.cpuUsage()
  const from = performance.now()
  let records = 0
  for (const name of readdirSync(folder)
    .filter(each => each.endsWith('.seg'))
    .sort()) {
    const bytes = readFileSync(join(folder, name))
    for (let at = HEADER_BYTES; at + FRAME_BYTES <= bytes.length; ) {
      if (bytes.readUInt32LE(at) !== FRAME_MAGIC) break
      const length = bytes.readUInt32LE(at + 8)
      const next = at + Math.ceil((FRAME_BYTES + length) / 8) * 8
      if (crc32(bytes.subarray(at + 8, next)) !== bytes.readUInt32LE(at + 4))
        throw new Error(`CRC in ${name} at ${at}`)
      const content = JSON.parse(bytes.toString('utf8', at + FRAME_BYTES, at + FRAME_BYTES + length))
      if (content.events) records += 1
      at = next
    }
  }
  return { ms: performance.now() - from, cpuMs: cpuMs(cpu), records }
}

/** From the call to a till that sells. */
async function startTill({ dir, snapshotEvery }) {
  const { openTill } = await import('@cashdesk/sdk')
  const { optionsOf } = await import('./backlog-made.mjs')
  const dead = 'http://127.0.0.1:9'
  const options = { ...optionsOf(dir, { reservation: dead, activation: dead }), snapshotEvery }
  const cpu = process.cpuUsage()
  const from = performance.now()
  const till = await openTill(options)
  const ms = performance.now() - from
  const used = cpuMs(cpu)
  const { records, recovery } = till.journal
  await till.close()
  return { ms, cpuMs: used, records, replayed: recovery.replayed }
}

function cpuMs(since) {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1000
}
