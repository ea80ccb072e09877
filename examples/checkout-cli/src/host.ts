// The host as the shop's operator sees it, beside the exchange that the till speaks: looking at cards, activating one
// by hand, and making the host misbehave.
import { CashdeskError } from '@cashdesk/kernel'

export type CardState = 'free' | 'reserved' | 'active' | 'voided'

export interface Card {
  readonly serial: string
  readonly prodid: string
  readonly state: CardState
}

/** Things that can happen to a request of the exchange (docs/host-activation.md). */
export interface HostAccident {
  readonly name: 'http-500' | 'html' | 'hang' | 'drop-answer' | 'drop-request' | 'refuse'
  readonly once?: boolean
  /** 1 reserves, 2 activates. */
  readonly match?: { readonly action: number }
}

/** The host's development token; a real one comes from the environment. */
const ADMIN_TOKEN = 'demo-admin'
const TIMEOUT_MS = 10_000

export class HostClient {
  readonly url: string

  constructor(url: string) {
    this.url = url
  }

  async card(serial: string): Promise<Card> {
    return this.#ask<Card>('GET', `/api/cards/${encodeURIComponent(serial)}`)
  }

  /** The first free cards of a product; a hundred at most. */
  async freeCards(prodid: string): Promise<readonly Card[]> {
    const { cards } = await this.#ask<{ cards: readonly Card[] }>('GET', '/api/cards?state=free&limit=500')
    return cards.filter(card => card.prodid === prodid).slice(0, 100)
  }

  /** By hand, without any till. */
  async activate(serial: string): Promise<void> {
    await this.#ask('POST', `/api/cards/${encodeURIComponent(serial)}/activate`)
  }

  async misbehave(accident: HostAccident): Promise<void> {
    await this.#ask('POST', '/accidents', accident)
  }

  /** No accident waits any more. */
  async behave(): Promise<void> {
    await this.#ask('DELETE', '/accidents')
  }

  /** @throws CashdeskError `provider.no-answer` */
  async #ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${ADMIN_TOKEN}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const text = await response.text()
    if (!response.ok)
      throw new CashdeskError('provider.no-answer', {
        path,
        status: response.status,
        said: text.slice(0, 200),
      })
    // Boundary: the host of this very release, whose interface is documented and tested.
    return JSON.parse(text) as Answer
  }
}
