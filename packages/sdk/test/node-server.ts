// A provider behind a real HTTP server on 127.0.0.1, with the accidents a network has: lost requests, lost answers,
// silence, and pages of somebody else.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { HttpRequest, HttpResponse } from '@cashdesk/kernel'

export type NetworkAct = 'answer' | 'lose-request' | 'lose-answer' | 'hang' | HttpResponse | Promise<void>

export interface ProviderServer {
  readonly url: string
  /** Requests as they came, in order. */
  readonly requests: HttpRequest[]
  /** What happens to the next requests, first come first served; then all is well. */
  script: NetworkAct[]
  /** What happens when the script is empty. */
  usually: NetworkAct
  close(): Promise<void>
}

export async function serve(
  respond: (request: HttpRequest) => HttpResponse | Promise<HttpResponse>,
): Promise<ProviderServer> {
  const provider: Omit<ProviderServer, 'url' | 'close'> = { requests: [], script: [], usually: 'answer' }
  const server = createServer((incoming, outgoing) => {
    void handle(incoming, outgoing, provider, respond)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return Object.assign(provider, { url: `http://127.0.0.1:${port}`, close: () => end(server) })
}

async function handle(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  provider: Omit<ProviderServer, 'url' | 'close'>,
  respond: (request: HttpRequest) => HttpResponse | Promise<HttpResponse>,
): Promise<void> {
  const request = await read(incoming)
  provider.requests.push(request)
  const act = provider.script.shift() ?? provider.usually
  if (act === 'lose-request') return void incoming.socket.destroy()
  if (act === 'hang') return
  if (act instanceof Promise) await act
  const response = typeof act === 'object' && 'status' in act ? act : await respond(request)
  if (act === 'lose-answer') return void incoming.socket.destroy()
  outgoing.writeHead(response.status, { ...response.headers })
  outgoing.end(response.body)
}

async function read(incoming: IncomingMessage): Promise<HttpRequest> {
  const chunks: Uint8Array[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
  )
  const method = incoming.method as HttpRequest['method']
  const url = `http://${incoming.headers.host}${incoming.url}`
  return { method, url, headers, timeoutMs: 0, body: Buffer.concat(chunks).toString('utf8') }
}

function end(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** A page of a proxy, a captive portal, a load balancer. */
export function page(status: number): HttpResponse {
  return { status, headers: { 'content-type': 'text/html' }, body: '<!doctype html><h1>Welcome</h1>' }
}
