// The bare HTTP client: the very library that the sdk uses, with the same settings and nothing around it.
import { createRequire } from 'node:module'

/** The sdk's own copy: another version would be another client. */
const { Agent, request } = createRequire(import.meta.resolve('@cashdesk/sdk'))('undici')

export function bareHttp() {
  const dispatcher = new Agent({ connections: 32, pipelining: 1 })
  return {
    get: async (url, key) => {
      const { statusCode, body } = await request(url, { dispatcher, headers: { 'idempotency-key': key } })
      return { status: statusCode, body: await body.text() }
    },
    close: () => void dispatcher.destroy(),
  }
}
