// Reading on beside the writer: every step once and in order, over segments, restarts and torn ends.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Step } from '@cashdesk/kernel'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Journal, nodeDisk, openJournal } from './index.ts'
import { JournalTail } from './tail.ts'

let root = ''
let journal: Journal
const open = async (): Promise<void> => {
  const options = { disk: nodeDisk(root), folder: 'journal', segmentBytes: 8_192, onStep: () => undefined }
  journal = (await openJournal(options)).journal
}
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cashdesk-tail-'))
  await open()
})
afterEach(async () => {
  await journal.close()
  await rm(root, { recursive: true, force: true })
})

const step = (at: number): Step => ({
  decideVersion: 1,
  at,
  input: { type: 'clock' },
  events: [],
  intents: [],
})
const tailOf = (after?: number): JournalTail =>
  new JournalTail({ disk: nodeDisk(root), folder: 'journal', ...(after === undefined ? {} : { after }) })

async function readAll(tail: JournalTail): Promise<readonly number[]> {
  const all: number[] = []
  for (;;) {
    const steps = await tail.next()
    if (steps.length === 0) return all
    for (const each of steps) {
      expect(each.step.at).toBe(each.sequence)
      all.push(each.sequence)
    }
  }
}

const upTo = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

it('hands out what is there, then what comes, each step once', async () => {
  const tail = tailOf()
  expect(await readAll(tail)).toEqual([])
  await Promise.all(upTo(1, 3).map(at => journal.append(step(at))))
  expect(await readAll(tail)).toEqual([1, 2, 3])
  expect(await readAll(tail)).toEqual([])
  await journal.append(step(4))
  expect(await readAll(tail)).toEqual([4])
})

it('goes on over segments and restarts of the till', async () => {
  const tail = tailOf()
  for (const at of upTo(1, 100)) await journal.append(step(at))
  expect(await readAll(tail)).toEqual(upTo(1, 100))
  await journal.close()
  await open()
  for (const at of upTo(101, 200)) await journal.append(step(at))
  expect(await readAll(tail)).toEqual(upTo(101, 200))
  expect((await readdir(join(root, 'journal'))).length).toBeGreaterThan(3)
})

it('begins behind a step that was seen before', async () => {
  for (const at of upTo(1, 50)) await journal.append(step(at))
  expect(await readAll(tailOf(47))).toEqual([48, 49, 50])
  expect(await readAll(tailOf(50))).toEqual([])
})

it('waits for the rest of a batch, and for what the till goes on with after a torn one', async () => {
  const tail = tailOf()
  await journal.append(step(1))
  expect(await readAll(tail)).toEqual([1])
  await Promise.all([2, 3, 4].map(at => journal.append(step(at))))
  await journal.close()
  const file = join(root, 'journal', '00000001.seg')
  const bytes = await readFile(file)
  // The last record of the batch is torn: the reader sees two of three.
  const place = bytes.lastIndexOf('"at":4')
  bytes[place] = 0
  await writeFile(file, bytes)
  expect(await readAll(tail)).toEqual([])
  await open()
  expect(await readAll(tail)).toEqual([2, 3])
  await journal.append(step(4))
  expect(await readAll(tail)).toEqual([4])
})

it('finds nothing in a folder that is still empty, and does not fail for it', async () => {
  const empty = new JournalTail({ disk: nodeDisk(root), folder: 'nothing' })
  expect(await empty.next()).toEqual([])
})
