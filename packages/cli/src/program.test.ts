// The command as people and scripts call it: what it says, where it says it, and with which exit code it ends.
import { EventEmitter } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { startPrinterSim, startScannerSim, startTerminalSim } from '@cashdesk/hardware-sim'
import { openTill } from '@cashdesk/sdk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readConfig } from './index.ts'
import { run } from './program.ts'

class TestIo extends EventEmitter {
  readonly stdin = new PassThrough()
  readonly stdout = new PassThrough({ encoding: 'utf8' })
  readonly stderr = new PassThrough({ encoding: 'utf8' })
  readonly out = (): string => String(this.stdout.read() ?? '')
  readonly err = (): string => String(this.stderr.read() ?? '')
}

let folder = ''
let io: TestIo

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cashdesk-command-'))
  io = new TestIo()
})

afterEach(() => rm(folder, { recursive: true, force: true }))

async function config(document: object): Promise<string> {
  const file = join(folder, 'till.json')
  await writeFile(file, JSON.stringify({ dir: 'till', lane: '7', currency: 'EUR', ...document }))
  return file
}

describe('cashdesk', () => {
  it('explains itself, with examples and exit codes', async () => {
    expect(await run(['--help'], io)).toBe(0)
    const help = io.out()
    for (const word of ['check', 'run', 'sim', 'host', 'Examples:', 'Exit codes:'])
      expect(help).toContain(word)
    expect(await run(['--version'], io)).toBe(0)
    expect(io.out()).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(await run(['check', '--help'], io)).toBe(0)
    expect(io.out()).toContain('--connect')
  })

  it.each(
    'show follow verify export resolve drain confirm salvage archive'
      .split(' ')
      .map(name => ['journal', name]),
  )('explains `cashdesk %s %s` with an example', async (...words) => {
    expect(await run([...words, '--help'], io)).toBe(0)
    const help = io.out()
    expect(help).toContain(`Usage: cashdesk ${words.join(' ')}`)
    expect(help).toMatch(/Example:\n {2}cashdesk journal \w+ DIR/)
  })

  it.each([
    [['chekc', 'x'], 'chekc'],
    [['check'], 'file'],
    [['check', 'a', 'b'], 'argument'],
    [['check', 'a', '--colour'], '--colour'],
  ])('ends with 2 for a line that is not of its form: %j', async (args, word) => {
    expect(await run(args, io)).toBe(2)
    const said = io.err()
    expect(said).toMatch(/^cli\.usage: /)
    expect(said).toContain(word)
    expect(io.out()).toBe('')
  })

  it('shows its help, and ends with 2, when it is called without a word', async () => {
    expect(await run([], io)).toBe(2)
    expect(io.err()).toMatch(/^Usage: cashdesk/)
  })

  it('says errors as one line of JSON on stdout where that was asked for', async () => {
    expect(await run(['check', join(folder, 'none.json'), '--json'], io)).toBe(3)
    expect(JSON.parse(io.out())).toMatchObject({
      error: { code: 'config.unreadable', outcome: 'none', detail: { reason: 'ENOENT' } },
    })
    expect(io.err()).toBe('')
  })

  it('hands on to the simulators and the host with their own options and help', async () => {
    expect(await run(['sim', 'terminal', '--help'], io)).toBe(0)
    expect(io.out()).toContain('lose-link-after-ack')
    expect(await run(['sim', 'toaster'], io)).toBe(2)
    expect(io.err()).toContain('sim.usage')
    expect(await run(['host', '--store', 'cupboard'], io)).toBe(2)
    expect(io.err()).toMatch(/^config\.invalid: /)
  })
})

describe('cashdesk check', () => {
  it('says what the till would be, and leaves nothing behind', async () => {
    const file = await config({ printer: { kind: 'tcp', host: 'printer.example' } })
    const before = await readdir(folder)
    expect(await run(['check', file], io)).toBe(0)
    const said = io.out()
    for (const word of ['in order', 'will be made, writable', 'none yet', 'tcp printer.example:9100'])
      expect(said).toContain(word)
    expect(await readdir(folder)).toEqual(before)
  })

  it('reads the journal that is there, also while a till sells', async () => {
    const file = await config({})
    await using till = await openTill(await readConfig(file))
    await till.sale({ id: 'r-1' })
    expect(await run(['check', file, '--json'], io)).toBe(0)
    expect(JSON.parse(io.out())).toMatchObject({
      ok: true,
      problems: [],
      till: { lane: '7', place: { exists: true, writable: true, journal: { records: 2, tear: false } } },
    })
  })

  it('finds a journal that is none, and a directory that cannot be one', async () => {
    const file = await config({})
    await mkdir(join(folder, 'till', 'journal'), { recursive: true })
    await writeFile(join(folder, 'till', 'journal', 'segment-00000001'), 'no journal at all')
    expect(await run(['check', file, '--json'], io)).toBe(1)
    expect(JSON.parse(io.out())).toMatchObject({ problems: [{ code: expect.stringMatching(/^journal\./) }] })
    expect(await run(['check', await config({ dir: 'till.json' }), '--json'], io)).toBe(1)
    expect(JSON.parse(io.out())).toMatchObject({ problems: [{ path: 'dir', code: 'journal.not-writable' }] })
  })

  it('does not open devices, unless it is asked to: then it says which answer', async () => {
    const terminal = await startTerminalSim({ speed: 0 })
    const printer = await startPrinterSim()
    const scanner = await startScannerSim()
    const gone = scanner.port
    await scanner.close()
    const host = '127.0.0.1'
    const file = await config({
      terminal: { kind: 'zvt', host, port: terminal.port },
      printer: { kind: 'tcp', host, port: printer.port },
      scanner: { kind: 'tcp', host, port: gone },
    })
    expect(await run(['check', file], io)).toBe(0)
    expect([terminal.state().registered, printer.state().receivedBytes]).toEqual([false, 0])
    io.out()
    expect(await run(['check', file, '--connect', '--json'], io)).toBe(1)
    expect(JSON.parse(io.out())).toMatchObject({
      ok: false,
      problems: [{ path: 'scanner', code: 'transport.unreachable' }],
      till: { devices: [{ answer: 'absent' }, { answer: 'ready' }, { answer: 'ready' }] },
    })
    expect(printer.state().receipts).toEqual([])
    await Promise.all([terminal.close(), printer.close()])
  })
})

describe('cashdesk run', () => {
  it('opens the till and shows what it hears as lines of JSON, until it is told to end', async () => {
    const scanner = await startScannerSim()
    const file = await config({ scanner: { kind: 'tcp', host: '127.0.0.1', port: scanner.port } })
    let said = ''
    io.stdout.on('data', (text: string) => {
      said += text
    })
    const ended = run(['run', file, '--with-parent'], io)
    while (scanner.state().connected === 0) await new Promise(resolve => setTimeout(resolve, 5))
    await scanner.scan('4006381333931')
    while (!said.includes('"refused"')) await new Promise(resolve => setTimeout(resolve, 5))
    io.stdin.end()
    expect(await ended).toBe(0)
    const lines = said
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(lines[0]).toMatchObject({ till: 'open', recovered: [], tasks: [] })
    expect(lines).toContainEqual({ refused: expect.objectContaining({ code: 'scan.no-sale' }) })
    await scanner.close()
  })

  it('does not begin with a configuration that has mistakes', async () => {
    expect(await run(['run', await config({ currency: 'EURO', lnae: '7' })], io)).toBe(1)
    expect(io.err()).toContain('did you mean "lane"?')
  })
})
