// A run of many cuts: lanes of 25 lives on a folder each, half of them bare journals and half of them tills, two at a
// time, and what came of them in one report.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seedFor } from './basket.ts'
import { type RunningHost, startHost } from './host.ts'
import { type Losses, live } from './lives.ts'
import { buildLibrary, missing } from './shadow.ts'
import { type Findings, JournalSubject, TillSubject } from './subjects.ts'

export interface PowerOptions {
  readonly cuts: number
  readonly seed: number
  /** The disk lies about every sync after a file's first: the run must then find losses. */
  readonly lying?: boolean
  /** Absent: both. */
  readonly only?: 'journal' | 'till'
  readonly progress?: (cutsDone: number) => void
}

interface KindReport extends Losses, Findings {}

export interface PowerReport {
  readonly seed: number
  readonly lying: boolean
  readonly seconds: number
  readonly cuts: number
  readonly acknowledged: number
  readonly lost: number
  /** What else must not be, at most 20 of them. */
  readonly wrong: readonly string[]
  readonly tears: number
  readonly journal: KindReport
  readonly till: KindReport
}

/** A folder grows with every life, and each life copies it twice. */
const CUTS_PER_LANE = 25
const MAX_WRONG = 20
/** Of so many cuts some hit a write. */
const TELLING_CUTS = 100

type Kind = 'journal' | 'till'

/** @throws TypeError where the power cannot be cut (see `missing`) */
export async function runPower(options: PowerOptions): Promise<PowerReport> {
  const reason = missing()
  if (reason !== undefined) throw new TypeError(`The power cannot be cut here: ${reason}.`)
  const folder = mkdtempSync(join(tmpdir(), 'cashdesk-power-'))
  const startMs = performance.now()
  try {
    const library = buildLibrary(folder)
    const sums = { journal: nothing(), till: nothing() }
    let done = 0
    const progress = (): void => options.progress?.(++done)
    const kinds: readonly Kind[] = options.only === undefined ? ['journal', 'till'] : [options.only]
    const each = kinds.map((kind, index) => {
      const cuts = Math.floor((options.cuts + index) / kinds.length)
      return lanes({ ...options, kind, cuts, folder, library, progress }, sums[kind])
    })
    await Promise.all(each)
    return reportOf(options, sums, (performance.now() - startMs) / 1000)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface LaneOptions extends PowerOptions {
  readonly kind: Kind
  readonly folder: string
  readonly library: string
  readonly progress: () => void
}

async function lanes(options: LaneOptions, sum: KindReport): Promise<void> {
  for (let lane = 0; lane * CUTS_PER_LANE < options.cuts; lane += 1) {
    const cuts = Math.min(CUTS_PER_LANE, options.cuts - lane * CUTS_PER_LANE)
    const folder = join(options.folder, `${options.kind}-${lane}`)
    const shadow = { library: options.library, root: join(folder, 'root'), copy: join(folder, 'copy') }
    mkdirSync(shadow.root, { recursive: true })
    const seed = options.seed * 1000 + lane
    const given = { shadow, cuts, seed, lying: options.lying ?? false, progress: options.progress }
    if (options.kind === 'journal') {
      const subject = new JournalSubject(shadow.root, seed)
      add(sum, await live({ ...given, subject }), subject.findings)
    } else {
      const host: RunningHost = await startHost(folder, seedFor(cuts + 1))
      const subject = new TillSubject(shadow.root, host.url)
      try {
        const losses = await live({ ...given, subject })
        await subject.settle(host)
        add(sum, losses, subject.findings)
      } finally {
        await host.stop()
      }
    }
    rmSync(folder, { recursive: true, force: true })
  }
}

function nothing(): KindReport {
  return {
    cuts: 0,
    duringRecovery: 0,
    partial: 0,
    unsyncedNames: 0,
    unsyncedSectors: 0,
    tears: 0,
    acknowledged: 0,
    lost: 0,
    wrong: [],
  }
}

function add(sum: KindReport, losses: Losses, findings: Findings): void {
  sum.cuts += losses.cuts
  sum.duringRecovery += losses.duringRecovery
  sum.partial += losses.partial
  sum.unsyncedNames += losses.unsyncedNames
  sum.unsyncedSectors += losses.unsyncedSectors
  sum.tears += losses.tears
  sum.acknowledged += findings.acknowledged
  sum.lost += findings.lost
  sum.wrong.push(...findings.wrong)
}

function reportOf(
  { seed, lying = false, cuts, only }: PowerOptions,
  { journal, till }: { readonly journal: KindReport; readonly till: KindReport },
  seconds: number,
): PowerReport {
  const shown = ({ wrong, ...rest }: KindReport): KindReport => ({
    ...rest,
    wrong: wrong.slice(0, MAX_WRONG),
  })
  const tears = journal.tears + till.tears
  const atStake = journal.unsyncedSectors > 0 && journal.unsyncedNames > 0 && tears > 0
  const little = cuts >= TELLING_CUTS && only === undefined && !lying && !atStake
  const few = little ? ['so many cuts, and nothing was ever at stake: this run proves nothing'] : []
  return {
    seed,
    lying,
    seconds: Math.round(seconds * 10) / 10,
    cuts: journal.cuts + till.cuts,
    acknowledged: journal.acknowledged + till.acknowledged,
    lost: journal.lost + till.lost,
    wrong: [...few, ...journal.wrong, ...till.wrong].slice(0, MAX_WRONG),
    tears,
    journal: shown(journal),
    till: shown(till),
  }
}
