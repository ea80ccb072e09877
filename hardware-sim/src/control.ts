// The control of a running simulator over HTTP on the loopback: its state is read, its accidents are switched.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { CashdeskError, type Json, report, reportOf } from '@cashdesk/kernel'
import { isRecord, jsonOf, type Switches, wishOf } from './switches.ts'

export interface Controlled {
  readonly sim: string
  readonly ports: { readonly [name: string]: number | string }
  readonly switches: Switches
  state(): Json | Promise<Json>
  /** Ends the simulator. */
  end(): void
}

/** A control request is a few names and numbers: more than this is no request of ours. */
const MAX_BODY_BYTES = 64 * 1024

/** `GET /`, `GET /state`, `POST /fault/NAME`, `POST /accident`, `POST /close`. It does not listen yet. */
export function controlServer(sim: Controlled): Server {
  return createServer((request, response) => {
    void answer(sim, request, response)
  })
}

async function answer(sim: Controlled, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const say = (status: number, body: Json): Promise<void> =>
    new Promise(resolve => {
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
      response.end(`${JSON.stringify(body)}\n`, resolve)
    })
  try {
    // A web page in a browser on this machine must not be able to play accidents.
    if (request.headers.origin !== undefined)
      throw new CashdeskError('sim.usage', { reason: 'from a browser' })
    const route = `${request.method} ${request.url}`
    const fault = /^POST \/fault\/([a-z0-9-]{1,40})$/.exec(route)?.[1]
    if (route === 'GET /') await say(200, await overall(sim))
    else if (route === 'GET /state') await say(200, await sim.state())
    else if (fault !== undefined) await say(200, await switched(sim, fault, await bodyOf(request)))
    else if (route === 'POST /accident') await say(200, await played(sim.switches, await bodyOf(request)))
    else if (route === 'POST /close') {
      await say(200, { closed: true })
      sim.end()
    } else await say(404, { error: { ...report('sim.usage', { route: route.slice(0, 80) }) } })
  } catch (thrown) {
    const error = reportOf(thrown, 'sim.usage')
    await say(400, { error: { ...error } })
  }
}

async function overall(sim: Controlled): Promise<Json> {
  return { sim: sim.sim, ports: { ...sim.ports }, faults: sim.switches.view(), state: await sim.state() }
}

/** A body that is no JSON is a word: `curl -d on`. */
async function switched(sim: Controlled, name: string, body: string): Promise<Json> {
  const words = body.trim()
  const wish = /^[[{"]/.test(words) || words === 'null' ? jsonOf(words) : bare(words)
  await sim.switches.set(name, wishOf(wish))
  const view = sim.switches.view().find(line => line.name === name)
  return view === undefined ? null : { ...view }
}

function bare(words: string): Json | undefined {
  if (words === '') return undefined
  if (words === 'true' || words === 'false') return words === 'true'
  return words
}

async function played(switches: Switches, body: string): Promise<Json> {
  const wish = jsonOf(body)
  if (!isRecord(wish) || typeof wish['name'] !== 'string') {
    throw new CashdeskError('sim.usage', { reason: 'the body has no "name"' })
  }
  const { name, ...args } = wish
  return await switches.play(String(name), args)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > MAX_BODY_BYTES) throw new CashdeskError('sim.usage', { reason: 'the body is too long' })
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}
