// What came out on paper, as a person reads it: by the terminal's own printer, or handed to the register line by line.

import type { Paper } from './receipt.ts'
import { LINE } from './tables.ts'

/** One piece of paper. */
export type Slip = {
  /** Who was to print it. */
  readonly by: 'terminal' | 'register'
  readonly kind: 'merchant' | 'customer' | 'administration'
  /** Its lines, centred ones moved to the middle. */
  readonly text: string
}

/** Kept for looking at; older ones are gone. */
const MAX_SLIPS = 20
const KINDS = ['merchant', 'customer', 'administration'] as const

export class Slips {
  readonly #onSlip: ((slip: Slip) => void) | undefined
  readonly #slips: Slip[] = []

  constructor(onSlip?: (slip: Slip) => void) {
    this.#onSlip = onSlip
  }

  /** Newest last. */
  get all(): readonly Slip[] {
    return this.#slips.slice()
  }

  /** On the terminal's own printer. */
  print(papers: readonly Paper[]): void {
    for (const paper of papers) this.#add(paper, 'terminal')
  }

  /** To the register, as print commands. */
  hand(papers: readonly Paper[]): void {
    for (const paper of papers) this.#add(paper, 'register')
  }

  #add(paper: Paper, by: Slip['by']): void {
    const text = paper.lines.map(({ attribute, text: line }) => laid(line, attribute, paper.width)).join('\n')
    const slip: Slip = { by, kind: KINDS[paper.type - 1] ?? 'administration', text }
    this.#slips.push(slip)
    if (this.#slips.length > MAX_SLIPS) this.#slips.shift()
    this.#onSlip?.(slip)
  }
}

/** A slip with the edges of its paper, for a screen. */
export function framed(slip: Slip): string {
  const title = ` ${slip.kind}, printed by the ${slip.by} `
  const lines = slip.text.split('\n')
  const width = Math.max(title.length - 2, ...lines.map(line => line.length))
  const body = lines.map(line => `│ ${line.padEnd(width)} │`)
  return [`┌${title.padEnd(width + 2, '─')}┐`, ...body, `└${'─'.repeat(width + 2)}┘`].join('\n')
}

function laid(line: string, attribute: number, width: number): string {
  const isCentred = (attribute & LINE.centred) !== 0
  return isCentred ? `${' '.repeat(Math.max(0, (width - line.length) >> 1))}${line}` : line
}
