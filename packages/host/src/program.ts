// The host as a program, for its own command and for `cashdesk host`: reads its settings, serves, says on stdout where
// it is, and stops when it is told to.
import { HELP, readSettings, type Settings } from './settings.ts'
import { startHost } from './start.ts'

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

/**
 * Resolves when the host has stopped: after SIGTERM, SIGINT or, with `--with-parent`, the end of stdin. Once it
 * serves, one line of JSON says where on stdout.
 * @throws CashdeskError `config.invalid`, `host.database`, `host.in-use`, `host.port-in-use`
 */
export async function runHost(args: readonly string[]): Promise<void> {
  const settings = readSettings(args, process.env)
  if (settings === 'help') process.stdout.write(HELP)
  else await serve(settings)
}

async function serve(settings: Settings): Promise<void> {
  const host = await startHost({
    ...settings.host,
    log: { level: settings.logLevel, stream: process.stderr },
  })
  for (const notice of host.notices) say(notice)
  say(`The host serves at ${host.url}; its pages: ${host.url}/docs`)
  const told = toldToStop(settings.withParent)
  process.stdout.write(`${JSON.stringify({ host: host.url, store: host.store })}\n`)
  await told
  await host.close()
}

function toldToStop(withParent: boolean): Promise<void> {
  return new Promise(stop => {
    const once = (): void => {
      process.stdin.destroy()
      stop()
    }
    process.on('SIGTERM', once)
    process.on('SIGINT', once)
    if (!withParent) return
    process.stdin.on('end', once).on('error', once).on('close', once)
    process.stdin.resume()
  })
}
