// `cashdesk run FILE`: a till from a configuration, to see with one's own eyes that it opens and that its devices speak.
// Everything it hears and does is one line of JSON; it ends with Ctrl-C.
import type { ProgramIo } from '@cashdesk/hardware-sim'
import { CashdeskError, openTill, type Till } from '@cashdesk/sdk'
import { readConfig } from './index.ts'
import { EXIT, type ExitCode, type Io, sayJson } from './say.ts'

export interface RunOptions {
  /** Also end when stdin ends. */
  readonly withParent?: boolean
}

/** How often the till is looked at: it can fail without a word to those who only listen. */
const LOOK_MS = 500

/** @throws CashdeskError `config.*`, `journal.*`, `disk.*`, `plugin.invalid` */
export async function runTill(io: ProgramIo, file: string, { withParent }: RunOptions): Promise<ExitCode> {
  const told = new Promise<void>(end => {
    io.on('SIGINT', end)
    io.on('SIGTERM', end)
    if (!withParent) return
    io.stdin.on('end', end).on('error', end).on('close', end)
    io.stdin.resume()
  })
  const till = await openTill(await readConfig(file))
  let look: NodeJS.Timeout | undefined
  const failed = new Promise<void>(end => {
    look = setInterval(() => till.state === 'failed' && end(), LOOK_MS)
  })
  try {
    for (const name of ['health', 'refused', 'tasks', 'slip'] as const)
      till.on(name, (value: unknown) => sayJson(io, { [name]: value }))
    const { state, recovered, journal } = till
    sayJson(io, {
      till: state,
      dir: journal.dir,
      records: journal.records,
      recovered,
      tasks: till.tasks(),
      devices: till.devices(),
    })
    await Promise.race([told, failed, follow(io, till, journal.records)])
    if (till.state === 'failed') throw new CashdeskError('journal.poisoned', { dir: journal.dir })
  } finally {
    clearInterval(look)
    if (withParent) io.stdin.destroy()
    await till.close()
  }
  return EXIT.ok
}

/** Resolves when the till has stopped. Whoever reads slowly is cut off and goes on where it was. */
async function follow(io: Io, till: Till, after: number): Promise<void> {
  let last = after
  while (till.state === 'open' || till.state === 'restored') {
    for await (const event of till.events({ after: last })) {
      last = event.record
      sayJson(io, { event })
    }
  }
}
