// A smart-card service that dies and comes back with two readers, again and again: the reader must be found every time.
import { createRequire } from 'node:module'
import { missingForPcscd, startPcscd } from '@cashdesk/hardware-sim'
import type { Clock } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { nfcReader } from './driver.ts'
import type { BindingName } from './messages.ts'

const require = createRequire(import.meta.url)

function absent(name: string): boolean {
  try {
    require(name)
    return false
  } catch {
    return true
  }
}

const clock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, wake) => {
    const timer = setTimeout(wake, delayMs)
    return () => clearTimeout(timer)
  },
}

/** The race that it is about comes about once in three to ten times. */
const TIMES = 12

describe.each(['nfc-pcsc', 'pcsc-mini'] satisfies BindingName[])('through %s', binding => {
  it.skipIf(missingForPcscd() !== undefined || absent(binding))(
    'a service that comes back is found every time',
    async () => {
      const service = await startPcscd()
      try {
        for (let time = 1; time <= TIMES; time += 1) {
          const reader = nfcReader({ binding, socket: service.socket })
          const none = (): void => undefined
          await reader.open({
            clock,
            random: { bytes: length => new Uint8Array(length) },
            log: none,
            healthChanged: none,
            tapped: none,
            removed: none,
            discarded: none,
          })
          const state = (): string => `time ${time}: ${reader.health().state}`
          await expect.poll(state, { timeout: 30_000 }).toBe(`time ${time}: ready`)
          await service.kill()
          await expect.poll(state, { timeout: 30_000 }).toBe(`time ${time}: absent`)
          await service.start()
          await expect.poll(state, { timeout: 30_000 }).toBe(`time ${time}: ready`)
          await reader.close()
        }
      } finally {
        await service.close()
      }
    },
    240_000,
  )
})
