// The gate: one scan while the till asks something, and nothing kept for later.
import { SimClock, typedKeys } from '@cashdesk/hardware-sim'
import { expect, test } from 'vitest'
import { gatedScanner } from './gate.ts'
import { wedgeScanner } from './wedge.ts'

test('a gate lets all scans pass, or one, or none, and tells what it refused', async () => {
  const wedge = wedgeScanner()
  const gated = gatedScanner(wedge.scanner)
  const heard: string[] = []
  await gated.open({
    clock: new SimClock(),
    random: { bytes: length => new Uint8Array(length) },
    log: () => undefined,
    healthChanged: () => undefined,
    scanned: ({ text }) => heard.push(text),
    discarded: ({ code }) => heard.push(code),
  })
  let at = 0
  const scan = (code: string): void => {
    at += 1000
    for (const key of typedKeys(code, { from: at })) wedge.key(key)
  }
  scan('SERIAL-1')
  gated.allow('one')
  scan('SERIAL-2')
  scan('SERIAL-3')
  gated.allow('none')
  scan('SERIAL-4')
  gated.allow('one')
  scan('SERIAL-5')
  scan('SERIAL-6')
  gated.allow('all')
  scan('SERIAL-7')
  expect(heard).toEqual([
    'SERIAL-1',
    'SERIAL-2',
    'scanner.refused',
    'scanner.refused',
    'SERIAL-5',
    'scanner.refused',
    'SERIAL-7',
  ])
  expect(gated.health().counts).toMatchObject({ refused: 3, scans: 7 })
  await gated.close()
})
