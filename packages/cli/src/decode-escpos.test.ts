// `cashdesk decode escpos` on receipts of our own encoder, and on bytes that are none.
import { EventEmitter } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from '@cashdesk/kernel'
import { encodeReceipt, epson48 } from '@cashdesk/printer'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { run } from './program.ts'

class TestIo extends EventEmitter {
  readonly stdin = new PassThrough()
  readonly stdout = new PassThrough({ encoding: 'utf8' })
  readonly stderr = new PassThrough({ encoding: 'utf8' })
  readonly out = (): string => String(this.stdout.read() ?? '')
}

let folder = ''
let io: TestIo
let receipt = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cashdesk-decode-'))
  io = new TestIo()
  receipt = join(folder, 'receipt.bin')
  const blocks = [text('Käse 5 €'), { block: 'qr', data: 'https://example.org' } as const]
  const encoded = encodeReceipt({ kind: 'sale', locale: 'de-DE', blocks }, epson48)
  if ('error' in encoded) throw new TypeError(encoded.error.code)
  await writeFile(receipt, encoded.bytes)
})

afterEach(() => rm(folder, { recursive: true, force: true }))

it('names each command at its offset', async () => {
  expect(await run(['decode', 'escpos', receipt], io)).toBe(0)
  const out = io.out()
  expect(out).toMatch(/^ESC\/POS, 1 on paper: well formed\n {5}0 \+2 {4}ESC @ {2}initialise/)
  expect(out).toMatch(/text {2}K/)
  expect(out).toMatch(/GS \( {2}function group/)
})

it('shows the text of the paper, and draws it', async () => {
  const png = join(folder, 'receipt.png')
  expect(await run(['decode', 'escpos', receipt, '--text', '--png', png], io)).toBe(0)
  expect(io.out()).toMatch(
    /Käse 5 €\n *\[QR https:\/\/example.org\]\n- - - cut .*\nwritten: .*receipt\.png\n$/,
  )
  expect((await readFile(png)).subarray(1, 4).toString()).toBe('PNG')
})

it('ends with 1 where the bytes are no receipt, and says where', async () => {
  const file = join(folder, 'broken.bin')
  await writeFile(file, 'ok\n\x1b\x07\x1d(k\x40\x00xyz')
  expect(await run(['decode', 'escpos', file, '--json'], io)).toBe(1)
  expect(JSON.parse(io.out())).toMatchObject({
    fields: [{ offset: 0, length: 2, value: 'ok' }, { offset: 2 }, { offset: 3 }],
    problems: [
      { offset: 3, what: expect.stringContaining('ESC 0x07') },
      { offset: 5, length: 8, what: 'the command breaks off' },
    ],
  })
})

it('refuses a paper that nobody has, and a picture that cannot be written', async () => {
  expect(await run(['decode', 'escpos', receipt, '--paper', '70'], io)).toBe(2)
  const nowhere = join(folder, 'none', 'receipt.png')
  expect(await run(['decode', 'escpos', receipt, '--png', nowhere], io)).toBe(3)
})
