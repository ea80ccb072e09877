// What a simulated device sees of one connection, whether it is a socket or a stream of the simulated network, and
// where its time comes from.
import type { Socket } from 'node:net'
import type { Clock } from '@cashdesk/kernel'
import type { Peer } from './world/network.ts'

interface WireListener {
  data(bytes: Buffer): void
  /** The register is gone, or the line broke; told once. */
  ended(): void
}

export interface Wire {
  /** What arrived before somebody listens waits. */
  listen(listener: WireListener): void
  /** `left` is called when the bytes left, or cannot any more. */
  write(bytes: Uint8Array, left?: () => void): void
  /** Hangs up behind what was written. */
  end(): void
  /** Breaks the connection: what was written may be lost. */
  reset(): void
  /** What arrives from now on stays on the wire. */
  pause(): void
  resume(): void
}

/** How a device passes time: real or simulated. */
export interface Timing {
  readonly clock: Clock
  /** Calls back once everything has run that is ready now. */
  readonly turn: (then: () => void) => void
}

/** Real time; the wall clock may be somebody else's. */
export function realTiming(now: () => number = Date.now): Timing {
  const clock: Clock = {
    now,
    monotonicMs: () => performance.now(),
    after: (delayMs, wake) => {
      const timer = setTimeout(wake, delayMs)
      return () => clearTimeout(timer)
    },
  }
  return { clock, turn: then => void setImmediate(then) }
}

/** Time as `clock` has it: with a simulated one, nothing here waits for anything real. */
export function timingOf(clock: Clock): Timing {
  return { clock, turn: then => void clock.after(0, then) }
}

/** `over`: whether a register that only hangs up its half (`end`) is gone, or one whose connection is closed. */
export function socketWire(socket: Socket, over: 'end' | 'close'): Wire {
  socket.setNoDelay(true)
  socket.on('error', () => {})
  return {
    listen: listener => {
      let told = false
      const ended = (): void => {
        if (told) return
        told = true
        listener.ended()
      }
      socket.on('data', bytes => listener.data(bytes))
      socket.on('close', ended)
      if (over === 'end') socket.on('end', ended)
      if (socket.closed) ended()
    },
    write: (bytes, left) => {
      if (!socket.writable) left?.()
      else if (left === undefined) socket.write(bytes)
      else {
        socket.once('close', left)
        socket.write(bytes, () => {
          socket.off('close', left)
          left()
        })
      }
    },
    end: () => socket.destroySoon(),
    reset: () => {
      // A reset while our half is being shut is refused (EINVAL), and Node leaves such a socket open for good: then its
      // process never ends, but spins.
      if (socket.writableEnded && !socket.writableFinished) socket.destroy()
      else socket.resetAndDestroy()
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  }
}

/** The device's end of streams over the simulated network. `called` says whether the device takes the call. */
export function peerOf(called: (wire: Wire) => boolean): Peer {
  return side => {
    let listener: WireListener | undefined
    let waiting: Uint8Array[] = []
    let paused = false
    let over = false
    const flow = (): void => {
      while (!paused && listener !== undefined) {
        const next = waiting.shift()
        if (next === undefined) break
        listener.data(Buffer.from(next.buffer, next.byteOffset, next.length))
      }
      if (over && waiting.length === 0) {
        const last = listener
        listener = undefined
        last?.ended()
      }
    }
    const hangUp = (): void => {
      over = true
      waiting = []
      side.close()
      flow()
    }
    const taken = called({
      listen: wanted => {
        listener = wanted
        flow()
      },
      write: (bytes, left) => {
        if (!over) side.data(bytes)
        left?.()
      },
      end: hangUp,
      reset: hangUp,
      pause: () => {
        paused = true
      },
      resume: () => {
        paused = false
        flow()
      },
    })
    if (!taken) return undefined
    return {
      data: bytes => {
        if (over) return
        waiting.push(bytes)
        flow()
      },
      closed: () => {
        over = true
        flow()
      },
    }
  }
}
