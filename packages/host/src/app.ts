// The host's HTTP server: the exchange, the manual interface beside it, health and the OpenAPI page. It parses,
// checks credentials, lets the rules decide inside the store's transaction, and answers.
import { CashdeskError } from '@cashdesk/kernel'
import swagger from '@fastify/swagger'
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifySchema,
} from 'fastify'
import { registerApi } from './api.ts'
import type { Store } from './books.ts'
import { type Desk, type DeskOptions, deskOf, EXCHANGE_PATH, equal } from './desk.ts'
import { docsPage } from './docs-page.ts'
import { errorSerializer, requestSerializer } from './log.ts'
import { SCHEMAS, toWireError } from './wire.ts'

/** A body is a few fields. Bytes. */
const MAX_BODY = 16_384
/** From the first byte of a request to its last: a till on a slow line needs less. Milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000
/** Open connections: hundreds of lanes with a few each. More are refused by the operating system's queue. */
const MAX_CONNECTIONS = 2_000

/** Where structured lines go, one JSON object each. Credentials never reach it. */
export interface HostLog {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly stream: { write(line: string): void }
}

export interface AppOptions extends DeskOptions {
  readonly adminToken: string
  readonly log: HostLog
  /** Development only: registers what makes the host misbehave, before anything else. */
  readonly misbehave?: (app: FastifyInstance, desk: Desk) => void
}

export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const app: FastifyInstance = fastify({
    logger: {
      level: options.log.level,
      stream: options.log.stream,
      serializers: { req: requestSerializer, err: errorSerializer },
    },
    bodyLimit: MAX_BODY,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 128 },
    frameworkErrors: (_error, _request, reply) => sendError(reply, new CashdeskError('host.bad-request')),
    // Not even the first bytes of a garbled request are logged: a password may be among them.
    clientErrorHandler: (_error, socket) => {
      if (socket.writable)
        socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
      else socket.destroy()
    },
  })
  app.server.maxConnections = MAX_CONNECTIONS
  // Zod parses in the handlers; the routes' JSON schemas are for the OpenAPI page.
  app.setValidatorCompiler(() => value => ({ value }))
  app.setSerializerCompiler(() => value => JSON.stringify(value))
  app.setNotFoundHandler((_request, reply) => sendError(reply, new CashdeskError('host.not-found')))
  app.setErrorHandler((thrown, request, reply) => sendError(reply, coded(thrown, request.log)))
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  await app.register(swagger, { openapi: { info: { title: 'Cashdesk host', version: '1' } } })
  const desk = deskOf(options)
  options.misbehave?.(app, desk)
  registerExchange(app, desk)
  registerApi(app, desk, bearerCheck(options.adminToken))
  registerOpen(app, options.store)
  return app
}

function registerExchange(app: FastifyInstance, desk: Desk): void {
  const answers = { 200: SCHEMAS.answer, 404: SCHEMAS.answer, 409: SCHEMAS.answer }
  const errors = { 400: SCHEMAS.error, 401: SCHEMAS.error, 422: SCHEMAS.error, 503: SCHEMAS.error }
  const schema: FastifySchema & { summary: string } = {
    summary: 'Reserve, activate, release, renew or void a card, or ask what became of an operation',
    tags: ['exchange'],
    querystring: SCHEMAS.query,
    headers: SCHEMAS.headers,
    response: { ...answers, ...errors },
  }
  app.get(EXCHANGE_PATH, { schema }, async (request, reply) => {
    const call = desk.admit(request.query, request.headers)
    const { status, body } = await desk.perform(call.request)
    return reply.code(status).send(body)
  })
}

function registerOpen(app: FastifyInstance, store: Store): void {
  const schema = { summary: 'Is the host up, and does it keep what it says?', tags: ['operation'] }
  app.get('/health', { schema }, async () => {
    await store.ping()
    return { status: 'ok', store: store.kind, durable: store.durable }
  })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  app.get('/docs', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(docsPage(app.swagger())),
  )
}

function bearerCheck(adminToken: string): (authorization: string | undefined) => void {
  return authorization => {
    if (!equal(authorization ?? '', `Bearer ${adminToken}`)) throw new CashdeskError('host.unauthorised')
  }
}

/** Anything that is not ours is either a request that Fastify could not read, or our own failure. */
function coded(thrown: unknown, log: FastifyBaseLogger): CashdeskError {
  if (thrown instanceof CashdeskError) {
    if (thrown.code === 'host.database') log.error({ detail: thrown.detail }, 'the store cannot be used')
    return thrown
  }
  const status = thrown instanceof Error && 'statusCode' in thrown ? Number(thrown.statusCode) : 500
  if (status < 500) return new CashdeskError('host.bad-request')
  log.error({ err: thrown }, 'the host failed')
  return new CashdeskError('host.failed')
}

function sendError(reply: FastifyReply, error: CashdeskError): FastifyReply {
  const { status, body } = toWireError(error)
  return reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body))
}
