// A `Connection` over any duplex stream of Node: what TCP and serial lines have in common once they are open.
import type { Duplex } from 'node:stream'
import type { Connection, TransportListener } from '@cashdesk/kernel'
import { lost, reasonOf, type Timer } from './attempt.ts'

/** The platform's timer. */
export const nodeTimer: Timer = (delayMs, wake) => {
  const handle = setTimeout(wake, delayMs)
  return () => clearTimeout(handle)
}

/** How long an orderly end may take before the stream is torn down. */
const LINGER_MS = 250

export interface Ending {
  /** Asks for an orderly end: what the system already took still leaves. */
  readonly end: () => void
  /** Ends it whatever the other side does. */
  readonly destroy: () => void
}

/** Wraps an open stream. The listener hears `closed` exactly once. */
export function connectionOver(
  stream: Duplex,
  name: string,
  listener: TransportListener,
  ending: Ending,
): Connection {
  let open = true
  let ours = false
  let trouble: Error | undefined
  const broken = (): Error => lost(name, trouble === undefined ? 'ended' : reasonOf(trouble), trouble)
  /** Writes under way: a closing stream does not always call back for what it still holds. */
  const writing = new Set<() => void>()
  const gone = new Promise<void>(resolve => {
    stream.once('close', () => {
      open = false
      resolve()
      for (const fail of [...writing]) fail()
      if (ours) listener.closed()
      else listener.closed(lost(name, trouble === undefined ? 'ended' : reasonOf(trouble), trouble))
    })
  })
  stream.on('error', (error: Error) => {
    trouble = error
  })
  stream.on('data', (bytes: Uint8Array) => listener.data(Uint8Array.from(bytes)))
  return {
    write(bytes) {
      if (!open || ours) return Promise.reject(broken())
      return new Promise((resolve, reject) => {
        const fail = (): void => {
          writing.delete(fail)
          reject(broken())
        }
        writing.add(fail)
        stream.write(bytes, error => {
          writing.delete(fail)
          if (error) reject(lost(name, reasonOf(error), error))
          // Node reports no error for a write that was under way when its socket was torn down.
          else if (stream.destroyed) reject(broken())
          else resolve()
        })
      })
    },
    async close() {
      if (open && !ours) {
        ours = true
        ending.end()
        const stop = nodeTimer(LINGER_MS, ending.destroy)
        await gone
        stop()
      }
      await gone
    },
  }
}
