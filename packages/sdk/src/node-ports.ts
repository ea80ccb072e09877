// The Node implementations of the sdk's ports: clock, randomness, secrets and HTTP.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Clock, Http, HttpRequest, HttpResponse, Random } from '@cashdesk/kernel'
import { CashdeskError } from '@cashdesk/kernel'
import axios, { type AxiosInstance, isAxiosError } from 'axios'
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

export const nodeRandom: Random = { bytes: length => new Uint8Array(randomBytes(length)) }

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

/** These prove that no byte of the request reached the server. */
const NOT_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
])

/** One attempt per call, connections kept alive, redirects and repeats off. */
export function nodeHttp(): Http & { close(): void } {
  const httpAgent = new HttpAgent({ keepAlive: true, maxSockets: MAX_SOCKETS })
  const httpsAgent = new HttpsAgent({ keepAlive: true, maxSockets: MAX_SOCKETS })
  const client = axios.create({
    httpAgent,
    httpsAgent,
    proxy: false,
    maxRedirects: 0,
    maxContentLength: MAX_ANSWER_BYTES,
    validateStatus: () => true,
    responseType: 'text',
    transformResponse: body => body,
    transitional: { clarifyTimeoutError: true },
  })
  return {
    send: request => send(client, request),
    close: () => {
      httpAgent.destroy()
      httpsAgent.destroy()
    },
  }
}

async function send(client: AxiosInstance, request: HttpRequest): Promise<HttpResponse> {
  // axios has one time limit for connecting and one for silence; this one is for the whole exchange.
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), request.timeoutMs)
  const abort = (): void => limit.abort()
  request.signal?.addEventListener('abort', abort, { once: true })
  try {
    const response = await client.request<string>({
      method: request.method,
      url: request.url,
      headers: { ...request.headers, 'user-agent': 'cashdesk' },
      signal: limit.signal,
      ...(request.body === undefined ? {} : { data: request.body }),
    })
    const headers: Record<string, string> = {}
    for (const [name, value] of Object.entries(response.headers)) headers[name.toLowerCase()] = String(value)
    return { status: response.status, headers, body: typeof response.data === 'string' ? response.data : '' }
  } catch (thrown) {
    // Never the cause itself: it carries the URL, and the URL carries credentials.
    const code = isAxiosError(thrown) ? (thrown.code ?? 'unknown') : 'unknown'
    throw new CashdeskError(NOT_SENT.has(code) ? 'http.not-sent' : 'http.no-answer', {
      reason: limit.signal.aborted ? 'time limit' : code,
    })
  } finally {
    clearTimeout(timer)
    request.signal?.removeEventListener('abort', abort)
  }
}
