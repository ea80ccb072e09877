// The recorded journals: where they lie, and what the present code makes of one. docs/journal-format.md says how a
// release adds its own.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SimDisk } from '@cashdesk/hardware-sim'
import { openJournal } from '@cashdesk/journal'
import type { Disk, Step } from '@cashdesk/kernel'
import { LaneMemory, SNAPSHOT_VERSION } from '../../packages/sdk/src/memory.ts'

const FIXTURES = fileURLToPath(new URL('./fixtures', import.meta.url))
/** Small, so that a recorded lane crosses several. */
const SEGMENT_BYTES = 32_768

/** What was said about a journal when its state was written down. */
export interface About {
  /** Of the folds under which `state.jsonl` was written. */
  readonly version: string
  readonly records: number
}

export interface Fixture {
  readonly name: string
  readonly folder: string
  readonly about: About
  /** The folded state, one part a line. */
  readonly state: string
}

export function releases(): readonly string[] {
  return existsSync(FIXTURES) ? readdirSync(FIXTURES).sort() : []
}

export function fixtures(): readonly Fixture[] {
  return releases().flatMap(release =>
    readdirSync(join(FIXTURES, release))
      .sort()
      .map(lane => {
        const folder = join(FIXTURES, release, lane)
        // Written by `keepState`.
        const about = JSON.parse(readFileSync(join(folder, 'about.json'), 'utf8')) as About
        const state = readFileSync(join(folder, 'state.jsonl'), 'utf8')
        return { name: `${release}/${lane}`, folder, about, state }
      }),
  )
}

/** A simulated disk that holds the fixture's journal as its own. */
export async function diskOf({ folder }: Pick<Fixture, 'folder'>): Promise<SimDisk> {
  const disk = new SimDisk()
  await disk.makeFolder('journal')
  for (const name of readdirSync(join(folder, 'journal'))) {
    const file = await disk.create(`journal/${name}`)
    await file.write(0, readFileSync(join(folder, 'journal', name)))
    await file.sync()
    await file.close()
  }
  await disk.syncFolder('journal')
  return disk
}

export interface Opened {
  readonly memory: LaneMemory
  readonly journal: Awaited<ReturnType<typeof openJournal>>['journal']
  readonly report: Awaited<ReturnType<typeof openJournal>>['report']
}

/** Opens a journal as the till does, and folds it. */
export async function opened(disk: Disk): Promise<Opened> {
  const memory = new LaneMemory()
  const { journal, report } = await openJournal({
    disk,
    folder: 'journal',
    segmentBytes: SEGMENT_BYTES,
    onStep: (step, record) => memory.replay(step, record),
    onReset: () => memory.reset(),
    snapshot: memory.snapshots,
  })
  return { memory, journal, report }
}

export function stateOf(memory: LaneMemory): string {
  return [...memory.parts()].map(part => `${JSON.stringify(part)}\n`).join('')
}

/** Writes steps as two runs of a till would, and keeps the journal's files. Its state is written by `keepState`. */
export async function record(release: string, lane: string, steps: readonly Step[]): Promise<void> {
  const folder = join(FIXTURES, release, lane)
  if (existsSync(folder))
    throw new Error(`${folder} is there: what a release recorded is never recorded again.`)
  const disk = new SimDisk()
  const half = Math.ceil(steps.length / 2)
  for (const run of [steps.slice(0, half), steps.slice(half)]) {
    const { journal } = await openJournal({
      disk,
      folder: 'journal',
      segmentBytes: SEGMENT_BYTES,
      onStep: () => undefined,
    })
    for (const step of run) await journal.append(step)
    await journal.close()
  }
  mkdirSync(join(folder, 'journal'), { recursive: true })
  for (const name of await disk.list('journal'))
    writeFileSync(join(folder, 'journal', name), disk.bytes(`journal/${name}`))
}

/**
 * Writes down what the present code makes of a recorded journal.
 * @throws Error where it makes something else of it than is written there, under the same versions
 */
export async function keepState(release: string, lane: string): Promise<void> {
  const folder = join(FIXTURES, release, lane)
  const { memory, journal, report } = await opened(await diskOf({ folder }))
  await journal.close()
  const file = join(folder, 'about.json')
  const state = stateOf(memory)
  if (existsSync(file)) {
    const about = JSON.parse(readFileSync(file, 'utf8')) as About
    const same = readFileSync(join(folder, 'state.jsonl'), 'utf8') === state
    if (!same && about.version === SNAPSHOT_VERSION)
      throw new Error(`${folder}: steps mean something else now. Raise EVOLVE_VERSION or OUTBOX_VERSION.`)
  }
  writeFileSync(file, `{ "version": "${SNAPSHOT_VERSION}", "records": ${report.records} }\n`)
  writeFileSync(join(folder, 'state.jsonl'), state)
}

/** Every lane that was recorded, by release. */
export function recordedFolders(): readonly (readonly [release: string, lane: string])[] {
  return releases().flatMap(release =>
    readdirSync(join(FIXTURES, release)).map(lane => [release, lane] as const),
  )
}
