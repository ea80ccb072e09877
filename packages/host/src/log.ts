// What the host writes about a request. Credentials come in the query because the exchange wants them there, so a
// log line names only what is listed here and shows nothing else of a query, whatever it is called.
import type { FastifyRequest } from 'fastify'

/** Parameters whose values may be read by whoever reads logs. */
const SHOWN = new Set([
  'user',
  'cspid',
  'action',
  'serial',
  'prodid',
  'serviceid',
  'version',
  'operation',
  'state',
  'after',
  'limit',
])
/** A longer value is no value of ours. */
const LONGEST = 128

/** `/path?user=acme&pass=…&action=1`: the address of a request as it may be written down. */
export function redactUrl(url: string): string {
  const [path = '', ...rest] = url.split('?')
  if (rest.length === 0) return path.slice(0, 200)
  const shown = [...new URLSearchParams(rest.join('?'))].map(([name, value]) =>
    SHOWN.has(name) && value.length <= LONGEST
      ? `${name}=${value}`
      : `${SHOWN.has(name) || name === 'pass' ? name : '…'}=…`,
  )
  return `${path.slice(0, 200)}?${shown.join('&')}`
}

/** The only things about a request that reach the log. */
export const requestSerializer: (request: FastifyRequest) => { [name: string]: unknown } = request => ({
  method: request.method,
  url: redactUrl(request.url),
  operation: request.headers['idempotency-key'],
})

/** Our errors by code; of others the name and the stack, never the properties: some carry the raw request. */
export const errorSerializer: (error: Error) => { type: string; message: string; stack: string } = error => ({
  type: error.name,
  message: 'code' in error ? String(error.code) : error.name,
  stack: (error.stack ?? '').split('\n').slice(1, 8).join('\n'),
})
