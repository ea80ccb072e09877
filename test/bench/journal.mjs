// Durable appends a second, for one producer and for crowds, against the rate at which this disk syncs a record of
// the same size into a file that never changes its size. Slices of the two alternate.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeDisk, openJournal } from '@cashdesk/journal'
import { assertRight, atLeast, figure, median } from './figures.mjs'
import { rawFile } from './raw-file.mjs'

const RECORD_BYTES = 300
/** Producers, records per slice, and the bar against the raw rate. */
const CROWDS = [
  { producers: 1, records: 100, bar: 0.9 },
  { producers: 8, records: 400, bar: undefined },
  { producers: 64, records: 3_200, bar: 15 },
]
const RAW_RECORDS = 100

/** A step of a till whose record takes about 300 bytes on the disk. */
const step = number => ({
  decideVersion: 1,
  at: 1_790_000_000_000 + number,
  input: { type: 'scan', text: '4006381333931', line: '01M3X8Q5WZ7B4N2K6T9R1C5V8H', wants: [] },
  events: [
    {
      type: 'line.voided',
      sale: `lane-0412/2026-11-22/${number % 1000}`,
      line: '01M3X8Q5WZ7B4N2K6T9R1C5V8H',
    },
  ],
  intents: [],
})

export async function run({ rounds, quick, peers, progress }) {
  const dir = mkdtempSync(join(tmpdir(), 'cashdesk-bench-'))
  try {
    progress('Durable appends …')
    const figures = await appends(dir, quick ? 10 : 50, rounds)
    if (!peers) return { figures, notes: ['Beside other embedded queues: --peers.'] }
    const { besidePeers } = await import('./peers.mjs')
    const beside = await besidePeers({ dir, quick, progress })
    return { figures: { ...figures, ...beside.figures }, notes: beside.notes }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function appends(dir, warm, rounds) {
  const { journal } = await openJournal({ disk: nodeDisk(dir), folder: 'journal', onStep: () => undefined })
  const raw = rawFile(join(dir, 'raw.bin'), RECORD_BYTES)
  const measured = CROWDS.map(crowd => ({ ...crowd, rates: [], ratios: [] }))
  const raws = []
  let number = 0
  const slice = async ({ producers, records }) => {
    const each = records / producers
    const from = performance.now()
    await Promise.all(
      Array.from({ length: producers }, async () => {
        for (let index = 0; index < each; index += 1) await journal.append(step(number++))
      }),
    )
    return (records * 1000) / (performance.now() - from)
  }
  for (let round = -warm; round < rounds; round += 1) {
    for (const crowd of measured) {
      const before = raw.rate(RAW_RECORDS)
      const rate = await slice(crowd)
      const after = raw.rate(RAW_RECORDS)
      if (round < 0) continue
      crowd.rates.push(rate)
      crowd.ratios.push(rate / ((before + after) / 2))
      raws.push(before, after)
    }
  }
  raw.close()
  await journal.close()
  await assertAllThere(dir, number)
  const figures = {}
  for (const { producers, bar, ratios } of measured) {
    const name = producers === 1 ? 'ratio1Producer' : `ratio${producers}Producers`
    figures[name] =
      bar === undefined ? figure(median(ratios), '× raw', 2) : atLeast(bar, median(ratios), '× raw', 2)
  }
  for (const { producers, rates } of measured)
    figures[`appends${producers}`] = figure(median(rates), 'a second', 0)
  return { ...figures, rawSyncs: figure(median(raws), 'a second', 0) }
}

/** What was promised is there: a benchmark of a journal that loses records would be quick for nothing. */
async function assertAllThere(dir, appended) {
  let found = 0
  const onStep = ({ at }) => {
    assertRight(at === step(found).at, `record ${found} is not the one that was appended as number ${found}`)
    found += 1
  }
  const { journal } = await openJournal({ disk: nodeDisk(dir), folder: 'journal', onStep })
  await journal.close()
  assertRight(found === appended, `${appended} records were acknowledged, ${found} are there`)
}
