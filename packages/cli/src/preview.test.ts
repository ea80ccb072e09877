// `cashdesk preview` on documents that can be printed, and on some that cannot.
import { EventEmitter } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import type { ReceiptDocument } from '@cashdesk/kernel'
import { afterEach, beforeEach, expect, it } from 'vitest'
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
  folder = await mkdtemp(join(tmpdir(), 'cashdesk-preview-'))
  io = new TestIo()
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function written(document: unknown): Promise<string> {
  const file = join(folder, 'receipt.json')
  await writeFile(file, typeof document === 'string' ? document : JSON.stringify(document, null, 2))
  return file
}

const RECEIPT: ReceiptDocument = {
  kind: 'sale',
  locale: 'de-DE',
  blocks: [
    { block: 'text', text: 'Käse', bold: true, size: 2 },
    { block: 'pair', label: 'Total', value: '1,29 €' },
    { block: 'table', columns: [{ width: 1 }, { width: 1, align: 'right' }], rows: [['a', 'b']] },
    { block: 'rule' },
    { block: 'feed', lines: 1 },
    { block: 'qr', data: 'https://example.org', moduleSize: 4 },
    { block: 'barcode', symbology: 'ean13', data: '4006381333931' },
    { block: 'pdf417', data: 'card' },
    { block: 'fiscal', lines: ['TSE'], qr: 'V0' },
  ],
}

it('shows the paper as text and as a picture', async () => {
  const png = join(folder, 'receipt.png')
  expect(await run(['preview', await written(RECEIPT)], io)).toBe(0)
  expect(io.out()).toMatch(/^Käse\nTotal {37}1,29 €\n/)
  expect(await run(['preview', await written(RECEIPT), '--png', png, '--profile', 'epson-32'], io)).toBe(0)
  expect(io.out()).toBe(`written: ${png}\n`)
  const picture = await readFile(png)
  expect(picture.readUInt32BE(16)).toBe(384 + 64)
  expect(await run(['preview', await written(RECEIPT), '--copy', '--json'], io)).toBe(0)
  expect(JSON.parse(io.out()).text).toMatch(/^ *\*\*\* COPY \*\*\*\n/)
})

it('names what the printer cannot show, and ends with 1', async () => {
  const blocks = [{ block: 'text', text: '漢字' }]
  expect(await run(['preview', await written({ ...RECEIPT, blocks })], io)).toBe(1)
  expect(io.err()).toMatch(/^printer\.unprintable: [\s\S]*漢\n {4}字/)
  const code = [{ block: 'barcode', symbology: 'ean13', data: '12' }]
  expect(await run(['preview', await written({ ...RECEIPT, blocks: code })], io)).toBe(1)
  expect(io.err()).toMatch(/printer\.unprintable: .* a code .*\n {2}reason: 12 is no ean13\n$/)
})

it.each([
  ['{ "kind": "sale" ', 1, 'the document is no JSON here'],
  [{ ...RECEIPT, blocks: [{ block: 'text' }] }, 1, 'line 5'],
  [{ ...RECEIPT, blocks: [{ block: 'poem' }] }, 1, 'config.invalid'],
])('says what is no document: %j', async (document, code, said) => {
  expect(await run(['preview', await written(document)], io)).toBe(code)
  expect(io.err()).toContain(said)
})

it('ends with 2 for a profile that is not there, with 3 for such a file', async () => {
  expect(await run(['preview', await written(RECEIPT), '--profile', 'x'], io)).toBe(2)
  expect(await run(['preview', join(folder, 'none.json')], io)).toBe(3)
  expect(io.err()).toMatch(/cli\.file: [\s\S]*ENOENT/)
})

it('shows a Star receipt as text, and says that it has no picture of it', async () => {
  const file = await written(RECEIPT)
  expect(await run(['preview', file, '--profile', 'star-48'], io)).toBe(0)
  expect(io.out()).toMatch(/^Käse\n/)
  expect(await run(['preview', file, '--profile', 'star-48', '--png', join(folder, 'x.png')], io)).toBe(2)
})

it('says of a picture that cannot be written only that', async () => {
  expect(await run(['preview', await written(RECEIPT), '--png', join(folder, 'none', 'x.png')], io)).toBe(3)
  expect(io.err()).toMatch(/^cli\.file: [\s\S]*cannot be written[\s\S]*ENOENT/)
})

it('names the lines of the first mistakes of many, each where it stands', async () => {
  const blocks = Array.from({ length: 8000 }, () => ({ block: 'text', text: 'a', odd: 1 }))
  expect(await run(['preview', await written({ kind: 'sale', locale: 'en', blocks })], io)).toBe(1)
  const said = io.err()
  expect(said).toContain('line 5: blocks.0 ')
  expect(said).toContain('line 250: blocks.49 ')
  expect(said).not.toContain('blocks.50 ')
})
