// Beside the exchange: manual activation without a till, and the books for people who may read them.
// Everything here wants the admin token.
import { randomUUID } from 'node:crypto'
import { CashdeskError } from '@cashdesk/kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Card, HistoryEntry } from './books.ts'
import type { Desk } from './desk.ts'
import { remainingMs } from './rules.ts'
import { cardStateShape, operationIdShape, serialShape } from './shapes.ts'
import { parse, SCHEMAS } from './wire.ts'

/** Owns what was activated by hand; no till can name it, because a till's owner has a slash. */
const BY_HAND = 'admin'

const serialObject = z.object({ serial: serialShape })
const idObject = z.object({ id: operationIdShape })
const keyObject = z.object({ 'idempotency-key': operationIdShape.exactOptional() })
const filterObject = z.strictObject({
  state: cardStateShape.exactOptional(),
  after: serialShape.exactOptional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
})

interface CardView {
  readonly serial: string
  readonly prodid: string
  readonly state: Card['state']
  readonly expiresInMs?: number
  readonly activatedAt?: string
}

export function registerApi(
  app: FastifyInstance,
  desk: Desk,
  authorise: (authorization: string | undefined) => void,
): void {
  const onRequest = async (request: FastifyRequest): Promise<void> => authorise(request.headers.authorization)
  const errors = { 401: SCHEMAS.error, 404: SCHEMAS.error }
  const about = (summary: string): object => ({ summary, tags: ['admin'], response: errors })

  app.post(
    '/api/cards/:serial/activate',
    {
      onRequest,
      schema: { ...about('Activate a card by hand'), response: { 200: SCHEMAS.answer, ...errors } },
    },
    async (request, reply) => {
      const { serial } = parse(serialObject, request.params)
      const id = parse(keyObject, request.headers)['idempotency-key'] ?? randomUUID()
      const payload = JSON.stringify([BY_HAND, 'activate', serial])
      const { status, body } = await desk.perform({ action: 'activate', id, owner: BY_HAND, serial, payload })
      return reply.code(status).send(body)
    },
  )
  app.get('/api/cards/:serial', { onRequest, schema: about('One card with its history') }, async request => {
    const { serial } = parse(serialObject, request.params)
    const found = await desk.store.card(serial)
    if (found === undefined) throw new CashdeskError('host.not-found', { serial })
    return { ...viewOf(found.card, desk.now()), history: found.history.map(entryOf) }
  })
  app.get('/api/cards', { onRequest, schema: about('Cards by serial, a page at a time') }, async request => {
    const filter = parse(filterObject, request.query)
    const cards = await desk.store.cards(filter)
    const last = cards.length === filter.limit ? cards.at(-1) : undefined
    const views = cards.map(card => viewOf(card, desk.now()))
    return last === undefined ? { cards: views } : { cards: views, next: last.serial }
  })
  app.get(
    '/api/operations/:id',
    { onRequest, schema: about('One operation; looking buries nothing') },
    async request => {
      const { id } = parse(idObject, request.params)
      const operation = await desk.store.operation(id)
      if (operation === undefined) throw new CashdeskError('host.not-found', { id })
      const { payload: _, ...view } = operation
      return { ...view, at: new Date(view.at).toISOString() }
    },
  )
}

function viewOf(card: Card, now: number): CardView {
  const { serial, prodid, state } = card
  return {
    serial,
    prodid,
    state,
    ...(card.holder === null ? {} : { expiresInMs: remainingMs(card, card.holder, now) }),
    ...(card.activatedAt === null ? {} : { activatedAt: new Date(card.activatedAt).toISOString() }),
  }
}

function entryOf({ at, event, operation, by }: HistoryEntry): object {
  return { at: new Date(at).toISOString(), event, operation, by }
}
