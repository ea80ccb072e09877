// `cashdesk journal follow DIR`: what happens at a till, told as it becomes durable, until Ctrl-C. Reads beside the till
// and goes on over its restarts.

import type { ProgramIo } from '@cashdesk/hardware-sim'
import { JournalTail, readJournal, type TailedStep } from '@cashdesk/journal'
import { CashdeskError, type ErrorReport, saleId } from '@cashdesk/kernel'
import { readableAt } from './reading.ts'
import { complain, EXIT, type ExitCode, type Io, sayAll } from './say.ts'
import { type Chapter, chapterLines, Storyteller } from './story.ts'
import { dayOf } from './words.ts'

export interface FollowOptions {
  readonly json?: boolean
  readonly sale?: string
  readonly after?: string
}

/** How often the files are looked at. Nothing is missed in between; a look costs one small read. */
const LOOK_MS = 200
/** Where nothing else was asked for, the reader sees what just happened. */
const RECENT = 10

/** @throws CashdeskError `cli.usage`, `journal.absent`, `journal.not-ours`, `disk.failed` */
export async function followJournal(io: ProgramIo, dir: string, options: FollowOptions): Promise<ExitCode> {
  const after = recordGiven(options.after)
  const { disk, folder } = readableAt(dir)
  const damage = await damageOf(dir)
  const tail = new JournalTail({ disk, folder })
  const teller = new Storyteller(options.sale === undefined ? undefined : saleId(options.sale))
  const teleprinter = new Teleprinter(io, options.json === true)
  let recent: Told[] | undefined = after === undefined ? [] : undefined
  let ended = false
  let wake = (): void => undefined
  const end = (): void => {
    ended = true
    wake()
  }
  io.on('SIGINT', end)
  io.on('SIGTERM', end)
  try {
    while (!ended) {
      const steps = await tail.next()
      for (const each of steps) {
        const chapter = teller.tell(each.step, each.sequence)
        if (!chapter || each.sequence <= (after ?? 0)) continue
        if (recent === undefined) await teleprinter.print({ ...each, chapter })
        else recent = [...recent, { ...each, chapter }].slice(-RECENT)
      }
      if (steps.length > 0) continue
      for (const each of recent ?? []) await teleprinter.print(each)
      recent = undefined
      if (damage) return damaged(io, damage, options.json === true)
      await new Promise<void>(resolve => {
        const look = setTimeout(resolve, LOOK_MS)
        wake = () => {
          clearTimeout(look)
          resolve()
        }
        if (ended) wake()
      })
    }
  } finally {
    io.off('SIGINT', end)
    io.off('SIGTERM', end)
  }
  return EXIT.ok
}

interface Told extends TailedStep {
  readonly chapter: Chapter
}

/** Prints steps, and the day where a new one begins. */
class Teleprinter {
  readonly #io: Io
  readonly #json: boolean
  #day = ''

  constructor(io: Io, json: boolean) {
    this.#io = io
    this.#json = json
  }

  async print({ step, sequence, chapter }: Told): Promise<void> {
    const { at, input, events, intents } = step
    if (this.#json) {
      const line = { record: sequence, at, input, events, intents, story: chapter.sentences }
      return sayAll(this.#io, `${JSON.stringify(line)}\n`)
    }
    const today = dayOf(at)
    const head = today === this.#day ? [] : [today]
    this.#day = today
    const lines = [...head, ...chapterLines(chapter)]
    return sayAll(this.#io, lines.map(line => `${line}\n`).join(''))
  }
}

/** A till does not open a damaged journal, so nothing will follow. */
function damaged(io: Io, { code, detail }: ErrorReport, json: boolean): ExitCode {
  complain(io, new CashdeskError(code, detail), json)
  return EXIT.wrong
}

async function damageOf(dir: string): Promise<ErrorReport | undefined> {
  try {
    await readJournal({ ...readableAt(dir), onStep: () => undefined })
    return undefined
  } catch (thrown) {
    if (thrown instanceof CashdeskError && thrown.code === 'journal.damaged') return thrown.report
    throw thrown
  }
}

/** @throws CashdeskError `cli.usage` */
function recordGiven(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new CashdeskError('cli.usage', {
    reason: '--after wants the number of a record, 0 for the beginning',
  })
}
