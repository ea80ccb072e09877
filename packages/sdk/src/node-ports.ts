// The Node implementations of the sdk's ports: clock, randomness, secrets and HTTP.
/// <reference path="./undici-parts.d.ts" />
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Clock, Http, HttpRequest, HttpResponse, Random } from '@cashdesk/kernel'
import { CashdeskError } from '@cashdesk/kernel'
import type { Dispatcher } from 'undici'
import type { SecretSource } from './secret.ts'

/** Timers cannot sleep longer than this; a later time is reached in steps. */
const LONGEST_TIMER_MS = 2_000_000_000
/** An answer larger than this is no answer of any provider we know. */
const MAX_ANSWER_BYTES = 1_048_576
/** Connections kept open per server: more than a till ever needs at once. */
const MAX_SOCKETS = 32

export const nodeClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, wake) => {
    const timer = setTimeout(wake, Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS))
    return () => clearTimeout(timer)
  },
}

/** Drawn from the system in blocks: asking it for sixteen bytes costs as much as asking for four thousand. */
const RANDOM_BLOCK_BYTES = 4_096
let block: Uint8Array = new Uint8Array(0)
let used = 0

export const nodeRandom: Random = {
  bytes: length => {
    if (length > RANDOM_BLOCK_BYTES) return new Uint8Array(randomBytes(length))
    if (used + length > block.length) {
      block = new Uint8Array(randomBytes(RANDOM_BLOCK_BYTES))
      used = 0
    }
    used += length
    return block.slice(used - length, used)
  },
}

export const nodeSecrets: SecretSource = {
  env: name => process.env[name],
  file: path => {
    try {
      return readFileSync(path, 'utf8').trim()
    } catch {
      return undefined
    }
  },
}

/** These prove that no byte of the request reached the server: the connection never stood. */
const NOT_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** One attempt per call, connections kept alive; this client follows no redirect and repeats nothing by itself. */
export function nodeHttp(): Http & { warm(): Promise<void>; close(): void } {
  let client: Promise<Client> | undefined
  return {
    send: async request => {
      client ??= openClient()
      return send(await client, request)
    },
    // A till without providers saves a sixth of its memory; one that has some loads the client before it sells.
    warm: async () => {
      client ??= openClient()
      await client
    },
    close: () => void client?.then(({ dispatcher }) => dispatcher.destroy()),
  }
}

interface Client {
  readonly dispatcher: Dispatcher
  /** Called on a dispatcher; the address comes in two parts. */
  readonly exchange: (
    this: Dispatcher,
    options: Dispatcher.RequestOptions & { readonly origin: string },
  ) => Promise<Dispatcher.ResponseData>
}

/** The two parts of undici that a till needs: with caches, web sockets and mocks it takes 8 MB more. */
async function openClient(): Promise<Client> {
  const [{ default: AgentClass }, { default: exchange }] = await Promise.all([
    import('undici/lib/dispatcher/agent.js'),
    import('undici/lib/api/api-request.js'),
  ])
  const dispatcher = new AgentClass({
    connections: MAX_SOCKETS,
    pipelining: 1,
    maxResponseSize: MAX_ANSWER_BYTES,
  })
  return { dispatcher, exchange }
}

async function send({ dispatcher, exchange }: Client, request: HttpRequest): Promise<HttpResponse> {
  // One limit for the whole exchange: a server that answers a byte a second is a server that does not answer.
  const limit = new AbortController()
  const abort = (): void => limit.abort()
  const timer = setTimeout(abort, request.timeoutMs)
  request.signal?.addEventListener('abort', abort, { once: true })
  try {
    const { origin, pathname, search } = new URL(request.url)
    const response = await exchange.call(dispatcher, {
      origin,
      path: `${pathname}${search}`,
      method: request.method,
      headers: { ...request.headers, 'user-agent': 'cashdesk' },
      signal: limit.signal,
      ...(request.body === undefined ? {} : { body: request.body }),
    })
    const body = await response.body.text()
    const headers = Object.entries(response.headers).map(([name, value]) => [
      name.toLowerCase(),
      String(value),
    ])
    return { status: response.statusCode, headers: Object.fromEntries(headers), body }
  } catch (thrown) {
    // Never the cause itself: it may carry the URL, and the URL carries credentials.
    const code = codeOf(thrown)
    const reason = limit.signal.aborted ? 'time limit' : code
    throw new CashdeskError(NOT_SENT.has(code) ? 'http.not-sent' : 'http.no-answer', { reason })
  } finally {
    clearTimeout(timer)
    request.signal?.removeEventListener('abort', abort)
  }
}

/** The system's code; of several addresses that were tried, the one that says most. */
function codeOf(thrown: unknown): string {
  if (thrown instanceof AggregateError) {
    const codes = thrown.errors.map(codeOf)
    return codes.find(code => !NOT_SENT.has(code)) ?? codes[0] ?? 'unknown'
  }
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string'
    ? thrown.code
    : 'unknown'
}
