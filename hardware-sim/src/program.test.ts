// The shell around every simulator: options, the ready line, the control server, and a clean end.
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:net'
import { PassThrough } from 'node:stream'
import { CashdeskError, type Json } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { wholeNumber } from './options.ts'
import { listenOn, type ProgramIo, runProgram, type SimProgram } from './program.ts'

class TestIo extends EventEmitter implements ProgramIo {
  readonly stdin: PassThrough = new PassThrough()
  readonly stdout: PassThrough = new PassThrough()
  readonly stderr: PassThrough = new PassThrough()
}

interface Seen {
  options?: { readonly [flag: string]: string }
  accidents: { readonly name: string; readonly args: Json }[]
  closed: number
}

function lamp(seen: Seen): SimProgram {
  return {
    name: 'lamp',
    summary: 'a lamp',
    options: [
      { flag: 'port', text: 'TCP port', default: '0' },
      { flag: 'colour', text: 'its colour' },
    ],
    accidents: [{ name: 'bulb-breaks', text: 'it goes dark' }],
    async start(options) {
      seen.options = options
      const server = createServer()
      const port = await listenOn(server, wholeNumber(options, 'port', 65_535))
      return {
        sim: 'lamp',
        ports: { tcp: port },
        state: () => ({ lit: seen.accidents.length === 0 }),
        accident: (name, args) => {
          if (args['watts'] === 'many') throw new CashdeskError('sim.usage', { watts: 'many' })
          seen.accidents.push({ name, args: { ...args } })
          return { done: name }
        },
        close: async () => {
          seen.closed += 1
          server.close()
        },
      }
    },
  }
}

async function started(...args: string[]): Promise<{
  seen: Seen
  io: TestIo
  code: Promise<number>
  ready: { sim: string; ports: { tcp: number }; control: string }
}> {
  const seen: Seen = { accidents: [], closed: 0 }
  const io = new TestIo()
  const code = runProgram([lamp(seen)], ['lamp', ...args], io)
  const [line] = await once(io.stdout, 'data')
  return { seen, io, code, ready: JSON.parse(String(line)) }
}

const post = async (
  url: string,
  body?: string,
  headers?: { [name: string]: string },
): Promise<[number, Json]> => {
  const answer = await fetch(url, { method: 'POST', ...(body && { body }), ...(headers && { headers }) })
  return [answer.status, (await answer.json()) as Json]
}

describe('a simulator as a process', () => {
  it('says in one line of JSON where it is, once it is ready', async () => {
    const { ready, io, code, seen } = await started('--colour', 'red')
    expect(ready.sim).toBe('lamp')
    expect(ready.ports.tcp).toBeGreaterThan(0)
    expect(ready.control).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(seen.options).toEqual({ port: '0', colour: 'red' })
    io.emit('SIGTERM')
    expect(await code).toBe(0)
    expect(seen.closed).toBe(1)
    await expect
      .poll(() => ['SIGTERM', 'SIGINT', 'SIGHUP'].map(signal => io.listenerCount(signal)))
      .toEqual([0, 0, 0])
  })

  it('shows its state, plays accidents, and ends when told so over its control port', async () => {
    const { ready, code, seen } = await started()
    expect(await (await fetch(`${ready.control}/state`)).json()).toEqual({ lit: true })
    expect(await post(`${ready.control}/accident`, '{"name":"bulb-breaks","ms":5}')).toEqual([
      200,
      { done: 'bulb-breaks' },
    ])
    expect(seen.accidents).toEqual([{ name: 'bulb-breaks', args: { ms: 5 } }])
    expect(await (await fetch(`${ready.control}/state`)).json()).toEqual({ lit: false })
    expect(await post(`${ready.control}/close`)).toEqual([200, { closed: true }])
    expect(await code).toBe(0)
  })

  it('refuses unknown accidents, malformed bodies, oversize bodies, unknown routes and browsers with a code', async () => {
    const { ready, io, code, seen } = await started()
    const accident = `${ready.control}/accident`
    const refusals = [
      await post(accident, '{"name":"meteor"}'),
      await post(accident, '{"name":"bulb-breaks","watts":"many"}'),
      await post(accident, 'not json'),
      await post(accident, '[1]'),
      await post(accident, JSON.stringify({ name: 'bulb-breaks', pad: 'x'.repeat(70_000) })),
      await post(accident, '{"name":"bulb-breaks"}', { origin: 'http://elsewhere.example' }),
    ]
    for (const refusal of refusals) expect(refusal).toMatchObject([400, { error: { code: 'sim.usage' } }])
    expect(await post(`${ready.control}/elsewhere`)).toMatchObject([404, { error: { code: 'sim.usage' } }])
    expect(seen.accidents).toEqual([])
    io.emit('SIGINT')
    expect(await code).toBe(0)
  })

  it('ends with its parent only if asked to', async () => {
    const tied = await started('--with-parent')
    tied.io.stdin.end()
    expect(await tied.code).toBe(0)

    const free = await started()
    free.io.stdin.end()
    await new Promise(resolve => setImmediate(resolve))
    expect(free.seen.closed).toBe(0)
    free.io.emit('SIGTERM')
    expect(await free.code).toBe(0)
  })

  it('answers wrong usage with a coded line and exit code 2, and what it cannot do with 3', async () => {
    const taken = createServer()
    const port = await listenOn(taken, 0)
    const tries: [string[], RegExp][] = [
      [['lamp', '--port', String(port)], /^sim\.port-in-use: /],
      [['lamp', '--control', String(port)], /^sim\.port-in-use: /],
      [['lamp', '--port', 'many'], /^sim\.usage: /],
      [['lamp', '--port', '65536'], /^sim\.usage: /],
      [['lamp', '--shape', 'round'], /^sim\.usage: /],
      [['toaster'], /^sim\.usage: /],
      [[], /lamp/],
    ]
    for (const [argv, line] of tries) {
      const io = new TestIo()
      const seen: Seen = { accidents: [], closed: 0 }
      expect(await runProgram([lamp(seen)], argv, io)).toBe(line.source.includes('in-use') ? 3 : 2)
      expect(String(io.stderr.read())).toMatch(line)
      expect(io.stdout.read()).toBeNull()
    }
    taken.close()
  })

  it('says of a host that is not this machine’s that it is the host, not the port', async () => {
    // 192.0.2.0/24 is nobody's (RFC 5737).
    await expect(listenOn(createServer(), 0, '192.0.2.1')).rejects.toMatchObject({
      code: 'sim.usage',
      detail: { option: 'host', host: '192.0.2.1', reason: 'EADDRNOTAVAIL' },
    })
  })

  it('ends with 0 when its window is closed, however often it is told', async () => {
    const { io, code, seen } = await started()
    io.emit('SIGHUP')
    io.emit('SIGTERM')
    expect(await code).toBe(0)
    expect(io.emit('SIGTERM')).toBe(true)
    expect(seen.closed).toBe(1)
  })

  it('explains itself', async () => {
    const io = new TestIo()
    expect(await runProgram([lamp({ accidents: [], closed: 0 })], ['lamp', '--help'], io)).toBe(0)
    expect(String(io.stdout.read())).toMatch(/--colour[\s\S]*--with-parent[\s\S]*bulb-breaks/)
    expect(await runProgram([lamp({ accidents: [], closed: 0 })], ['--help'], io)).toBe(0)
    expect(String(io.stdout.read())).toMatch(/lamp +a lamp/)
  })
  it('is silent but for JSON when asked to, and explains itself so', async () => {
    const { io, code } = await started('--json')
    io.emit('SIGTERM')
    expect(await code).toBe(0)
    expect(io.stderr.read()).toBeNull()
    const asked = new TestIo()
    expect(await runProgram([lamp({ accidents: [], closed: 0 })], ['lamp', '--help', '--json'], asked)).toBe(
      0,
    )
    const manual = JSON.parse(String(asked.stdout.read()))
    expect(manual).toMatchObject({ name: 'lamp', summary: 'a lamp' })
    expect(manual.options).toContainEqual({
      flag: 'port',
      text: 'TCP port',
      default: '0',
      takesValue: true,
    })
    expect(manual.accidents).toEqual([
      { name: 'bulb-breaks', text: 'it goes dark', key: null, value: null, stays: false },
    ])
    expect(await runProgram([lamp({ accidents: [], closed: 0 })], ['--help', '--json'], asked)).toBe(0)
    expect(JSON.parse(String(asked.stdout.read()))).toMatchObject([{ name: 'lamp' }])
  })
})
