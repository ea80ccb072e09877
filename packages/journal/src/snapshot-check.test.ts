// Snapshots looked at without opening the journal: sound ones, damaged ones, and those of another journal.
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Step } from '@cashdesk/kernel'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { checkSnapshots, nodeDisk, openJournal } from './index.ts'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cashdesk-snapshots-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

const step = (at: number): Step => ({
  decideVersion: 1,
  at,
  input: { type: 'clock' },
  events: [],
  intents: [],
})

async function journalIn(folder: string, text: string): Promise<string> {
  const { journal } = await openJournal({ disk: nodeDisk(root), folder, onStep: () => undefined })
  await journal.append(step(text.length))
  expect(await journal.snapshot({ version: 'test', sequence: 1, parts: [text] })).toBe(true)
  await journal.close()
  const name = (await readdir(join(root, folder))).find(each => each.startsWith('snapshot-')) ?? ''
  return join(root, folder, name)
}
const check = (folder: string) => checkSnapshots(nodeDisk(root), folder)

it('finds a sound snapshot sound, and says up to where it goes', async () => {
  await journalIn('a', 'one')
  expect(await check('a')).toMatchObject([{ state: 'sound', sequence: 1 }])
})

it('finds one flipped bit, and a snapshot of another journal', async () => {
  const file = await journalIn('a', 'one')
  const other = await journalIn('b', 'another')
  const bytes = await readFile(file)
  const at = bytes.lastIndexOf('one')
  bytes[at] = (bytes[at] ?? 0) ^ 1
  await writeFile(file, bytes)
  expect(await check('a')).toMatchObject([{ state: 'damaged' }])
  await copyFile(other, file)
  expect(await check('a')).toMatchObject([{ state: 'not of this journal' }])
})

it('finds none where there is none', async () => {
  expect(await check('nothing')).toEqual([])
})
