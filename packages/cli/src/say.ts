// What the command says: results on stdout, everything for people about errors on stderr, and one exit code each.
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { type ErrorDetail, type ErrorReport, explain, type Json, reportOf } from '@cashdesk/kernel'

/** `0` in order · `1` it was looked at and something is wrong · `2` wrong usage · `3` it could not be done. */
export const EXIT = { ok: 0, wrong: 1, usage: 2, cannot: 3 } as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** What the command needs of a process; `process` fits. */
export interface Io {
  readonly stdout: Writable
  readonly stderr: Writable
}

export function sayLine(io: Io, line: string): void {
  io.stdout.write(`${line}\n`)
}

/** The same for what may be long: waits while whoever reads it is slower. */
export async function sayAll(io: Io, text: string): Promise<void> {
  if (!io.stdout.write(text)) await once(io.stdout, 'drain')
}

/** One line of JSON. */
export function sayJson(io: Io, value: object): void {
  io.stdout.write(`${JSON.stringify(value)}\n`)
}

/**
 * What happened, what it means for the money, what to do now; with `json`, the error's report as one line on stdout.
 * Answers the exit code.
 */
export function complain(io: Io, thrown: unknown, json: boolean): ExitCode {
  const error = reportOf(thrown, 'cli.failed')
  if (json) sayJson(io, { error })
  else io.stderr.write(`${error.code}: ${explain(error)}\n${particulars(error.detail)}`)
  return exitOf(error)
}

function exitOf({ code }: ErrorReport): ExitCode {
  if (code === 'cli.usage' || code === 'sim.usage') return EXIT.usage
  return code === 'config.invalid' || code === 'config.secret' ? EXIT.wrong : EXIT.cannot
}

function particulars(detail: ErrorDetail | undefined): string {
  return Object.entries(detail ?? {})
    .map(
      ([name, value]) =>
        `  ${name}: ${Array.isArray(value) ? `\n    ${value.join('\n    ')}` : valueText(value)}\n`,
    )
    .join('')
}

function valueText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
