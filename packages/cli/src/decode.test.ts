// What `cashdesk decode` reads, how it shows what a decoder found, and with which code it ends.
import { EventEmitter } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DecodeInput, type Decoder, decodeWith } from './decode.ts'
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
let seen: DecodeInput | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cashdesk-decode-'))
  io = new TestIo()
  seen = undefined
})

afterEach(() => rm(folder, { recursive: true, force: true }))

/** A decoder of its own kind: the first byte is a length, what follows are so many bytes. */
const sized = (takes: Decoder['takes']): Parameters<typeof decodeWith>[2] => ({
  sized: async () => ({
    decoder: {
      name: 'sized',
      summary: 'a length and so many bytes',
      takes,
      example: '02 41 42',
      options: [{ flags: '--text', description: 'only the text' }],
      decode: (input, options) => {
        seen = input
        const [length = 0, ...rest] = input.bytes
        return {
          kind: 'sized',
          fields: [
            { offset: 0, length: 1, name: 'length', value: length, hex: '02' },
            {
              offset: 1,
              length: rest.length,
              name: 'body',
              value: '',
              fields: [{ offset: 1, length: 1, name: 'first', value: 'A', meaning: 'a letter' }],
            },
          ],
          problems: rest.length === length ? [] : [{ offset: 1, length: rest.length, what: 'wrong length' }],
          ...(options['text'] === true ? { text: 'AB' } : {}),
        }
      },
    },
  }),
})

describe('cashdesk decode', () => {
  it('shows each field with its offset and length, and ends with 0', async () => {
    expect(await decodeWith(io, ['sized', '02', '41', '42'], sized('hex'))).toBe(0)
    expect(io.out().split('\n')).toEqual([
      'sized: well formed',
      '     0 +1    length  2  [02]',
      '     1 +2    body',
      '     1 +1      first  A  (a letter)',
      '',
    ])
  })

  it('says what is malformed and where, and ends with 1', async () => {
    expect(await decodeWith(io, ['sized', '0x03:0x41:0x42'], sized('hex'))).toBe(1)
    expect(io.out()).toContain('sized: malformed, 1 problem\n  at 1–2: wrong length\n')
  })

  it('says all of it as one line of JSON', async () => {
    expect(await decodeWith(io, ['sized', '0341', '--json'], sized('hex'))).toBe(1)
    expect(JSON.parse(io.out())).toMatchObject({
      kind: 'sized',
      fields: [{ offset: 0, value: 3 }, { fields: [{ name: 'first' }] }],
      problems: [{ offset: 1, length: 1, what: 'wrong length' }],
    })
  })

  it('reads a file of hex, a file of raw bytes, and stdin', async () => {
    const hex = join(folder, 'capture.txt')
    await writeFile(hex, '02 41\r\n42\n')
    expect(await decodeWith(io, ['sized', hex], sized('hex'))).toBe(0)
    expect(seen).toMatchObject({ file: hex, bytes: Uint8Array.of(2, 0x41, 0x42) })
    const raw = join(folder, 'capture.bin')
    await writeFile(raw, Uint8Array.of(2, 0xff, 0))
    expect(await decodeWith(io, ['sized', '--file', raw], sized('hex'))).toBe(0)
    expect([...(seen?.bytes ?? [])]).toEqual([2, 0xff, 0])
    io.stdin.end('0241 42')
    expect(await decodeWith(io, ['sized', '-'], sized('hex'))).toBe(0)
    expect([...(seen?.bytes ?? [])]).toEqual([2, 0x41, 0x42])
  })

  it('takes a file of bytes as it is, even if they look like hex', async () => {
    const file = join(folder, 'receipt.bin')
    await writeFile(file, '4142')
    await decodeWith(io, ['sized', file], sized('bytes'))
    expect([...(seen?.bytes ?? [])]).toEqual([0x34, 0x31, 0x34, 0x32])
    await decodeWith(io, ['sized', '1b40'], sized('bytes'))
    expect([...(seen?.bytes ?? [])]).toEqual([0x1b, 0x40])
  })

  it('takes text as text, from a file without its last line end', async () => {
    await decodeWith(io, ['sized', '0241'], sized('text'))
    expect(seen).toEqual({ text: '0241', bytes: Uint8Array.of(0x30, 0x32, 0x34, 0x31) })
    const file = join(folder, 'code.txt')
    await writeFile(file, '(01)04012345123456\r\n')
    await decodeWith(io, ['sized', '--file', file], sized('text'))
    expect(seen?.text).toBe('(01)04012345123456')
    const missing = decodeWith(io, ['sized', '--file', join(folder, 'none')], sized('text'))
    await expect(missing).rejects.toMatchObject({ code: 'cli.file', detail: { reason: 'ENOENT' } })
  })

  it('shows what a decoder’s own option asked for', async () => {
    await decodeWith(io, ['sized', '--text', '024142'], sized('hex'))
    expect(io.out()).toBe('sized: well formed\nAB\n')
  })

  it('finds nothing well formed in an empty input', async () => {
    io.stdin.end()
    expect(await run(['decode', 'zvt', '-', '--json'], io)).toBe(1)
    expect(JSON.parse(io.out())).toMatchObject({ problems: [{ offset: 0 }] })
  })

  it('explains itself and each decoder', async () => {
    expect(await run(['decode', '--help'], io)).toBe(0)
    expect(io.out()).toContain('Usage: cashdesk decode')
    await expect(decodeWith(io, ['sized', '--help'], sized('hex'))).rejects.toMatchObject({ exitCode: 0 })
    expect(io.out()).toMatch(/--text[\s\S]*Example:\n {2}cashdesk decode sized 02 41 42/)
  })

  it.each([
    [['zebra', '00'], 'no decoder'],
    [['sized'], 'nothing to decode'],
    [['sized', 'no-such-file'], 'neither hex nor a file'],
    [['sized', ';4111111111111111=2912?'], "';411111…1111=2912?' is neither"],
    [['4111 1111 1111 1111'], "'4111 1…1111'"],
  ])('ends with 2 for a line that it cannot take: %j', async (words, reason) => {
    await expect(decodeWith(io, words, sized('hex'))).rejects.toMatchObject({
      code: 'cli.usage',
      detail: { reason: expect.stringContaining(reason) },
    })
  })
})
