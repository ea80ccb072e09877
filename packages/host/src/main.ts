// The host's program: reads its settings, starts, says on stdout where it is, and stops when it is told to.
import { CashdeskError, explain, report, reportOf } from '@cashdesk/kernel'
import { HELP, readSettings, type Settings } from './settings.ts'
import { startHost } from './start.ts'

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2), process.env)
  if (settings === 'help') {
    process.stdout.write(HELP)
    return
  }
  await serve(settings)
}

async function serve(settings: Settings): Promise<void> {
  const host = await startHost({
    ...settings.host,
    log: { level: settings.logLevel, stream: process.stderr },
  })
  for (const notice of host.notices) say(notice)
  say(`The host serves at ${host.url}; its pages: ${host.url}/docs`)

  let stopping = false
  const stop = (): void => {
    if (stopping) return
    stopping = true
    host.close().then(() => process.exit(0), failed)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  if (settings.withParent) {
    process.stdin.on('end', stop).on('error', stop).on('close', stop)
    process.stdin.resume()
  }
  process.stdout.write(`${JSON.stringify({ host: host.url, store: host.store })}\n`)
}

function failed(thrown: unknown): void {
  const error = thrown instanceof CashdeskError ? thrown.report : reportOf(thrown, 'host.failed')
  const detail = error.detail === undefined ? '' : ` ${JSON.stringify(error.detail)}`
  say(`${error.code}: ${explain(report(error.code))}${detail}`)
  process.exit(2)
}

main().catch(failed)
