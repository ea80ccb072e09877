// Commands that a printer carries out the moment it receives them, before and whatever is in its buffer: status
// requests, recovery, the drawer pulse. As in real printers they are also seen inside other commands' data.

export type Realtime =
  /** `DLE EOT n`, n 1–4. */
  | { readonly kind: 'status'; readonly n: number }
  /** `DLE ENQ 1`: go on after a recoverable error; `DLE ENQ 2`: the same, after clearing the buffers. */
  | { readonly kind: 'recover'; readonly clear: boolean }
  /** `DLE DC4 1 m t`: t × 100 ms on, and as long off. */
  | { readonly kind: 'pulse'; readonly pin: 2 | 5; readonly onMs: number; readonly offMs: number }
  /** `DLE DC4 8 …`: clear the buffers. */
  | { readonly kind: 'clear' }

const CLEAR = [0x10, 0x14, 8, 1, 3, 20, 1, 6, 2, 8]
/** The longest of these commands. */
const LONGEST = CLEAR.length

/** Recognises real-time commands in a stream that may be cut anywhere. */
export class RealtimeWatch {
  #seen: number[] = []

  /** Takes one received byte; returns the command that it completes. */
  byte(value: number): Realtime | undefined {
    this.#seen.push(value)
    if (this.#seen.length > LONGEST) this.#seen.shift()
    const seen = this.#seen
    const command = match(seen)
    if (command !== undefined) this.#seen = []
    return command
  }

  reset(): void {
    this.#seen = []
  }
}

function match(seen: readonly number[]): Realtime | undefined {
  const [a, b, c] = seen.slice(-3)
  if (a === 0x10 && b === 0x04 && c !== undefined && c >= 1 && c <= 4) return { kind: 'status', n: c }
  if (a === 0x10 && b === 0x05 && (c === 1 || c === 2)) return { kind: 'recover', clear: c === 2 }
  const [dle, dc4, fn, m, t] = seen.slice(-5)
  if (dle === 0x10 && dc4 === 0x14 && fn === 1 && (m === 0 || m === 1) && t !== undefined) {
    if (t >= 1 && t <= 8) return { kind: 'pulse', pin: m === 1 ? 5 : 2, onMs: t * 100, offMs: t * 100 }
  }
  if (seen.length === LONGEST && seen.every((value, index) => value === CLEAR[index]))
    return { kind: 'clear' }
  return undefined
}
