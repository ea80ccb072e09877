// `cashdesk decode zvt` as it is typed: hex and files, one frame or many, an exit code that tells, and no secret.
import { EventEmitter } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import type { ProgramIo } from '@cashdesk/hardware-sim'
import { expect, onTestFinished, test } from 'vitest'
import { decode } from './decode.ts'

async function run(...words: readonly string[]): Promise<{ code: number; said: string }> {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const io: ProgramIo = Object.assign(new EventEmitter(), { stdin: new PassThrough(), stdout, stderr })
  const code = await decode(io, ['zvt', ...words])
  return { code, said: String(stdout.read() ?? '') }
}

test('an APDU is explained with its places', async () => {
  const { code, said } = await run('06', '01', '0A', '04', '000000001999', '49', '0978')
  expect(code).toBe(0)
  expect(said).toContain('ZVT APDU 06 01: well formed')
  expect(said).toContain('     3 +7      BMP 04 amount  000000001999')
  expect(said).toContain('BMP 49 currency  0978  (EUR)')
})

test('a serial message with a wrong check ends with 1 and says where', async () => {
  const { code, said } = await run('1002060f0010030000')
  expect(code).toBe(1)
  expect(said).toContain('ZVT on a serial line: malformed, 1 problem')
  expect(said).toMatch(/at 7–8: the check is 0000, not [0-9a-f]{4}/)
})

test('a binary file of several APDUs is read, as JSON too', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cashdesk-zvt-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'capture.bin')
  await writeFile(file, Buffer.from('0620051357900303800000060f00', 'hex'))
  const { code, said } = await run('--file', file, '--json')
  expect(code).toBe(0)
  expect(JSON.parse(said)).toMatchObject({ kind: '3 ZVT APDUs', problems: [] })
  expect(said).not.toContain('135790')
})

test('what cannot be read shows none of its bytes: a card number may be among them', async () => {
  const { code, said } = await run('040F15', '2700', '23F2F9', '4111111111111111D2912101')
  expect(code).toBe(1)
  expect(said).toMatch(/cut off|not in the specification/)
  expect(said.replace(/[^0-9a-f]/gi, '')).not.toContain('41111111')
})
