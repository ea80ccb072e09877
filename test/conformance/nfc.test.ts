// The card reader driver keeps the device contract on a real PC/SC service with a virtual reader. The cable that is pulled is
// the service itself, killed as a crash does.
import { createRequire } from 'node:module'
import { missingForPcscd, startCardSim, startPcscd, tag } from '@cashdesk/hardware-sim'
import { nfcReader } from '@cashdesk/nfc'
import { describe, expect, it } from 'vitest'
import type { Subject } from '../../packages/cli/src/conformance.ts'
import { broken, realTime } from './lines.ts'

const missing = missingForPcscd()
const require = createRequire(new URL('../../drivers/nfc/package.json', import.meta.url))

/** A service, a process and a card have to come up again, on a machine that may be busy with much else. */
const READY_MS = 60_000
const TEST_MS = 400_000

function absent(name: string): boolean {
  try {
    require(name)
    return false
  } catch {
    return true
  }
}

async function tried(binding: 'nfc-pcsc' | 'pcsc-mini'): Promise<readonly string[]> {
  const { clock, random, until } = realTime()
  const service = await startPcscd()
  let taps = 0
  const reader = nfcReader({ binding, socket: service.socket })
  const subject: Subject = {
    device: reader,
    open: healthChanged =>
      reader.open({
        clock,
        random,
        log: () => undefined,
        healthChanged,
        tapped: () => {
          taps += 1
        },
        removed: () => undefined,
        discarded: () => undefined,
      }),
    works: async () => {
      const before = taps
      const card = await startCardSim({ card: tag({ uid: '04a1b2c3d4e580' }), port: service.port })
      const seen = await until(() => taps > before, READY_MS)
      await card.close()
      return seen ? undefined : 'a card was held to the reader, and nothing was told'
    },
    cable: { unplug: () => service.kill(), plug: () => service.start() },
    clock,
    until,
    readyMs: READY_MS,
  }
  try {
    return await broken(subject)
  } finally {
    await service.close()
  }
}

describe('the card reader keeps the device contract', () => {
  it.skipIf(missing !== undefined || absent('pcsc-mini'))(
    'through pcsc-mini',
    async () => {
      expect(await tried('pcsc-mini')).toEqual([])
    },
    TEST_MS,
  )

  it.skipIf(missing !== undefined || absent('nfc-pcsc'))(
    'through nfc-pcsc',
    async () => {
      expect(await tried('nfc-pcsc')).toEqual([])
    },
    TEST_MS,
  )
})
