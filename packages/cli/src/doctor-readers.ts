// Which card readers the PC/SC service sees: asked through the driver that a till uses, for a moment.
import { randomBytes } from 'node:crypto'
import type { DeviceHealth } from '@cashdesk/kernel'
import { nfcReader } from '@cashdesk/nfc'
import type { Finding } from './doctor.ts'

/** A service that runs tells its readers within moments; before that it says that there is none. */
const LIMIT_MS = 2_500

/** `socket`: where pcscd listens, if not where it always does. */
export async function cardReaders(socket?: string): Promise<Finding> {
  const reader = nfcReader(socket === undefined ? {} : { socket })
  const clock = {
    now: () => Date.now(),
    monotonicMs: () => performance.now(),
    after: (delayMs: number, wake: () => void) => {
      const timer = setTimeout(wake, delayMs)
      return () => clearTimeout(timer)
    },
  }
  try {
    const health = await new Promise<DeviceHealth>((resolve, reject) => {
      const timer = setTimeout(() => resolve(reader.health()), LIMIT_MS)
      const look = (seen: DeviceHealth): void => {
        if (seen.state !== 'ready' && seen.state !== 'busy' && seen.state !== 'failed') return
        clearTimeout(timer)
        resolve(seen)
      }
      reader
        .open({
          clock,
          random: { bytes: length => randomBytes(length) },
          log: () => undefined,
          healthChanged: look,
          tapped: () => undefined,
          removed: () => undefined,
          discarded: () => undefined,
        })
        .catch(reject)
    })
    return findingOf(health)
  } finally {
    await reader.close()
  }
}

function findingOf({ facts, trouble }: DeviceHealth): Finding {
  const about = { area: 'cards', name: 'readers' } as const
  const { readers, binding } = facts
  if (typeof readers === 'string')
    return { ...about, verdict: 'ok', said: `${readers} (through ${String(binding)})` }
  if (trouble === undefined) return { ...about, verdict: 'note', said: 'none is plugged in' }
  return { ...about, verdict: 'note', said: `${trouble.code}: ${trouble.message}`, next: trouble.next }
}
