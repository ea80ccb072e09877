// Requests over the simulated network: the fate of each is drawn when it is sent, then played in virtual time.
import { CashdeskError, type Http, type HttpRequest, type HttpResponse } from '@cashdesk/kernel'
import type { NetworkAccidentName, NetworkWeather } from './network-accidents.ts'
import type { Prng } from './random.ts'

/** The server: sees a request as it was sent, perhaps twice, perhaps when nobody waits any more. */
export type SimServer = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>

const FATES = [
  'requestNotSent',
  'requestLost',
  'requestLate',
  'requestDelayed',
  'requestDuplicated',
  'answerLost',
  'answerCut',
  'answerDelayed',
  'answerGarbled',
  'serverErrorBeforeWork',
  'serverErrorAfterWork',
] as const satisfies readonly NetworkAccidentName[]

const SERVER_ERRORS = [500, 502, 503, 504] as const

/** The client's side of one request. Whatever comes after the first of these goes nowhere. */
interface Client {
  answer(response: HttpResponse): void
  fail(reason: string): void
}

export function httpOver(weather: NetworkWeather, prng: Prng, serve: SimServer): Http {
  return {
    async send(request) {
      if (request.signal?.aborted === true) throw new CashdeskError('http.not-sent', { reason: 'aborted' })
      const call = new Call(weather, prng, serve, request)
      if (weather.isOut()) throw new CashdeskError('http.not-sent', { reason: 'EHOSTUNREACH' })
      if (call.meets('requestNotSent')) throw new CashdeskError('http.not-sent', { reason: 'ECONNREFUSED' })
      return new Promise((resolve, reject) => call.start(clientOf(weather, request, resolve, reject)))
    },
  }
}

/** Waits as long as the request may take, or until the caller gives up. */
function clientOf(
  weather: NetworkWeather,
  { timeoutMs, signal }: HttpRequest,
  resolve: (response: HttpResponse) => void,
  reject: (error: CashdeskError) => void,
): Client {
  const aborted = (): void => fail('aborted')
  const stop = weather.clock.after(timeoutMs, () => fail('time limit'))
  const release = (): void => {
    stop()
    signal?.removeEventListener('abort', aborted)
  }
  const fail = (reason: string): void => {
    release()
    reject(new CashdeskError('http.no-answer', { reason }))
  }
  signal?.addEventListener('abort', aborted, { once: true })
  return {
    answer(response) {
      release()
      resolve(response)
    },
    fail,
  }
}

/** One request on its way to the server and back. */
class Call {
  readonly #weather: NetworkWeather
  /** Of its own: what happens to one request does not depend on how far another one got. */
  readonly #prng: Prng
  readonly #serve: SimServer
  readonly #request: HttpRequest
  readonly #fate: ReadonlySet<NetworkAccidentName>

  constructor(weather: NetworkWeather, prng: Prng, serve: SimServer, request: HttpRequest) {
    this.#weather = weather
    this.#prng = prng.fork()
    this.#serve = serve
    this.#request = request
    this.#fate = new Set(FATES.filter(name => weather.draw(name, this.#prng)))
  }

  /** Whether this call is to have the accident; counted, so asked only where it then happens. */
  meets(name: NetworkAccidentName): boolean {
    if (!this.#fate.has(name)) return false
    this.#weather.played(name)
    return true
  }

  start(client: Client): void {
    if (this.meets('requestLost')) return
    let wayMs = this.#weather.latencyMs(this.#prng)
    // Behind the client's own timer, whatever the latency.
    if (this.meets('requestLate')) wayMs += this.#request.timeoutMs + 1
    if (this.meets('requestDelayed')) wayMs += this.#weather.delayMs(this.#prng)
    this.#later(wayMs, () => this.#arrive(client))
    if (this.meets('requestDuplicated')) {
      this.#later(wayMs + this.#weather.delayMs(this.#prng), () => void this.#work())
    }
  }

  async #arrive(client: Client): Promise<void> {
    if (this.meets('serverErrorBeforeWork')) return this.#answer(client, this.#serverError())
    const response = await this.#work()
    if (this.meets('answerLost')) return
    if (response === undefined || this.meets('answerCut')) {
      return this.#later(this.#weather.latencyMs(this.#prng), () => client.fail('ECONNRESET'))
    }
    if (this.meets('serverErrorAfterWork')) return this.#answer(client, this.#serverError())
    this.#answer(client, this.meets('answerGarbled') ? this.#garbled(response) : response)
  }

  /** Undefined when the server broke down over it, which a client sees as a reset. */
  async #work(): Promise<HttpResponse | undefined> {
    try {
      return await this.#serve(this.#request)
    } catch {
      return undefined
    }
  }

  #answer(client: Client, response: HttpResponse): void {
    let wayMs = this.#weather.latencyMs(this.#prng)
    if (this.meets('answerDelayed')) wayMs += this.#weather.delayMs(this.#prng)
    this.#later(wayMs, () => client.answer(response))
  }

  /** What arrives during an outage is lost. */
  #later(ms: number, arrive: () => unknown): void {
    this.#weather.clock.after(ms, () => {
      if (!this.#weather.isOut()) arrive()
    })
  }

  #serverError(): HttpResponse {
    const status = this.#prng.pick(SERVER_ERRORS) ?? 500
    return { status, headers: { 'content-type': 'text/html' }, body: `<html><h1>${status}</h1></html>` }
  }

  #garbled(response: HttpResponse): HttpResponse {
    const noise = Array.from({ length: this.#prng.between(1, 40) }, () => this.#prng.between(1, 255))
    const bodies = [
      '<html><h1>Welcome to the guest network</h1></html>',
      String.fromCharCode(...noise),
      response.body.slice(0, this.#prng.below(response.body.length)),
      '',
    ]
    const others = bodies.filter(body => body !== response.body)
    return { ...response, body: this.#prng.pick(others) ?? '' }
  }
}
