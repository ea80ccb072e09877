// Prints a stream of bytes without a socket, for tests and tools that only want to see what would come out.
import { Engine } from './engine.ts'
import type { Problem } from './operations.ts'
import type { PrintedCode } from './paper.ts'

export interface DryRun {
  /** One per cut; what was not cut at the end is torn off and comes last. */
  readonly receipts: readonly {
    readonly text: string
    readonly codes: readonly PrintedCode[]
    readonly end: 'full' | 'partial' | 'torn'
    readonly beyondKnifeDots: number
    readonly png: () => Buffer
  }[]
  /** Everything the printer would have sent back. */
  readonly answers: Uint8Array
  readonly kicks: readonly { readonly pin: 2 | 5; readonly onMs: number; readonly offMs: number }[]
  readonly problems: readonly Problem[]
}

/** What a ready printer with `paperDots` printable dots (576 or 384) makes of `bytes`. */
export function dryRun(bytes: Uint8Array | readonly Uint8Array[], paperDots = 576): DryRun {
  const answers: number[] = []
  const receipts: DryRun['receipts'][number][] = []
  const kicks: DryRun['kicks'][number][] = []
  const engine = new Engine({
    paperDots,
    pictures: true,
    pin3WhenOpen: 'high',
    serial: 'SIM0001',
    send: sent => {
      answers.push(...sent)
    },
    sheet: ({ text, codes, beyondKnifeDots, png }, end) => {
      receipts.push({ text, codes, end, beyondKnifeDots, png })
    },
    kicked: pulse => {
      kicks.push(pulse)
    },
    after: (_, wake) => wake(),
  })
  for (const part of bytes instanceof Uint8Array ? [bytes] : bytes) engine.receive(part)
  engine.tear()
  return { receipts, answers: Uint8Array.from(answers), kicks, problems: engine.problems }
}
