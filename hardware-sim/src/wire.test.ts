// A connection from the device's side, at the moments in which the other side goes, too.
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { listenOn } from './program.ts'
import { socketWire } from './wire.ts'

let server: Server | undefined
afterEach(() => server?.close())

/** Both ends of one connection. */
async function connection(): Promise<readonly [Socket, Socket]> {
  server = createServer()
  const port = await listenOn(server, 0)
  const called = once(server, 'connection')
  const caller = connect(port, '127.0.0.1').on('error', () => undefined)
  const [socket] = await called
  return [caller, socket]
}

test('a wire that breaks while the register hangs up is over, and nothing of it is left', async () => {
  const [caller, socket] = await connection()
  const wire = socketWire(socket, 'close')
  const refused = new Promise(resolve => socket.once('error', error => resolve(String(error))))
  const over = new Promise(resolve => wire.listen({ data: () => undefined, ended: () => resolve('over') }))
  caller.end()
  await once(socket, 'end')
  // Our own half is being shut now: a reset here is refused by the system, and the socket would stay for ever.
  await new Promise(resolve => process.nextTick(resolve))
  wire.reset()
  expect(await Promise.race([over, refused])).toBe('over')
})

test('a wire that breaks in the middle is reset for the register', async () => {
  const [caller, socket] = await connection()
  const wire = socketWire(socket, 'close')
  const broke = once(caller, 'error')
  wire.reset()
  expect(String(await broke)).toMatch(/ECONNRESET/)
})
