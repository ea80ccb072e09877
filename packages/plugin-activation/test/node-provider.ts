// A provider over real HTTP that answers what a test tells it to, and keeps what it was asked.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Asked {
  /** Path and query as they came. */
  readonly url: string
  readonly method: string
  readonly key: string | undefined
  readonly query: { readonly [name: string]: string }
}

/** `drop` destroys the connection without an answer. */
export type Reply = { readonly status: number; readonly body: string | object } | 'drop'

export interface Provider {
  readonly url: string
  readonly asked: Asked[]
  reply: (asked: Asked) => Reply
  close(): Promise<void>
}

/** The answer that docs/host-activation.md gives when all is well. */
export function wellDone({ query, key }: Asked): Reply {
  const result = {
    '1': 'reserved',
    '2': 'activated',
    '3': 'released',
    '4': 'activated',
    '5': 'renewed',
    '6': 'voided',
  }
  const action = query['action'] as keyof typeof result
  const operation = action === '4' ? query['operation'] : key
  return { status: 200, body: { result: result[action], operation, expiresInMs: 900_000 } }
}

export async function startProvider(reply: (asked: Asked) => Reply = wellDone): Promise<Provider> {
  const asked: Asked[] = []
  const server: Server = createServer((request, response) => {
    const call = askedOf(request)
    asked.push(call)
    answer(provider.reply(call), request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const provider: Provider = {
    url: `http://127.0.0.1:${port}`,
    asked,
    reply,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  return provider
}

function askedOf({ url = '', method = '', headers }: IncomingMessage): Asked {
  const key = headers['idempotency-key']
  return {
    url,
    method,
    key: typeof key === 'string' ? key : undefined,
    query: Object.fromEntries(new URL(url, 'http://till').searchParams),
  }
}

function answer(reply: Reply, request: IncomingMessage, response: ServerResponse): void {
  if (reply === 'drop') return void request.socket.destroy()
  const json = typeof reply.body === 'object'
  response.writeHead(reply.status, { 'content-type': json ? 'application/json' : 'text/html' })
  response.end(json ? JSON.stringify(reply.body) : reply.body)
}

/** An address at which nobody listens. */
export async function deadServer(): Promise<string> {
  const provider = await startProvider()
  await provider.close()
  return provider.url
}
