// Makes the host misbehave on demand: lost answers, late work, nonsense. For development and tests only; nothing else
// imports this file but the start-up, and only when it was asked for.
import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { CashdeskError } from '@cashdesk/kernel'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type Desk, EXCHANGE_PATH } from './desk.ts'
import { parse } from './wire.ts'

const NAMES = ['http-500', 'html', 'hang', 'drop-answer', 'drop-request', 'refuse'] as const

/** What `POST /accidents` takes; `ms` belongs to `hang`. */
interface Accident {
  readonly name: (typeof NAMES)[number]
  readonly once: boolean
  readonly match?: { readonly action: number | string }
  readonly ms: number
}

const accidentShape: z.ZodType<Accident> = z.strictObject({
  name: z.enum(NAMES),
  once: z.boolean().default(false),
  match: z
    .strictObject({ action: z.union([z.int().min(1).max(6), z.enum(['1', '2', '3', '4', '5', '6'])]) })
    .exactOptional(),
  ms: z.int().min(0).max(600_000).default(60_000),
})

/** Accidents that may wait; one more is a test that forgot to clear them. */
const MAX_ACCIDENTS = 32

export function registerAccidents(app: FastifyInstance, desk: Desk): void {
  let waiting: Accident[] = []
  /** Ends every `hang` that is under way. */
  let patience = newPatience()
  const clear = (): void => {
    waiting = []
    patience.abort()
    patience = newPatience()
  }
  app.addHook('preClose', async () => clear())

  app.post('/accidents', { schema: { hide: true } }, async request => {
    const accident = parse(accidentShape, request.body)
    if (waiting.length >= MAX_ACCIDENTS) throw new CashdeskError('host.bad-request', { limit: MAX_ACCIDENTS })
    waiting.push(accident)
    return { accidents: waiting }
  })
  app.get('/accidents', { schema: { hide: true } }, async () => ({ accidents: waiting }))
  app.delete('/accidents', { schema: { hide: true } }, async () => {
    clear()
    return { accidents: waiting }
  })

  app.addHook('preHandler', async (request, reply) => {
    if (request.routeOptions.url !== EXCHANGE_PATH) return
    const accident = waiting.find(candidate => concerns(candidate, request.query))
    if (accident === undefined) return
    if (accident.once) waiting = waiting.filter(other => other !== accident)
    request.log.warn({ accident: accident.name }, 'an accident, as ordered')
    await happen(accident, desk, request, reply, patience.signal)
  })
}

/** However many registers wait for an answer. */
function newPatience(): AbortController {
  const patience = new AbortController()
  setMaxListeners(0, patience.signal)
  return patience
}

function concerns({ match }: Accident, query: unknown): boolean {
  if (match === undefined) return true
  return (
    typeof query === 'object' && query !== null && 'action' in query && query.action === String(match.action)
  )
}

/** Answers in the host's place, or lets the request go on (`hang`, after its time). */
async function happen(
  accident: Accident,
  desk: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  patience: AbortSignal,
): Promise<void> {
  const admit = (): ReturnType<Desk['admit']> => desk.admit(request.query, request.headers)
  switch (accident.name) {
    case 'http-500':
      throw new CashdeskError('host.failed')
    case 'html':
      await reply.type('text/html').send('<!doctype html><title>Welcome</title><h1>It works!</h1>')
      return
    case 'hang':
      await sleep(accident.ms, undefined, { signal: patience }).catch(() => undefined)
      return
    case 'drop-answer':
      await desk.perform(admit().request).catch(() => undefined)
      hangUp(request, reply)
      return
    case 'drop-request':
      hangUp(request, reply)
      return
    case 'refuse': {
      const { status, body } = await desk.refuse(admit().request)
      await reply.code(status).send(body)
    }
  }
}

function hangUp(request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack()
  request.raw.socket.destroy()
}
