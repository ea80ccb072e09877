// Requests between the till and its providers: lost, late, twice, cut, garbled, answered by somebody else, or not at all
// for days. What happens to one of them is drawn when it leaves, and played in virtual time.
import { CashdeskError, type Clock, type Http, type HttpRequest, type HttpResponse } from '@cashdesk/kernel'
import type { AccidentKind, Schedule } from './schedule.ts'
import type { SituationName } from './situations.ts'

/** A provider: sees a request as it was sent, perhaps twice, perhaps when nobody waits any more. */
export interface Provider {
  readonly name: string
  /** `reserve`, `commit`, `query` …, for the story and for statistics. */
  operationOf(request: HttpRequest): string
  /** The id of the operation that a request is, or asks about. */
  idOf(request: HttpRequest): string
  respond(request: HttpRequest): Promise<HttpResponse> | HttpResponse
}

export interface WireEvents {
  readonly tell: (text: string) => void
  readonly situation: (name: SituationName) => void
}

const FATES = [
  'request-not-sent',
  'request-lost',
  'request-late',
  'request-duplicated',
  'answer-lost',
  'answer-late',
  'answer-cut',
  'answer-garbled',
  'server-error-before-work',
  'server-error-after-work',
] as const satisfies readonly AccidentKind[]
type Fate = (typeof FATES)[number]

export class Wire {
  readonly #clock: Clock
  readonly #schedule: Schedule
  readonly #events: WireEvents
  readonly #providers: ReadonlyMap<string, Provider>
  /** Until when nothing reaches a provider, by name; monotonic. */
  readonly #outages: Map<string, number> = new Map()
  /** Operations that the till asked about, and those of which the question arrived. */
  readonly #asked: Set<string> = new Set()
  readonly #questioned: Set<string> = new Set()
  readonly #seen: Set<string> = new Set()

  /** @param providers by the host name of their addresses */
  constructor(
    clock: Clock,
    schedule: Schedule,
    events: WireEvents,
    providers: ReadonlyMap<string, Provider>,
  ) {
    this.#clock = clock
    this.#schedule = schedule
    this.#events = events
    this.#providers = providers
  }

  /** Whether an outage lasts now. */
  get isAnyAway(): boolean {
    return [...this.#outages.values()].some(untilMs => untilMs > this.#clock.monotonicMs())
  }

  outage(provider: string, ms: number): void {
    const until = this.#clock.monotonicMs() + ms
    this.#outages.set(provider, Math.max(until, this.#outages.get(provider) ?? 0))
    this.#events.tell(`nothing reaches ${provider} for ${Math.round(ms / 1000)} s`)
  }

  heal(): void {
    this.#outages.clear()
  }

  readonly http: Http = { send: request => this.#send(request) }

  #isOut(provider: Provider): boolean {
    return (this.#outages.get(provider.name) ?? 0) > this.#clock.monotonicMs()
  }

  async #send(request: HttpRequest): Promise<HttpResponse> {
    const provider = this.#providers.get(new URL(request.url).hostname)
    if (!provider) throw new CashdeskError('http.not-sent', { reason: 'ENOTFOUND' })
    const what = `${provider.name} ${provider.operationOf(request)}`
    if (this.#isOut(provider)) {
      this.#events.tell(`✗ ${what}: not reachable`)
      throw new CashdeskError('http.not-sent', { reason: 'EHOSTUNREACH' })
    }
    const fates = new Set(FATES.filter(fate => this.#schedule.strikes(fate, what)))
    if (fates.has('request-not-sent')) {
      this.#events.tell(`✗ ${what}: never left`)
      throw new CashdeskError('http.not-sent', { reason: 'ECONNREFUSED' })
    }
    if (/query/.test(what)) this.#asked.add(provider.idOf(request))
    return new Promise((resolve, reject) => {
      const stop = this.#clock.after(request.timeoutMs, () =>
        reject(new CashdeskError('http.no-answer', { reason: 'time limit' })),
      )
      const answer = (response: HttpResponse): void => {
        stop()
        resolve(response)
      }
      const fail = (): void => {
        stop()
        reject(new CashdeskError('http.no-answer', { reason: 'ECONNRESET' }))
      }
      this.#travel(provider, request, what, fates, { answer, fail })
    })
  }

  #travel(
    provider: Provider,
    request: HttpRequest,
    what: string,
    fates: ReadonlySet<Fate>,
    client: { answer(response: HttpResponse): void; fail(): void },
  ): void {
    const way = (): number => 1 + this.#schedule.below('way', 40)
    if (fates.has('request-lost')) return this.#events.tell(`✗ ${what}: lost on its way`)
    const late = fates.has('request-late') ? request.timeoutMs + this.#schedule.below('how late', 20_000) : 0
    this.#clock.after(way() + late, () => {
      if (this.#isOut(provider)) return
      void this.#arrives(provider, request, what, fates, late > 0).then(response => {
        if (!response || fates.has('answer-lost')) return this.#events.tell(`✗ ${what}: its answer is lost`)
        const delay = fates.has('answer-late')
          ? request.timeoutMs + this.#schedule.below('how late', 20_000)
          : 0
        this.#clock.after(way() + delay, () => {
          if (this.#isOut(provider)) return
          if (delay > 0) this.#lateAnswer(provider, request)
          if (fates.has('answer-cut')) client.fail()
          else client.answer(fates.has('answer-garbled') ? this.#garbled(response) : response)
        })
      })
    })
    if (fates.has('request-duplicated'))
      this.#clock.after(way() + this.#schedule.below('twice after', 8_000), () => {
        if (!this.#isOut(provider)) void this.#arrives(provider, request, what, new Set(), true)
      })
  }

  #lateAnswer(provider: Provider, request: HttpRequest): void {
    this.#events.situation('late-answer')
    if (this.#asked.has(provider.idOf(request))) this.#events.situation('late-answer-after-query')
  }

  async #arrives(
    provider: Provider,
    request: HttpRequest,
    what: string,
    fates: ReadonlySet<Fate>,
    late: boolean,
  ): Promise<HttpResponse | undefined> {
    if (fates.has('server-error-before-work')) return this.#serverError()
    const id = provider.idOf(request)
    if (/query/.test(what)) this.#questioned.add(id)
    else {
      if (this.#questioned.has(id) && !this.#seen.has(id)) this.#events.situation('query-overtakes-original')
      if (this.#seen.has(id)) this.#events.situation('operation-arrives-again')
      this.#seen.add(id)
    }
    try {
      const response = await provider.respond(request)
      this.#events.tell(`→ ${what} ${id.slice(-6)}${late ? ', late or again' : ''}: ${shortly(response)}`)
      return fates.has('server-error-after-work') ? this.#serverError() : response
    } catch (thrown) {
      this.#events.tell(`✗ ${what}: the provider broke down: ${String(thrown)}`)
      return undefined
    }
  }

  #serverError(): HttpResponse {
    const status = this.#schedule.pick('server error', [500, 502, 503, 504])
    return { status, headers: { 'content-type': 'text/html' }, body: `<h1>${status}</h1>` }
  }

  #garbled(response: HttpResponse): HttpResponse {
    const body = this.#schedule.pick('garbled', [
      '<html><h1>Welcome to the guest network</h1></html>',
      response.body.slice(0, this.#schedule.below('cut at', response.body.length)),
      '\u0000\u00ff\u0001',
      '{}',
      '<h1>404 Not Found</h1>',
    ])
    // A proxy that does not know the provider says so in its own words.
    const status = this.#schedule.pick('garbled status', [response.status, 404, 200])
    return { ...response, status, body }
  }
}

function shortly({ status, body }: HttpResponse): string {
  const { result, state, reason } = Object(JSON.parse(body))
  return `${status} ${result ?? state ?? ''}${reason === undefined ? '' : ` ${reason}`}`
}
