// Every place where a payment can break, every way its bytes can be cut, and nonsense of every kind.
import { fromHex, hex } from '@cashdesk/kernel'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { authorisation } from './commands.ts'
import type { SessionEffect, SessionInput } from './dialogue.ts'
import { moneyOutcome } from './outcome.ts'
import { step } from './session.ts'
import { idleSession } from './speech.ts'

const LIMITS = { t3Ms: 5000, t4Ms: 180_000, approvalMs: 3000, questionMs: 60_000, wholeMs: 1_800_000 }
const START: SessionInput = {
  in: 'start',
  command: authorisation({ minor: 1999, currency: '0978' }),
  at: 1_795_291_200_000,
  limits: LIMITS,
}
const long = `06d3 ff 3901 06 820135 2582 0131 0782 012d ${'41'.repeat(301)}`.replace(/ /g, '')
/** Everything a terminal says during a good payment with paper: an answer, states, lines, approval, end. */
const DIALOGUE = [
  '800000',
  '04ff010a',
  '04ff020402',
  '06d1064048414c4c4f',
  long,
  '040f172700040000000019994909780b0001520c1708160d1121',
  '06d1028141',
  '060f00',
]
const STREAM = DIALOGUE.join('')
const APPROVAL_AT = DIALOGUE.indexOf(DIALOGUE.find(frame => frame.startsWith('040f')) ?? '')

interface Run {
  readonly sent: readonly string[]
  readonly asked: number
  readonly outcome: string
}

/** Plays inputs; the till accepts and prints at once. */
function play(inputs: readonly SessionInput[], verdict: 'accept' | 'reject' | 'silence' = 'accept'): Run {
  let state = idleSession('cp437')
  const effects: SessionEffect[] = []
  const todo = [...inputs]
  for (let input = todo.shift(); input; input = todo.shift()) {
    const result = step(state, input)
    state = result.state
    effects.push(...result.effects)
    for (const effect of result.effects) {
      if (effect.do === 'ask' && verdict !== 'silence') todo.unshift({ in: 'verdict', verdict })
      if (effect.do === 'print') todo.unshift({ in: 'printed', kept: true })
    }
  }
  const end = effects.find(effect => effect.do === 'end')?.end
  const outcome = end && moneyOutcome(end)
  return {
    sent: effects.flatMap(effect => (effect.do === 'send' ? [hex(effect.bytes)] : [])),
    asked: effects.filter(effect => effect.do === 'ask').length,
    outcome: !outcome
      ? 'running'
      : outcome.outcome === 'done'
        ? 'done'
        : `${outcome.outcome} ${outcome.error.code}`,
  }
}

const bytes = (text: string): SessionInput => ({ in: 'bytes', bytes: fromHex(text) })
const WHOLE = play([START, ...DIALOGUE.map(bytes)])
/** Where the terminal waits for the answer to its approval: nothing behind it comes together with what is before it. */
const WAITS_AT = DIALOGUE.slice(0, APPROVAL_AT + 1).join('').length

/** The stream from digit `from` to `to`, in as few pieces as a terminal that waits can send. */
function piece(from: number, to: number = STREAM.length): readonly SessionInput[] {
  if (from >= WAITS_AT || to <= WAITS_AT) return [bytes(STREAM.slice(from, to))]
  return [bytes(STREAM.slice(from, WAITS_AT)), bytes(STREAM.slice(WAITS_AT, to))]
}

describe('the bytes of a payment', () => {
  it('make a payment when each frame comes alone', () => {
    expect(WHOLE).toMatchObject({ outcome: 'done', asked: 1 })
    expect(WHOLE.sent.slice(1)).toEqual(Array.from({ length: 7 }, () => '800000'))
  })

  it('make the same payment when cut in two anywhere', () => {
    for (let cut = 0; cut <= STREAM.length; cut += 2)
      expect(play([START, ...piece(0, cut), ...piece(cut)])).toEqual(WHOLE)
  })

  it('make the same payment one by one, and all at once', () => {
    expect(play([START, ...piece(0)])).toEqual(WHOLE)
    const single = Array.from({ length: STREAM.length / 2 }, (_, at) =>
      bytes(STREAM.slice(at * 2, at * 2 + 2)),
    )
    expect(play([START, ...single])).toEqual(WHOLE)
  })

  it('make no payment when the terminal did not wait for the answer to its approval', () => {
    expect(play([START, bytes(STREAM)]).outcome).toBe('unknown terminal.aborted-after-approval')
  })

  it('make the same payment in pieces of any size', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 40 }), sizes => {
        const pieces: SessionInput[] = []
        let at = 0
        for (let index = 0; at < STREAM.length; index += 1) {
          const size = (sizes[index % sizes.length] ?? 1) * 2
          pieces.push(...piece(at, at + size))
          at += size
        }
        expect(play([START, ...pieces])).toEqual(WHOLE)
      }),
    )
  })
})

describe('a break', () => {
  const breaks: readonly SessionInput[] = [
    { in: 'closed' },
    { in: 'tick', timer: 'whole' },
    bytes('4854545020'),
  ]

  it('at any byte leaves the payment unknown, and never done before the completion', () => {
    for (const cause of breaks)
      for (let cut = 0; cut < STREAM.length; cut += 2) {
        const { outcome } = play([START, bytes(STREAM.slice(0, cut)), cause])
        // Inside a frame the nonsense may complete it; it is not a payment all the same.
        expect(outcome === 'running' || outcome.startsWith('unknown'), `${outcome} at ${cut}`).toBe(true)
      }
  })

  it('after the completion changes nothing', () => {
    for (const cause of breaks) expect(play([START, ...piece(0), cause]).outcome).toBe('done')
  })

  it('by the time limit of the stage where it is, is unknown', () => {
    for (let frames = 0; frames < DIALOGUE.length; frames += 1) {
      const timer = frames === 0 ? 'answer' : 'dialogue'
      const { outcome } = play([START, ...DIALOGUE.slice(0, frames).map(bytes), { in: 'tick', timer }])
      expect(outcome).toBe('unknown terminal.no-answer')
    }
  })

  it('while the till is still keeping the approval is unknown, whatever the till answers afterwards', () => {
    const { outcome, sent } = play(
      [
        START,
        ...DIALOGUE.slice(0, APPROVAL_AT + 1).map(bytes),
        { in: 'closed' },
        { in: 'verdict', verdict: 'accept' },
      ],
      'silence',
    )
    expect(outcome).toBe('unknown terminal.link-lost')
    expect(sent.slice(1)).toHaveLength(APPROVAL_AT - 1)
  })

  it('of a till that rejects is unknown at every later place too', () => {
    for (let frames = APPROVAL_AT + 1; frames <= DIALOGUE.length; frames += 1) {
      const run = play([START, ...DIALOGUE.slice(0, frames).map(bytes), { in: 'closed' }], 'reject')
      expect(run.outcome).toMatch(/^unknown/)
      expect(run.sent).toContain('846c00')
    }
  })
})

describe('nonsense', () => {
  const anyBytes = fc.uint8Array({ maxLength: 80 })
  const control = fc.constantFrom(
    '8000',
    '8400',
    '8483',
    '04ff',
    '040f',
    '060f',
    '061e',
    '06d1',
    '06d3',
    '0401',
    '0622',
  )
  /** Well-formed frames with random content. */
  const frame = fc.tuple(control, fc.uint8Array({ maxLength: 40 })).map(([head, data]) => {
    const length = data.length.toString(16).padStart(2, '0')
    return fromHex(head + length + hex(data))
  })
  const other: fc.Arbitrary<SessionInput> = fc.constantFrom<SessionInput>(
    { in: 'tick', timer: 'answer' },
    { in: 'tick', timer: 'approval' },
    { in: 'tick', timer: 'frame' },
    { in: 'verdict', verdict: 'accept' },
    { in: 'verdict', verdict: 'reject' },
    { in: 'printed', kept: true },
    { in: 'printed', kept: false },
    { in: 'abort' },
    { in: 'closed' },
  )
  const input = fc.oneof(
    anyBytes.map((data): SessionInput => ({ in: 'bytes', bytes: data })),
    frame.map((data): SessionInput => ({ in: 'bytes', bytes: data })),
    other,
  )

  it('never crashes the session', () => {
    fc.assert(
      fc.property(fc.array(input, { maxLength: 30 }), inputs => void play([START, ...inputs])),
      {
        numRuns: 500,
      },
    )
  })

  it('of random bytes never makes a payment', () => {
    fc.assert(
      fc.property(fc.array(anyBytes, { maxLength: 12 }), chunks => {
        const { outcome } = play([
          START,
          ...chunks.map((data): SessionInput => ({ in: 'bytes', bytes: data })),
        ])
        expect(outcome).not.toBe('done')
      }),
      { numRuns: 500 },
    )
  })

  it('never has a positive answer to a successful status information that the till did not accept', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), frames => {
        const run = play(
          [START, bytes('800000'), ...frames.map((data): SessionInput => ({ in: 'bytes', bytes: data }))],
          'reject',
        )
        expect(run.outcome).not.toBe('done')
        if (run.asked > 0) expect(run.sent).toContain('846c00')
      }),
      { numRuns: 500 },
    )
  })

  it('keeps no more than one frame and a bounded queue, whatever is sent', () => {
    let { state } = step(idleSession('cp437'), START)
    state = step(state, bytes('06d3ffffff')).state
    for (let chunk = 0; chunk < 80; chunk += 1) {
      state = step(state, { in: 'bytes', bytes: new Uint8Array(4096).fill(0x06) }).state
      expect(state.pending.length).toBeLessThanOrEqual(0xffff + 5)
      expect(state.queue.length).toBeLessThanOrEqual(64)
    }
    const flood = step(step(idleSession('cp437'), START).state, bytes('06d1024041'.repeat(200)))
    expect(flood.effects.some(effect => effect.do === 'drop')).toBe(true)
  })
})
