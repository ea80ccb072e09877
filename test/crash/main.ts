// `npm run crash`: kills real registers and says what became of their promises.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { CashdeskError } from '@cashdesk/kernel'
import { HELP, type Options, optionsOf } from './options.ts'
import { inWords } from './report.ts'
import { run } from './run.ts'

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  let options: Options | 'help'
  try {
    options = optionsOf(args)
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof CashdeskError ? thrown.message : String(thrown)}\n\n${HELP}`)
    return 2
  }
  if (options === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  const { json } = options
  const dir =
    options.dir === undefined ? await mkdtemp(join(tmpdir(), 'cashdesk-crash-')) : resolve(options.dir)
  let enough = false
  process.once('SIGINT', () => {
    enough = true
    process.stderr.write('The trials under way come to their end; once more ends at once.\n')
  })
  const say = (line: string): void => void process.stderr.write(`${line}\n`)
  const report = await run(options, dir, say, () => enough)
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${inWords(report)}\n`)
  const good = report.violations.length === 0
  if (good && options.dir === undefined) await rm(dir, { recursive: true, force: true, maxRetries: 5 })
  return good ? 0 : 1
}
