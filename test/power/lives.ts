// One process, started again after every loss of power, on one folder. A life ends with SIGKILL at a random moment, often
// while it is still recovering; then the folder becomes what was synced, or that and any part of the rest.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { Prng } from '@cashdesk/hardware-sim'
import { begin, cut, environment, type Shadow } from './shadow.ts'

/** A line of the process, as JSON. */
export interface Said {
  readonly said: string
  readonly [name: string]: unknown
}

/** What a lane promises, and what is found of it. */
export interface Subject {
  /** The arguments of the next life: its script first. */
  args(life: number, isLast: boolean): readonly string[]
  /** Called for every line, in order. */
  hear(line: Said): void
  /** So many lines after the opening a life is cut at the latest: counted in work, a slow machine does as much of it. */
  readonly longestLife: number
  /** No life ends by itself; the last one is over when this says so. */
  ended(line: Said): boolean
  /** A life ended that nobody had ended. */
  died(life: number, how: string): void
}

export interface Losses {
  cuts: number
  /** Cuts before the process had recovered from the one before. */
  duringRecovery: number
  /** Cuts after which any part of what was not synced was there as well. */
  partial: number
  /** Names and sectors that were written and not synced when the power went. */
  unsyncedNames: number
  unsyncedSectors: number
  /** Openings that found a torn end and cut it. */
  tears: number
}

export interface LivesOptions {
  readonly shadow: Shadow
  readonly subject: Subject
  readonly cuts: number
  readonly seed: number
  /** The disk says that it synced and did not: what a till must not survive unharmed. */
  readonly lying: boolean
  readonly progress: () => void
}

/** From the last line that is waited for to the cut, in milliseconds: about as long as the next few lines take. */
const AFTER_MS = 8
/** One life in so many is cut at any moment from its start on. */
const EARLY = 4
const START_MS = 500
/** Longer than any start on a busy machine: a process that hangs is a finding. */
const HANGS_MS = 60_000

/** Lives of one process until it was cut so often, and one more to see what is left. */
export async function live(options: LivesOptions): Promise<Losses> {
  const { shadow, subject, cuts, seed } = options
  const prng = new Prng(seed)
  const losses: Losses = {
    cuts: 0,
    duringRecovery: 0,
    partial: 0,
    unsyncedNames: 0,
    unsyncedSectors: 0,
    tears: 0,
  }
  for (let life = 1; life <= cuts; life += 1) {
    begin(shadow)
    const { opened, died } = await oneLife(options, life, losses, prng)
    if (died) return losses
    const partial = prng.below(2) === 1
    const lost = cut(shadow, partial ? count => prng.below(count) : undefined)
    if (life === 1 && opened && !lost.seen) throw new TypeError('The preloaded library has seen nothing.')
    losses.cuts += 1
    losses.partial += partial ? 1 : 0
    losses.duringRecovery += opened ? 0 : 1
    losses.unsyncedNames += lost.names
    losses.unsyncedSectors += lost.sectors
    options.progress()
  }
  begin(shadow)
  await oneLife(options, cuts + 1, losses, undefined)
  return losses

  async function oneLife(
    { lying }: LivesOptions,
    life: number,
    sum: Losses,
    chance: Prng | undefined,
  ): Promise<{ readonly opened: boolean; readonly died: boolean }> {
    const env = { ...process.env, ...environment(shadow), ...(lying ? { SHADOW_LIES: '1' } : {}) }
    const args = subject.args(life, chance === undefined)
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    const early = chance?.below(EARLY) === 0 ? chance.below(START_MS) : undefined
    let left = chance?.below(subject.longestLife)
    const after = chance?.below(AFTER_MS)
    let opened = false
    const kill = (): void => void child.kill('SIGKILL')
    if (early !== undefined) setTimeout(kill, early).unref()
    const hangs = setTimeout(kill, HANGS_MS)
    hangs.unref()
    await heard(child, line => {
      subject.hear(line)
      if (line.said === 'open') {
        opened = true
        sum.tears += line['cut'] === true ? 1 : 0
      }
      if (left !== undefined && left >= 0) {
        if (left === 0) setTimeout(kill, after).unref()
        left -= 1
      }
      if (chance === undefined && subject.ended(line)) kill()
    })
    clearTimeout(hangs)
    const died = chance !== undefined && child.signalCode !== 'SIGKILL'
    if (died) subject.died(life, String(child.exitCode ?? child.signalCode))
    return { opened, died }
  }
}

/** Resolves when the process is gone and every line was heard. A line that a kill cut short says nothing. */
function heard(child: ChildProcess, hear: (line: Said) => void): Promise<void> {
  const { stdout } = child
  if (stdout === null) throw new TypeError('no stdout')
  const lines = createInterface({ input: stdout })
  let mistake: unknown
  lines.on('line', line => {
    try {
      if (line.endsWith('}')) hear(JSON.parse(line) as Said)
    } catch (thrown) {
      mistake ??= thrown
    }
  })
  const closed = new Promise(resolve => lines.once('close', resolve))
  const gone = new Promise(resolve => child.once('close', resolve))
  return Promise.all([closed, gone]).then(() => {
    if (mistake !== undefined) throw mistake
  })
}
