// The work behind the exchange, without a server: who may call, what a call asks, what the rules answer. The HTTP
// server is one way in; `serve` is another, for a host in the same process.
import { createHash, timingSafeEqual } from 'node:crypto'
import { CashdeskError, type EpochMs, type HttpRequest, type HttpResponse } from '@cashdesk/kernel'
import type { Answer, Store } from './books.ts'
import { type ActivationRequest, decide, keysOf, type Policy, refuseOutright } from './rules.ts'
import type { User } from './shapes.ts'
import { type Call, parseCall, toReply, toWireError } from './wire.ts'

export const EXCHANGE_PATH = '/contentcard/contentcard.php'

const JSON_HEADERS: HttpResponse['headers'] = {
  'cache-control': 'no-store',
  'content-type': 'application/json; charset=utf-8',
}

export interface DeskOptions {
  readonly store: Store
  readonly policy: Policy
  readonly users: readonly User[]
  /** Wall-clock time in ms since the epoch. */
  readonly now: () => EpochMs
}

interface Reply {
  readonly status: number
  readonly body: Answer
}

/** The work behind the exchange, for routes and for accidents alike. */
export interface Desk {
  readonly store: Store
  readonly policy: Policy
  readonly now: () => EpochMs
  /** Parses the call and checks its credentials. @throws CashdeskError `host.bad-request`, `host.unauthorised` */
  readonly admit: (query: unknown, headers: unknown) => Call
  /** @throws CashdeskError `host.database`, `host.repeated-differently` */
  readonly perform: (request: ActivationRequest) => Promise<Reply>
  /** Refuses what the rules might have granted. @throws as `perform` */
  readonly refuse: (request: ActivationRequest) => Promise<Reply>
}

export interface InProcessHost {
  /**
   * Answers one request as the HTTP server does: same path, same checks, same JSON. Any origin will do.
   * Never rejects: what goes wrong inside is a 5xx.
   */
  serve(request: HttpRequest): Promise<HttpResponse>
}

export interface InProcessOptions extends DeskOptions {
  /** Asked for every admitted call: true refuses it as a provider may at any time, for no reason it tells. */
  readonly refuses?: (request: ActivationRequest) => boolean
}

/** The exchange without a socket. Deterministic, if the store and `now` are. */
export function inProcessHost({ refuses, ...options }: InProcessOptions): InProcessHost {
  const desk = deskOf(options)
  const perform = async (request: ActivationRequest): Promise<Reply> => {
    if (refuses?.(request) !== true) return await desk.perform(request)
    return await desk.refuse(request)
  }
  return {
    serve: async request => {
      try {
        const url = new URL(request.url)
        if (request.method !== 'GET' || url.pathname !== EXCHANGE_PATH)
          throw new CashdeskError('host.not-found')
        const call = desk.admit(queryOf(url.searchParams), lowerCased(request.headers))
        const { status, body } = await perform(call.request)
        return { status, headers: JSON_HEADERS, body: JSON.stringify(body) }
      } catch (thrown) {
        const { status, body } = toWireError(
          thrown instanceof CashdeskError ? thrown : new CashdeskError('host.failed'),
        )
        return { status, headers: JSON_HEADERS, body: JSON.stringify(body) }
      }
    },
  }
}

export function deskOf({ store, policy, now, users }: DeskOptions): Desk {
  return {
    store,
    policy,
    now,
    admit: (query, headers) => {
      const call = parseCall(query, headers)
      if (!mayUse(users, call)) throw new CashdeskError('host.unauthorised')
      return call
    },
    perform: async request =>
      toReply(await store.transact(keysOf(request), books => decide(books, request, now(), policy))),
    refuse: async request =>
      toReply(await store.transact(keysOf(request), books => refuseOutright(books, request, now(), policy))),
  }
}

/** Compared by digest, in constant time, against every user: neither length nor name leaks by timing. */
function mayUse(users: readonly User[], call: Call): boolean {
  let found = false
  for (const { user, pass, cspid } of users) {
    const same = equal(`${user}\n${pass}`, `${call.user}\n${call.pass}`)
    if (same && (cspid === undefined || cspid === call.cspid)) found = true
  }
  return found
}

/** In constant time. */
export function equal(one: string, other: string): boolean {
  const digest = (value: string): Buffer => createHash('sha256').update(value).digest()
  return timingSafeEqual(digest(one), digest(other))
}

/** As a server reads it: a name that comes twice has two values, which no field takes. */
function queryOf(parameters: URLSearchParams): { readonly [name: string]: string | readonly string[] } {
  const query: { [name: string]: string | readonly string[] } = {}
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name)
    query[name] = values.length === 1 ? (values[0] ?? '') : values
  }
  return query
}

function lowerCased(headers: HttpRequest['headers']): HttpRequest['headers'] {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
