// The host's own command. Exit code 2: it could not start, and a coded line on stderr says why.
import { explain, report, reportOf } from '@cashdesk/kernel'
import { runHost } from './program.ts'

function failed(thrown: unknown): void {
  const error = reportOf(thrown, 'host.failed')
  const detail = error.detail === undefined ? '' : ` ${JSON.stringify(error.detail)}`
  process.stderr.write(`${error.code}: ${explain(report(error.code))}${detail}\n`)
  process.exitCode = 2
}

await runHost(process.argv.slice(2)).catch(failed)
