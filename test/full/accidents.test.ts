// Plays the example register through every accident it knows, in processes of its own as a stranger would, and
// looks at where the money, the card and the paper ended. The till's own verdict is only one of the witnesses.
import { describe, expect, it } from 'vitest'
import { inFolder, isPng, type Report, run, sell } from './register.ts'

const paid = (report: Report): number =>
  report.payments
    .filter(({ state }) => state === 'done')
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0)

const committed = (report: Report): readonly string[] =>
  report.claims.filter(({ state }) => state === 'committed').map(({ plugin }) => plugin)

/** What holds after every sale that ended well. */
function expectClosedAndPaid(report: Report): void {
  expect(report.sale.state).toBe('closed')
  expect(paid(report)).toBe(report.sale.totalMinor)
  expect(report.lines.reduce((sum, { totalMinor }) => sum + totalMinor, 0)).toBe(report.sale.totalMinor)
  expect(report.tasks).toEqual([])
}

function expectCardSold(report: Report): void {
  expectClosedAndPaid(report)
  expect(report.lines).toHaveLength(3)
  expect(committed(report)).toEqual(['activation'])
  expect(report.host.card).toBe('active')
}

function expectSoldWithoutCard(report: Report): void {
  expectClosedAndPaid(report)
  expect(report.lines).toHaveLength(2)
  expect(committed(report)).toEqual([])
}

describe('without an accident', () => {
  it('sells two articles and a card, prints the receipt, and the host says that the card is active', async () => {
    await inFolder(async dir => {
      const report = await sell(['--dir', dir])
      expectCardSold(report)
      expect(await isPng(report.receipt.png)).toBe(true)
      expect(report.receipt.text.length).toBeGreaterThan(100)
      expect(report.journal.records).toBeGreaterThan(5)
      expect(report.recovered).toEqual([])
    })
  })

  it('sells again in the same folder: nothing of the first sale is left to do', async () => {
    await inFolder(async dir => {
      const first = await sell(['--dir', dir])
      const second = await sell(['--dir', dir])
      expectCardSold(second)
      expect(second.sale.id).not.toBe(first.sale.id)
      expect(second.claims[0]?.serial).not.toBe(first.claims[0]?.serial)
      expect(second.recovered).toEqual([])
    })
  })
})

describe('an accident at the provider', () => {
  it('host-down-at-reserve: the card is refused, the sale goes on without it', async () => {
    await inFolder(async dir => {
      const report = await sell(['--dir', dir, '--fault', 'host-down-at-reserve'])
      expectSoldWithoutCard(report)
      expect(report.host.card).not.toBe('active')
    })
  })

  it('host-down-at-commit: the sale closes, the paper says that activation follows, the next run delivers it', async () => {
    await inFolder(async dir => {
      const first = await sell(['--dir', dir, '--fault', 'host-down-at-commit'])
      expectClosedAndPaid(first)
      expect(committed(first)).toEqual([])
      expect(first.receipt.text).toMatch(/activation follows/i)
      const second = await sell(['--dir', dir])
      expectCardSold(second)
      const recovered = second.recovered.find(({ sale }) => sale === first.sale.id)
      expect(recovered?.claims.map(({ state }) => state)).toEqual(['committed'])
    })
  })

  it('answer-lost-at-commit: the till asks again under the same id, and the card is active', async () => {
    await inFolder(async dir =>
      expectCardSold(await sell(['--dir', dir, '--fault', 'answer-lost-at-commit'])),
    )
  })

  it('card-already-active: refused at the scan, sold without it', async () => {
    await inFolder(async dir =>
      expectSoldWithoutCard(await sell(['--dir', dir, '--fault', 'card-already-active'])),
    )
  })
})

describe('an accident at the payment terminal', () => {
  it('payment-declined: back to tendering, then cash', async () => {
    await inFolder(async dir => {
      const report = await sell(['--dir', dir, '--fault', 'payment-declined'])
      expectCardSold(report)
      expect(report.payments.map(({ kind, state }) => [kind, state])).toEqual([
        ['card', 'refused'],
        ['cash', 'done'],
      ])
    })
  })

  it('payment-answer-lost-booked: resolved with the terminal, charged once', async () => {
    await inFolder(async dir => {
      const report = await sell(['--dir', dir, '--fault', 'payment-answer-lost-booked'])
      expectCardSold(report)
      expect(report.payments).toHaveLength(1)
    })
  })

  it('payment-answer-lost-unbooked: resolved with the terminal, then paid once', async () => {
    await inFolder(async dir => {
      const report = await sell(['--dir', dir, '--fault', 'payment-answer-lost-unbooked'])
      expectCardSold(report)
      expect(report.payments.filter(({ state }) => state === 'done')).toHaveLength(1)
    })
  })
})

describe('an accident at the printer', () => {
  it('printer-out-of-paper: the sale is unaffected, and the receipt is printed once there is paper', async () => {
    await inFolder(async dir => {
      const report = await sell(['--dir', dir, '--fault', 'printer-out-of-paper'])
      expectCardSold(report)
      expect(await isPng(report.receipt.png)).toBe(true)
    })
  })
})

describe('the register killed in the middle', () => {
  it('kill-after-payment: the next run finishes that sale by itself and says so', async () => {
    await inFolder(async dir => {
      await run(['--dir', dir, '--fault', 'kill-after-payment'])
      const next = await sell(['--dir', dir])
      expectCardSold(next)
      expect(next.recovered.map(({ state, claims }) => [state, claims.map(claim => claim.state)])).toEqual([
        ['closed', ['committed']],
      ])
    })
  })

  it('kill-before-ack: the terminal reversed, the till finds out, and no card is active unpaid', async () => {
    await inFolder(async dir => {
      await run(['--dir', dir, '--fault', 'kill-before-ack'])
      const next = await sell(['--dir', dir])
      expectCardSold(next)
      expect(next.recovered).toHaveLength(1)
      expect(next.recovered.flatMap(({ claims }) => claims.map(({ state }) => state))).not.toContain(
        'committed',
      )
    })
  })
})
