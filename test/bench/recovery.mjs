// The start of a till with a million records in its journal, against the least that any reader of these files must do:
// read them, check each record's CRC-32, parse its JSON. And the start from a snapshot. Each start in a process of its
// own, so that time and memory are its alone.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from './child.mjs'
import { assertRight, atMost, figure, median } from './figures.mjs'
import { makeLiveJournal, makeLongJournal } from './recovery-made.mjs'

const IN_MB = 1_048_576

export async function run({ rounds, quick, progress }) {
  const dir = mkdtempSync(join(tmpdir(), 'cashdesk-bench-'))
  try {
    const wanted = quick ? 50_000 : 1_000_000
    progress(`A journal of ${wanted} records …`)
    const long = await makeLongJournal(join(dir, 'long'), wanted)
    const whole = await wholeJournal(join(dir, 'long'), { ...long, rounds, progress })
    progress('A journal of 10000 live records …')
    const live = await makeLiveJournal(join(dir, 'live'), 10_000)
    const snapshot = await fromSnapshot(join(dir, 'live'), { ...live, rounds, progress })
    const quickly = quick ? [`Quick: ${long.records} records.`] : []
    return { figures: { ...whole, ...snapshot.figures }, notes: [...quickly, ...snapshot.notes] }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function wholeJournal(dir, { records, rounds, progress }) {
  const floors = []
  const starts = []
  // The first of each only warms the files in the memory of the operating system.
  for (let round = -1; round < rounds; round += 1) {
    progress(`Whole journal, ${round + 1} of ${rounds} …`)
    const floor = await once('recovery', { part: 'floor', dir })
    const start = await once('recovery', { part: 'start', dir, snapshotEvery: 0 })
    assertRight(
      floor.records >= records && start.records >= records,
      `of ${records} records the floor read ${floor.records}, the till ${start.records}`,
    )
    if (round < 0) continue
    floors.push(floor)
    starts.push(start)
  }
  const of = (list, name) => median(list.map(each => each[name]))
  return {
    recoveryRatio: atMost(1.3, of(starts, 'ms') / of(floors, 'ms'), '× floor', 2),
    recoveryRss: atMost(100, of(starts, 'rss') / IN_MB, 'MB', 1),
    recoveryCpuRatio: figure(of(starts, 'cpuMs') / of(floors, 'cpuMs'), '× floor, processor time', 2),
    recovery: figure(of(starts, 'ms'), 'ms', 0),
    floor: figure(of(floors, 'ms'), 'ms', 0),
    floorRss: figure(of(floors, 'rss') / IN_MB, 'MB', 1),
    records: figure(of(starts, 'records'), '', 0),
  }
}

async function fromSnapshot(dir, { records, rounds, progress }) {
  const whole = await once('recovery', { part: 'start', dir, snapshotEvery: 0 })
  // Opened and closed once: a clean close leaves a snapshot behind.
  await once('recovery', { part: 'start', dir, snapshotEvery: 1_000 })
  const starts = []
  for (let round = 0; round < rounds; round += 1) {
    progress(`From a snapshot, ${round + 1} of ${rounds} …`)
    starts.push(await once('recovery', { part: 'start', dir, snapshotEvery: 1_000 }))
  }
  const ms = median(starts.map(each => each.ms))
  const used = starts.every(each => each.replayed !== undefined && each.replayed < records)
  return {
    figures: {
      snapshotStart: { ...atMost(100, ms, 'ms', 1), ...(used ? {} : { met: false }) },
      startWithoutSnapshot: figure(whole.ms, 'ms', 1),
      liveRecords: figure(records, '', 0),
      replayedBehindSnapshot: figure(median(starts.map(each => each.replayed ?? records)), 'records', 0),
    },
    notes: used ? [] : ['No start used a snapshot.'],
  }
}
