// `cashdesk run FILE`: a till from a configuration, to see with one's own eyes that it opens and that its devices speak.
// Everything it hears and does is one line of JSON; it ends with Ctrl-C.
import type { ProgramIo } from '@cashdesk/hardware-sim'
import { openTill, type Till } from '@cashdesk/sdk'
import { readConfig } from './index.ts'
import { EXIT, type ExitCode, type Io, sayJson } from './say.ts'

export interface RunOptions {
  /** Also end when stdin ends. */
  readonly withParent?: boolean
}

const STAY_MS = 1_000_000

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
  // A till without devices holds nothing that would keep the process.
  const stay = setInterval(() => undefined, STAY_MS)
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
    void follow(io, till, journal.records)
    await told
  } finally {
    clearInterval(stay)
    if (withParent) io.stdin.destroy()
    await till.close()
  }
  return EXIT.ok
}

async function follow(io: Io, till: Till, after: number): Promise<void> {
  for await (const event of till.events({ after })) sayJson(io, { event })
}
