// The accidents of a simulator as it runs: one table, switched over HTTP, by a script, by keys, and by typed lines.
import { EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { CashdeskError, type Json } from '@cashdesk/kernel'
import { afterAll, describe, expect, it } from 'vitest'
import type { TypedLines, Typing } from './keys.ts'
import { type ProgramIo, runProgram, type SimProgram } from './program.ts'
import { PROGRAMS } from './programs.ts'

const folder = mkdtempSync(join(tmpdir(), 'sim-control-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

class TestIo extends EventEmitter implements ProgramIo {
  readonly stdin: PassThrough & Typing
  readonly stdout: PassThrough = new PassThrough()
  readonly stderr: PassThrough = new PassThrough()
  raw: boolean[] = []

  constructor(isTTY: boolean) {
    super()
    this.stdin = Object.assign(new PassThrough(), {
      isTTY,
      setRawMode: (raw: boolean) => void this.raw.push(raw),
    })
  }
}

/** All that was written so far: one `read` gives one piece in newer versions of Node. */
function said(stream: PassThrough): string {
  const pieces: string[] = []
  for (let piece = stream.read(); piece !== null; piece = stream.read()) pieces.push(String(piece))
  return pieces.join('')
}

/** A kettle that notes what happens to it. */
function kettle(played: Json[], typed?: TypedLines): SimProgram {
  let heat = 0
  return {
    name: 'kettle',
    summary: 'a kettle',
    options: [],
    accidents: [
      {
        name: 'heat',
        text: 'it is heated {degrees}',
        key: 'h',
        value: { name: 'degrees', type: 'number' },
        preset: { degrees: 60 },
        on: { keep: true },
        off: { name: 'cool' },
      },
      { name: 'cool', text: 'it cools' },
      { name: 'drop', text: 'it falls', key: 'd' },
      { name: 'label', text: 'someone writes on it', value: { name: 'words', type: 'text' } },
      { name: 'leak', text: 'it leaks', key: 'l', off: { name: 'leak', args: { off: true } } },
    ],
    start: async () => ({
      sim: 'kettle',
      ports: {},
      state: () => ({ heat, falls: played.length }),
      accident: (name, args) => {
        if (args['degrees'] === 999) throw new CashdeskError('sim.usage', { degrees: 999 })
        if (name === 'heat') heat = Number(args['degrees'] ?? 0)
        if (name === 'cool') heat = 0
        played.push([name, { ...args }])
        return { heat }
      },
      close: async () => undefined,
      ...(typed && { typed }),
    }),
  }
}

interface Run {
  readonly played: Json[]
  readonly io: TestIo
  readonly code: Promise<number>
  readonly control: string
  say(text: string): Promise<void>
}

async function run(args: readonly string[], isTTY = false, typed?: TypedLines): Promise<Run> {
  const played: Json[] = []
  const io = new TestIo(isTTY)
  const code = runProgram([kettle(played, typed)], ['kettle', ...args], io)
  const [line] = await once(io.stdout, 'data')
  const say = async (text: string): Promise<void> => {
    const before = String(io.stderr.read() ?? '')
    const told = once(io.stderr, 'data')
    if (before.length > 0) io.stderr.pause()
    io.stdin.write(text)
    await told
  }
  return { played, io, code, control: JSON.parse(String(line).split('\n')[0] ?? '').control, say }
}

async function post(url: string, body?: string): Promise<Json> {
  const answer = await fetch(url, { method: 'POST', ...(body !== undefined && { body }) })
  return (await answer.json()) as Json
}

interface All {
  readonly faults: readonly { readonly on: boolean | null }[]
}

async function all(url: string): Promise<All> {
  return (await (await fetch(`${url}/`)).json()) as All
}

async function end({ control, code }: Run): Promise<number> {
  await fetch(`${control}/close`, { method: 'POST' })
  return await code
}

describe('over HTTP', () => {
  it('shows the state and every accident with its switch', async () => {
    const sim = await run([])
    const shown = await all(sim.control)
    expect(shown).toMatchObject({ sim: 'kettle', ports: {}, state: { heat: 0, falls: 0 } })
    expect(shown.faults[0]).toEqual({
      name: 'heat',
      text: 'it is heated {degrees}',
      key: 'h',
      value: 'degrees: number',
      on: false,
    })
    expect(shown.faults.map(fault => fault.on)).toEqual([false, null, null, null, false])
    await end(sim)
  })

  it('switches on, to a value, with arguments, and off', async () => {
    const sim = await run([])
    const heat = `${sim.control}/fault/heat`
    for (const body of [undefined, 'on', '"on"', 'true', '{"on":true}']) {
      expect(await post(heat, body)).toMatchObject({ name: 'heat', on: true })
    }
    await post(heat, '70')
    await post(heat, '{"value":80}')
    await post(heat, '{"degrees":90}')
    for (const body of ['off', 'false', '{"on":false}', '{"off":true}']) {
      expect(await post(heat, body)).toMatchObject({ name: 'heat', on: false })
    }
    const on = ['heat', { degrees: 60, keep: true }]
    expect(sim.played).toEqual([
      ...[on, on, on, on, on],
      ['heat', { degrees: 70, keep: true }],
      ['heat', { degrees: 80, keep: true }],
      ['heat', { degrees: 90 }],
      ...[1, 2, 3, 4].map(() => ['cool', {}]),
    ])
    await end(sim)
  })

  it('knows that an accident ends one of its own name, or another', async () => {
    const sim = await run([])
    expect(await post(`${sim.control}/fault/leak`)).toMatchObject({ on: true })
    expect(await post(`${sim.control}/fault/leak`, 'off')).toMatchObject({ on: false })
    expect(sim.played.at(-1)).toEqual(['leak', { off: true }])
    await post(`${sim.control}/fault/heat`)
    await post(`${sim.control}/accident`, '{"name":"cool"}')
    expect((await all(sim.control)).faults[0]?.on).toBe(false)
    await end(sim)
  })

  it('refuses what makes no sense with a code', async () => {
    const sim = await run([])
    const refusals = [
      await post(`${sim.control}/fault/meteor`),
      await post(`${sim.control}/fault/heat`, 'much'),
      await post(`${sim.control}/fault/heat`, '999'),
      await post(`${sim.control}/fault/heat`, '[1]'),
      await post(`${sim.control}/fault/heat`, '{"on":'),
      await post(`${sim.control}/fault/drop`, 'off'),
      await post(`${sim.control}/fault/drop`, '7'),
    ]
    for (const refusal of refusals) expect(refusal).toMatchObject({ error: { code: 'sim.usage' } })
    expect(sim.played).toEqual([])
    await end(sim)
  })
})

describe('a script', () => {
  const file = (text: string): string => {
    const path = join(folder, `script-${Math.abs(text.length * 31)}-${process.hrtime.bigint()}`)
    writeFileSync(path, text)
    return path
  }

  it('plays its lines with waits in between, and ends the simulator when it says so', async () => {
    const path = file(
      '# a day\nheat on\nuntil heat=60\nwait 2ms\nheat 70\r\nheat degrees=80 slowly=true\nheat {"degrees":90}\nheat off\n' +
        'drop\nlabel hot and heavy\nlabel words=5\nheat\nuntil falls=9 5s\nstate\nclose\n',
    )
    const sim = await run(['--script', path])
    expect(await sim.code).toBe(0)
    expect(sim.played).toEqual([
      ['heat', { degrees: 60, keep: true }],
      ['heat', { degrees: 70, keep: true }],
      ['heat', { degrees: 80, slowly: true }],
      ['heat', { degrees: 90 }],
      ['cool', {}],
      ['drop', {}],
      ['label', { words: 'hot and heavy' }],
      ['label', { words: '5' }],
      ['heat', { degrees: 60 }],
    ])
    expect(String(sim.io.stdout.read())).toBe('{"state":{"heat":60,"falls":9}}\n')
  })

  it('comes from standard input line by line', async () => {
    const sim = await run(['--script', '-'])
    sim.io.stdin.write('heat\n')
    await fetch(`${sim.control}/state`)
    sim.io.stdin.write('drop\nclose\n')
    expect(await sim.code).toBe(0)
    expect(sim.played).toEqual([
      ['heat', { degrees: 60 }],
      ['drop', {}],
    ])
  })

  it.each([
    ['meteor', 'unknown accident'],
    ['wait long', 'no time'],
    ['wait 999999s', 'no time that ends'],
    ['until heat', 'no value'],
    ['heat degrees=1 hot', 'no argument'],
    ['heat {"degrees":', 'no JSON'],
  ])('with the line %j is refused before anything starts: %s', async line => {
    const io = new TestIo(false)
    expect(await runProgram([kettle([])], ['kettle', '--script', file(`heat\n${line}\n`)], io)).toBe(2)
    expect(said(io.stderr)).toMatch(/^sim\.usage: .*"scriptLine":2/)
    expect(io.stdout.read()).toBeNull()
  })

  it('that is not there is refused', async () => {
    const io = new TestIo(false)
    expect(await runProgram([kettle([])], ['kettle', '--script', join(folder, 'none')], io)).toBe(2)
  })

  it('that fails on the way ends the simulator with 1 and the number of the line', async () => {
    const late = await run(['--script', file('heat\n\nuntil heat=61 5ms\ndrop\n')])
    expect(await late.code).toBe(1)
    expect(said(late.io.stderr)).toMatch(/"scriptLine":3,"until":"heat","value":"61","is":"60"/)
    const refused = await run(['--script', file('heat 999\ndrop')])
    expect(await refused.code).toBe(1)
    expect(refused.played).toEqual([])
  })
})

describe('at a terminal', () => {
  it('a key plays an accident and ends it, a colon begins a command, q ends', async () => {
    const sim = await run([], true)
    expect(sim.io.raw).toEqual([true])
    expect(said(sim.io.stderr)).toContain(
      'h heat± · d drop · l leak± · ± until pressed again · ? help · q quit',
    )
    await sim.say('h')
    await sim.say('h')
    await sim.say('d')
    await sim.say(':heat 7')
    sim.io.stdin.write('x\x7f')
    sim.io.stdin.write('5\r')
    sim.io.stdin.write(':drop\x1b')
    await fetch(`${sim.control}/state`)
    sim.io.stdin.write('q')
    expect(await sim.code).toBe(0)
    expect(sim.io.raw).toEqual([true, false])
    expect(sim.played).toEqual([
      ['heat', { degrees: 60 }],
      ['cool', {}],
      ['drop', {}],
      ['heat', { degrees: 75, keep: true }],
    ])
  })

  it('Ctrl-C ends it, and other keys do nothing', async () => {
    const sim = await run([], true)
    sim.io.stdin.write('zé\x03')
    expect(await sim.code).toBe(0)
    expect(sim.played).toEqual([])
  })

  it('typed lines are the program’s where it takes them; a colon is a key or a command', async () => {
    const lines: string[] = []
    const typed = { text: 'type a name', line: (line: string) => `hello ${lines.push(line)}` }
    const sim = await run([], true, typed)
    expect(sim.io.raw).toEqual([])
    expect(said(sim.io.stderr)).toContain('type a name · :h heat± · :d drop')
    sim.io.stdin.write('Ann\n\n:d\n:heat 5\nh\n')
    sim.io.stdin.write(':q\n')
    expect(await sim.code).toBe(0)
    expect(lines).toEqual(['Ann', 'h'])
    expect(sim.played).toEqual([
      ['drop', {}],
      ['heat', { degrees: 5, keep: true }],
    ])
    expect(said(sim.io.stderr)).toContain('hello 1')
  })

  it('there are no keys for a program that ends with its parent or plays a script from there', async () => {
    const sim = await run(['--with-parent'], true)
    expect(sim.io.raw).toEqual([])
    await end(sim)
  })
})

describe('the table of every simulator', () => {
  it.each(PROGRAMS.map(program => [program.name, program] as const))('%s makes sense', (_, program) => {
    const names = program.accidents.map(line => line.name)
    expect(new Set(names).size).toBe(names.length)
    const keys = program.accidents.flatMap(line => line.key ?? [])
    expect(new Set(keys).size).toBe(keys.length)
    for (const key of keys) expect(key).toMatch(/^[a-zA-Z0-9]$/)
    for (const taken of ['q', '?', ':']) expect(keys).not.toContain(taken)
    for (const line of program.accidents) if (line.off) expect(names).toContain(line.off.name)
  })
})
