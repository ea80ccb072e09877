// `cashdesk journal`: says whether a journal is whole, where it is not, and confirms a copy.
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { CashdeskError } from '@cashdesk/kernel'
import { openTill } from '@cashdesk/sdk'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { confirmJournal } from './confirm.ts'
import { complain } from './say.ts'
import { verifyJournal } from './verify.ts'

const article = { name: 'Pen', priceMinor: 199, vat: 1900 }
let folder = ''
let dir = ''
let stdout = new PassThrough({ encoding: 'utf8' })
let io = { stdout, stderr: new PassThrough({ encoding: 'utf8' }) }
const said = (): string => String(stdout.read() ?? '')

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cashdesk-journal-'))
  dir = join(folder, 'till')
  stdout = new PassThrough({ encoding: 'utf8' })
  io = { stdout, stderr: new PassThrough({ encoding: 'utf8' }) }
  const till = await openTill({ dir, lane: '1', currency: 'EUR' })
  const sale = await till.sale({ id: 'r-1' })
  await sale.add({ line: '1', article })
  await sale.pay({ id: 'p', by: 'cash' })
  await sale.finish()
  await till.close()
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('verify finds a whole journal whole', async () => {
  expect(await verifyJournal(io, dir, {})).toBe(0)
  expect(said()).toMatch(/whole: \d+ records/)
})

it('verify names file and offset of a flipped bit', async () => {
  const file = join(dir, 'journal', segmentOf(dir))
  const bytes = readFileSync(file)
  const at = bytes.indexOf('"r-1"')
  bytes[at + 1] = (bytes[at + 1] ?? 0) ^ 1
  writeFileSync(file, bytes)
  expect(await verifyJournal(io, dir, { json: true })).toBe(1)
  expect(JSON.parse(said())).toMatchObject({ ok: false, error: { code: 'journal.damaged' } })
})

it('verify counts what the records come to, and what only a person should know', async () => {
  expect(await verifyJournal(io, dir, { json: true })).toBe(0)
  expect(JSON.parse(said())).toMatchObject({
    ok: true,
    epoch: 1,
    restored: false,
    unknown: 0,
    laterEvents: 0,
    state: { sales: 1, pending: 0, tasks: 0 },
  })
  const copy = join(folder, 'copy')
  cpSync(dir, copy, { recursive: true })
  expect(await verifyJournal(io, copy, {})).toBe(0)
  expect(said()).toContain('It is a copy from another machine or folder')
})

it('verify finds a bad snapshot, which costs a slower start and nothing else', async () => {
  const till = await openTill({ dir, lane: '1', currency: 'EUR', snapshotEvery: 2 })
  for (const id of ['r-2', 'r-3']) {
    const sale = await till.sale({ id })
    await sale.add({ line: '1', article })
    await sale.pay({ id: 'p', by: 'cash' })
    await sale.finish()
  }
  await till.close()
  expect(await verifyJournal(io, dir, {})).toBe(0)
  expect(said()).toMatch(/Snapshot journal\/snapshot-\d+ is sound and goes up to record \d+/)
  const name = readdirNames(join(dir, 'journal')).find(each => each.startsWith('snapshot-')) ?? ''
  const file = join(dir, 'journal', name)
  const bytes = readFileSync(file)
  const at = bytes.length >> 1
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(file, bytes)
  expect(await verifyJournal(io, dir, {})).toBe(0)
  expect(said()).toContain('is left aside: damaged')
})

it('neither makes a journal where there is none: it says so, and could not be done', async () => {
  const nowhere = join(folder, 'nowhere')
  await expect(verifyJournal(io, nowhere, {})).rejects.toThrow(/journal\.absent/)
  await expect(confirmJournal(io, nowhere, {})).rejects.toThrow(/journal\.absent/)
  expect(existsSync(nowhere)).toBe(false)
  expect(complain(io, new CashdeskError('journal.absent', { dir: nowhere }), false)).toBe(3)
})

it('confirm makes a copied journal sell again', async () => {
  const copy = join(folder, 'copy')
  cpSync(dir, copy, { recursive: true })
  const restored = await openTill({ dir: copy, lane: '1', currency: 'EUR' })
  expect(restored.state).toBe('restored')
  await expect(restored.sale({ id: 'r-2' })).rejects.toThrow(/journal\.restored/)
  await restored.close()

  expect(await confirmJournal(io, copy, { json: true })).toBe(0)
  expect(JSON.parse(said())).toMatchObject({ confirmed: true })
  const till = await openTill({ dir: copy, lane: '1', currency: 'EUR' })
  expect(till.state).toBe('open')
  await till.sale({ id: 'r-2' })
  await till.close()
})

function segmentOf(till: string): string {
  return readdirNames(join(till, 'journal')).find(name => name.endsWith('.seg')) ?? ''
}

function readdirNames(path: string): readonly string[] {
  return readdirSync(path)
    .filter(name => !name.includes('lock'))
    .sort()
}
