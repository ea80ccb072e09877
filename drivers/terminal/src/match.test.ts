// The evidence rules: what the terminal shows against what the till remembers.
import type { PaymentExpectation, PaymentFacts } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { judge, type Profile, type Shown } from './match.ts'
import type { StatusReport } from './status.ts'

/** 2026-11-21T17:00:00Z */
const STARTED = 1_795_280_400_000
const APPROVED: PaymentFacts = {
  amountMinor: 1999,
  currency: 'EUR',
  trace: '000152',
  receipt: '0153',
  turnover: '000153',
  terminalTime: '2026-11-21T17:08:16',
}
const BEFORE: PaymentFacts = {
  ...APPROVED,
  trace: '000151',
  receipt: '0152',
  turnover: '000152',
  terminalTime: '2026-11-21T16:59:00',
}
const EXPECTED: PaymentExpectation = {
  op: '019358a0-0000-7000-8000-000000000001' as PaymentExpectation['op'],
  kind: 'pay',
  amountMinor: 1999,
  currency: 'EUR',
  startedAt: STARTED,
}

const shown = (facts: Partial<PaymentFacts>, more: Partial<StatusReport> = {}): Shown => ({
  shows: 'transaction',
  report: { resultCode: 0, facts, unknownBmps: [], guessed: false, whole: true, ...more },
})

function verdict(
  change: Partial<PaymentExpectation>,
  seen: Shown,
  profile?: Profile['afterAutoReversal'],
): string {
  const outcome = judge({ ...EXPECTED, ...change }, seen, { afterAutoReversal: profile ?? 'reversal' })
  return outcome.outcome === 'done' ? 'done' : outcome.error.code
}

describe('a payment that the terminal had approved', () => {
  const approved = { approved: APPROVED, before: BEFORE }

  it('is done when the terminal shows it', () => {
    expect(verdict(approved, shown(APPROVED))).toBe('done')
    expect(verdict({ approved: APPROVED }, shown(APPROVED))).toBe('done')
  })

  it('was not booked when the terminal shows the one before it, or an older one', () => {
    expect(verdict(approved, shown(BEFORE))).toBe('terminal.not-booked')
    expect(verdict({ approved: APPROVED }, shown(BEFORE))).toBe('terminal.not-booked')
  })

  it('is not refused because the terminal’s clock stands in another year, nor because its numbers began anew', () => {
    const later = { ...APPROVED, trace: '000153', receipt: '0154', turnover: '000154' }
    const flat = { ...later, amountMinor: 500, terminalTime: '2000-01-01T00:05:00' }
    expect(verdict(approved, shown(flat))).toBe('terminal.cannot-tell')
    const anew = { ...APPROVED, amountMinor: 500, trace: '000001', turnover: '000001' }
    expect(verdict(approved, shown({ ...anew, terminalTime: '2026-11-21T18:00:00' }))).toBe(
      'terminal.cannot-tell',
    )
    const { trace: _, turnover: __, receipt: ___, ...numberless } = flat
    expect(verdict(approved, shown(numberless))).toBe('terminal.cannot-tell')
  })

  it('is not older than what stands in the book of a terminal that took the place of a broken one', () => {
    const broke = { approved: { ...APPROVED, terminalId: '52000001' } }
    expect(verdict(broke, shown({ ...BEFORE, terminalId: '52000002' }))).toBe('terminal.cannot-tell')
    expect(verdict(broke, shown({ ...BEFORE, terminalId: '52000001' }))).toBe('terminal.not-booked')
  })

  it('is older by both of its numbers or not at all', () => {
    const earlier = { ...BEFORE, amountMinor: 500 }
    for (const number of [{ turnover: '000160' }, { trace: '000152' }])
      expect(verdict({ approved: APPROVED }, shown({ ...earlier, ...number }))).toBe('terminal.cannot-tell')
  })

  it('is another one in another currency, and not to be told where two amounts stand', () => {
    expect(verdict({ approved: APPROVED }, shown({ ...APPROVED, currency: 'USD' }))).toBe(
      'terminal.cannot-tell',
    )
    const base = { amountMinor: 2999, decimals: 2 }
    expect(verdict({ approved: APPROVED }, shown(APPROVED, { base }))).toBe('terminal.cannot-tell')
  })

  it('is not undone by the failure of another one, nor by a reversal of another amount', () => {
    expect(verdict(approved, shown({ trace: '000160' }, { resultCode: 0x6c }))).toBe('terminal.cannot-tell')
    const other = { resultCode: 0x6c, originalTrace: '000120' }
    expect(verdict(approved, shown({}, other))).toBe('terminal.cannot-tell')
    const signed = { ...APPROVED, signature: 'required' } as const
    expect(verdict({ approved: signed }, shown({}, { resultCode: 0x6c }))).toBe('terminal.cannot-tell')
    const part = { ...APPROVED, trace: '000153', amountMinor: 500 }
    expect(verdict(approved, shown(part, { originalTrace: '000152' }))).toBe('terminal.cannot-tell')
  })

  it('that is a release names what it releases, and is done', () => {
    const release = { kind: 'release', approved: APPROVED } as const
    expect(verdict(release, shown(APPROVED, { originalTrace: '000140' }))).toBe('done')
  })

  it('was reversed when the terminal shows its reversal, or its failure', () => {
    const reversal = { ...APPROVED, trace: '000153', terminalTime: '2026-11-21T17:09:00' }
    expect(verdict(approved, shown(reversal, { originalTrace: '000152' }))).toBe('terminal.reversed')
    expect(verdict(approved, shown(APPROVED, { resultCode: 0x6c }))).toBe('terminal.reversed')
    expect(verdict(approved, shown({}, { resultCode: 0x6c }))).toBe('terminal.reversed')
    expect(verdict(approved, shown({ trace: '000153' }, { resultCode: 0xb4, originalTrace: '000152' }))).toBe(
      'terminal.reversed',
    )
  })

  it('cannot be told from a terminal that shows nothing any more: its memory may have been cleared', () => {
    expect(verdict(approved, { shows: 'nothing' })).toBe('terminal.cannot-tell')
  })

  it('cannot be told from a reversal that failed, which took nothing back', () => {
    for (const resultCode of [0xb5, 0x6c])
      expect(verdict(approved, shown({ trace: '000153' }, { resultCode, originalTrace: '000152' }))).toBe(
        'terminal.cannot-tell',
      )
    const signed = { ...APPROVED, signature: 'required' } as const
    expect(verdict({ approved: signed }, shown({}, { resultCode: 0xb5 }))).toBe('terminal.cannot-tell')
    expect(verdict(approved, shown({}, { resultCode: 0x6c }), 'unknown')).toBe('terminal.cannot-tell')
  })

  it('cannot be told from a failed reversal under its own numbers', () => {
    expect(verdict(approved, shown(APPROVED, { resultCode: 0xb5 }))).toBe('terminal.cannot-tell')
    const signed = { ...APPROVED, signature: 'required' } as const
    expect(verdict({ approved: signed }, shown(APPROVED, { resultCode: 0x05 }))).toBe('terminal.cannot-tell')
    expect(verdict({ approved: signed }, shown(APPROVED, { resultCode: 0x6c }))).toBe('terminal.reversed')
  })

  it.each([0x05, 0x83, 0x9a, 0xf0, 0xff])(
    'cannot be told from a bare result code %i, which may be about the question',
    resultCode => {
      expect(verdict(approved, shown({}, { resultCode }))).toBe('terminal.cannot-tell')
    },
  )

  it('is not older than a younger transaction because the terminal’s clock was set back', () => {
    const later = { ...APPROVED, trace: '000153', receipt: '0154', turnover: '000154' }
    const setBack = { ...later, terminalTime: '2026-11-21T16:10:00' }
    expect(verdict({ approved: APPROVED }, shown(setBack))).toBe('terminal.cannot-tell')
    expect(verdict({ approved: APPROVED }, shown(setBack, { resultCode: 0x05 }))).toBe('terminal.cannot-tell')
    expect(verdict({ approved: APPROVED }, shown(setBack, { originalTrace: '000151' }))).toBe(
      'terminal.cannot-tell',
    )
  })

  it('gave nothing back if it was a reversal itself, and failed', () => {
    const failed = shown(APPROVED, { resultCode: 0x6c, originalTrace: '000150' })
    expect(verdict({ kind: 'reverse', approved: APPROVED }, failed)).toBe('terminal.reversed')
  })

  it('cannot be told by a receipt number alone, which wraps', () => {
    const { receipt, amountMinor, currency } = APPROVED
    const bare = { receipt: receipt ?? '', amountMinor, currency }
    expect(verdict({ approved: bare }, shown(bare))).toBe('terminal.cannot-tell')
    const timed = { ...bare, terminalTime: '2026-11-21T17:08:16' }
    expect(verdict({ approved: timed }, shown(timed))).toBe('done')
  })

  it('is another one when a single number, the amount or the time differs', () => {
    for (const change of [
      { trace: '000999' },
      { receipt: '0999' },
      { turnover: '000999' },
      { amountMinor: 2999 },
      { terminalTime: '2026-11-21T17:20:00' },
    ])
      expect(verdict({ approved: APPROVED }, shown({ ...APPROVED, ...change }))).toBe('terminal.cannot-tell')
  })

  it('cannot be told where the terminal may show reversed payments as good', () => {
    expect(verdict(approved, shown(APPROVED), 'original')).toBe('terminal.cannot-tell')
    expect(verdict(approved, shown(APPROVED), 'unknown')).toBe('terminal.cannot-tell')
    expect(verdict({ before: BEFORE }, shown(APPROVED), 'unknown')).toBe('terminal.cannot-tell')
    expect(verdict(approved, shown(BEFORE), 'original')).toBe('terminal.not-booked')
  })

  it('cannot be told from silence, from a refusal, or from fields that were guessed', () => {
    expect(verdict(approved, { shows: 'silence' })).toBe('terminal.cannot-tell')
    expect(verdict(approved, { shows: 'refusal', code: 0xff })).toBe('terminal.cannot-tell')
    expect(verdict(approved, shown(APPROVED, { guessed: true }))).toBe('terminal.cannot-tell')
    expect(verdict(approved, shown({}, { resultCode: undefined }))).toBe('terminal.cannot-tell')
  })

  it('was not booked when the terminal knows no transaction at all', () => {
    expect(verdict({ before: BEFORE }, { shows: 'nothing' })).toBe('terminal.not-booked')
  })
})

describe('a payment that broke before any approval', () => {
  it('was not booked when the terminal still shows the one before it', () => {
    expect(verdict({ before: BEFORE }, shown(BEFORE))).toBe('terminal.not-booked')
  })

  it('is never booked by a later one of the same amount: nobody acknowledged it', () => {
    expect(verdict({ before: BEFORE }, shown(APPROVED))).toBe('terminal.cannot-tell')
    const tipped = { ...APPROVED, amountMinor: 2199, tipMinor: 200 }
    expect(verdict({ before: BEFORE }, shown(tipped))).toBe('terminal.cannot-tell')
  })

  it('cannot be told when a later one has another amount', () => {
    expect(verdict({ before: BEFORE }, shown({ ...APPROVED, amountMinor: 500 }))).toBe('terminal.cannot-tell')
  })

  it('cannot be told from an earlier customer’s same amount when nothing is known', () => {
    expect(verdict({}, shown(APPROVED))).toBe('terminal.cannot-tell')
    expect(verdict({}, shown({ ...APPROVED, terminalTime: '2026-11-21T11:00:00' }))).toBe(
      'terminal.cannot-tell',
    )
  })

  it('was not booked when the last one is days old, whatever the time zone', () => {
    expect(verdict({}, shown({ ...APPROVED, terminalTime: '2026-11-19T17:08:16' }))).toBe(
      'terminal.not-booked',
    )
  })

  it('was not booked when the terminal has nothing to show', () => {
    expect(verdict({}, { shows: 'nothing' })).toBe('terminal.not-booked')
    expect(verdict({}, { shows: 'silence' })).toBe('terminal.not-booked')
  })

  it('was declined when the last one failed', () => {
    expect(verdict({ before: BEFORE }, shown({ trace: '000152' }, { resultCode: 0x05 }))).toBe(
      'terminal.refused',
    )
    expect(verdict({}, shown({}, { resultCode: 0x6c }))).toBe('terminal.not-booked')
    expect(verdict({ before: BEFORE }, shown(BEFORE, { resultCode: 0x05 }))).toBe('terminal.not-booked')
  })
})

describe('a reversal', () => {
  it('is done when the terminal shows it, or says that it was done before', () => {
    const reversal = { ...APPROVED, trace: '000153', terminalTime: '2026-11-21T17:09:00' }
    const seen = shown(reversal, { originalTrace: '000152' })
    expect(verdict({ kind: 'reverse', original: APPROVED, before: APPROVED }, seen)).toBe('done')
    expect(verdict({ kind: 'reverse', original: APPROVED }, seen)).toBe('done')
    expect(verdict({ kind: 'reverse', approved: reversal }, seen)).toBe('done')
    const named = shown({}, { resultCode: 0xb4, originalTrace: '000152' })
    expect(verdict({ kind: 'reverse', original: APPROVED }, named)).toBe('done')
  })

  it('cannot be told from an earlier one that met the same answer', () => {
    expect(verdict({ kind: 'reverse' }, shown({}, { resultCode: 0xb4 }))).toBe('terminal.cannot-tell')
    const again = shown({ terminalTime: '2026-11-21T17:10:00' }, { resultCode: 0xb4 })
    expect(verdict({ kind: 'reverse', before: APPROVED }, again)).toBe('terminal.cannot-tell')
    const older = shown({ terminalTime: '2026-11-21T15:00:00' }, { resultCode: 0xb4 })
    const told = { before: APPROVED, beforeAt: Date.parse('2026-11-21T17:08:20Z') }
    const startedAt = Date.parse('2026-11-21T18:00:00Z')
    expect(verdict({ kind: 'reverse', ...told, startedAt }, older)).toBe('terminal.cannot-tell')
  })

  it('is not proved by a payment of the same amount, nor by a reversal of another one', () => {
    const reverse = { kind: 'reverse', original: APPROVED, before: APPROVED } as const
    const later = { ...APPROVED, trace: '000160', receipt: '0161', turnover: '000161' }
    const payment = shown({ ...later, terminalTime: '2026-11-21T17:20:00' })
    expect(verdict(reverse, payment)).toBe('terminal.cannot-tell')
    const other = { ...later, terminalTime: '2026-11-21T17:20:00' }
    expect(verdict(reverse, shown(other, { originalTrace: '000120' }))).toBe('terminal.cannot-tell')
    const failed = shown(later, { resultCode: 0xb4, originalTrace: '000120' })
    expect(verdict(reverse, failed)).toBe('terminal.cannot-tell')
  })

  it('of another amount, or that names another payment, is another one', () => {
    const reversal = { ...APPROVED, trace: '000153', terminalTime: '2026-11-21T17:09:00' }
    const part = shown({ ...reversal, amountMinor: 500 }, { originalTrace: '000152' })
    expect(verdict({ kind: 'reverse', original: APPROVED }, part)).toBe('terminal.cannot-tell')
    const approved = { kind: 'reverse', original: APPROVED, approved: reversal } as const
    expect(verdict(approved, shown(reversal, { originalTrace: '000120' }))).toBe('terminal.cannot-tell')
  })

  it('is known by the number of what it took back, however many zeros that has, and whatever its own are', () => {
    const long = { ...APPROVED, trace: '00000152' }
    const reversal = { ...APPROVED, trace: '000153', terminalTime: '2026-11-21T17:09:00' }
    const seen = shown(reversal, { originalTrace: '000152' })
    expect(verdict({ kind: 'reverse', original: long }, seen)).toBe('done')
    const sameNumbers = shown(APPROVED, { originalTrace: '000152' })
    expect(verdict({ kind: 'reverse', original: APPROVED }, sameNumbers)).toBe('done')
  })

  it('cannot be told where the terminal may show what it undid as good', () => {
    const reversal = { ...APPROVED, trace: '000153', terminalTime: '2026-11-21T17:09:00' }
    const seen = shown(reversal, { originalTrace: '000152' })
    for (const profile of ['original', 'unknown'] as const)
      expect(verdict({ kind: 'reverse', original: APPROVED }, seen, profile)).toBe('terminal.cannot-tell')
  })

  it('that stood there before a payment was ordered says nothing about that payment', () => {
    const before = { ...BEFORE, terminalTime: '2026-11-21T17:01:00' }
    expect(verdict({ before }, shown(before, { originalTrace: '000140' }))).toBe('terminal.not-booked')
  })

  it('did not happen when the payment still stands there', () => {
    expect(verdict({ kind: 'reverse', original: APPROVED }, shown(APPROVED))).toBe('terminal.not-booked')

    expect(verdict({ kind: 'reverse', before: APPROVED }, shown(APPROVED))).toBe('terminal.not-booked')
  })
})

describe('a payment of the same amount that somebody else took at this terminal', () => {
  const wallClock = (time: string): number => Date.parse(`${time}Z`)
  // The terminal's clock is 37 minutes ahead of the till's.
  const ahead = 37 * 60_000
  const order = { before: BEFORE, beforeAt: wallClock('2026-11-21T16:59:00') - ahead }

  it('before ours was ordered is not ours, whatever the two clocks say', () => {
    const startedAt = wallClock('2026-11-21T17:20:00') - ahead
    const foreign = { ...APPROVED, terminalTime: '2026-11-21T17:10:00' }
    expect(verdict({ ...order, startedAt }, shown(foreign))).toBe('terminal.cannot-tell')
  })

  it('after ours was ordered is not ours either', () => {
    const startedAt = wallClock('2026-11-21T17:07:00') - ahead
    expect(verdict({ ...order, startedAt }, shown(APPROVED))).toBe('terminal.cannot-tell')
  })
})
