// What stands around a till, in a process of its own: two scanner lines (the till's and the bare client's) and a
// provider that grants everything. It scans a code and times the reservation it gets for it, both on its own clock.
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'

/** A request that does not come is a benchmark that hangs. */
const PATIENCE_MS = 10_000

export async function start() {
  const waiting = []
  const provider = http.createServer((request, response) => {
    const query = new URL(request.url, 'http://localhost').searchParams
    if (query.get('action') === '1') waiting.shift()?.(performance.now())
    const result = { 1: 'reserved', 2: 'activated', 3: 'released' }[query.get('action')] ?? 'refused'
    const operation = request.headers['idempotency-key']
    const answer = { result, operation, serial: query.get('serial'), expiresInMs: 900_000 }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  provider.listen(0, '127.0.0.1')
  await once(provider, 'listening')
  const lines = { till: await line(), floor: await line() }
  return {
    ready: { provider: provider.address().port, till: lines.till.port, floor: lines.floor.port },
    answer: async ({ to, code }) => {
      const socket = await lines[to].socket
      const arrived = new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`no reservation from ${to}`)), PATIENCE_MS)
        waiting.push(at => {
          clearTimeout(late)
          resolve(at)
        })
      })
      const from = performance.now()
      socket.write(code)
      return (await arrived) - from
    },
  }
}

async function line() {
  const server = net.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = once(server, 'connection').then(([connection]) => connection.setNoDelay(true))
  return { port: server.address().port, socket }
}
