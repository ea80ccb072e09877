// `npm run power`: cuts the power of real processes on real files, again and again, and counts what was acknowledged and
// is gone.
import { parseArgs } from 'node:util'
import { type PowerOptions, type PowerReport, runPower } from './run.ts'
import { missing } from './shadow.ts'

const HELP = `Cuts the power of real processes on real files and counts what was acknowledged and is gone.

  npm run power -- [--cuts N] [--seed S] [--only journal|till] [--lying] [--json]

  --cuts N    losses of power, half of them of a bare journal, half of a till that sells (default 200)
  --seed S    when each cut comes, and what of the unsynced data survives it (default 1); processes add chance of
              their own, so that a run is repeated in kind, not to the letter
  --only K    only the journal, or only the till
  --lying     the disk confirms syncs that it does not make: losses are then found, or this test is worth nothing
  --json      the report as one line of JSON

Linux and a C compiler are needed. Exit code: 0 nothing lost, 1 something lost or wrong, 2 misuse or not possible here.
`

function optionsOf(): PowerOptions & { readonly json: boolean } {
  const { values } = parseArgs({
    options: {
      cuts: { type: 'string', default: '200' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      lying: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    process.exit(0)
  }
  const { only, lying, json } = values
  if (only !== undefined && only !== 'journal' && only !== 'till')
    throw new TypeError('--only journal or till')
  const cuts = wholeNumber('--cuts', values.cuts)
  const seed = wholeNumber('--seed', values.seed)
  return { cuts, seed, lying, json, ...(only === undefined ? {} : { only }) }
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new TypeError(`${name} takes a whole number, and this is none: ${text}`)
}

function story({
  cuts,
  seconds,
  acknowledged,
  lost,
  tears,
  wrong,
  journal,
  till,
  lying,
}: PowerReport): string {
  const kind = (name: string, sum: typeof journal): string =>
    `  ${name}: ${sum.cuts} cuts (${sum.duringRecovery} during recovery, ${sum.partial} with a part of what was ` +
    `not synced), ${sum.acknowledged} acknowledged, ${sum.lost} lost, ${sum.tears} torn ends, ` +
    `${sum.unsyncedSectors} sectors and ${sum.unsyncedNames} names at stake`
  return [
    `${cuts} losses of power in ${seconds} s${lying ? ', on a disk that lies' : ''}: ${acknowledged} acknowledged, ${lost} lost, ${tears} torn ends.`,
    kind('journal', journal),
    kind('till', till),
    ...wrong.map(line => `  ! ${line}`),
    '',
  ].join('\n')
}

try {
  const { json, ...options } = optionsOf()
  const reason = missing()
  if (reason !== undefined) throw new TypeError(`The power cannot be cut here: ${reason}.`)
  const progress = (done: number): void => {
    if (done % 20 === 0 || done === options.cuts) process.stderr.write(`${done} of ${options.cuts} cuts\n`)
  }
  const report = await runPower({ ...options, progress })
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : story(report))
  process.exitCode = report.lost === 0 && report.wrong.length === 0 ? 0 : 1
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`)
  process.exitCode = 2
}
