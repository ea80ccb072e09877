// After the pivot: commits for as long as it takes, in their order, and a paper that says what is true.
import { describe, expect, it } from 'vitest'
import { CARD, COUPON, GAME, MILK, POINTS, Register, SHOP, wants } from '../test/shop.ts'
import { granted, lost, printed, refusal, refusedWith, Till } from '../test/till.ts'
import { totalsOf } from './index.ts'

/** Paid in cash, with the given claims reserved. */
const paid = (...plugins: readonly string[]): { till: Till; register: Register } => {
  const till = new Till(SHOP)
  const register = new Register(till)
  register.line('milk', MILK)
  for (const plugin of plugins) register.line(plugin, CARD, [wants(`${plugin}-1`, plugin)])
  till.allWell()
  register.say('sale.total')
  register.pay('p', 'cash')
  till.answer('drawer', printed())
  return { till, register }
}

const stateOf = (till: Till, plugin: string): string | undefined =>
  till.sale().claims.find(claim => claim.plugin === plugin)?.state

describe('a commit', () => {
  it('leaves with the pivot, and names its reservation', () => {
    const { till } = paid('activation')
    expect(till.sale().state).toBe('settling')
    expect(till.open()).toEqual(['commit'])
    expect(till.intent('commit').effect).toMatchObject({ about: till.sale().claims[0]?.ops.reserve })
  })

  it('without an answer is repeated under the same id for ever, and becomes a task', () => {
    const { till, register } = paid('activation')
    const op = till.op('commit')
    register.finish()
    for (let asked = 0; asked < 100; asked += 1) {
      till.answer('commit', lost())
      till.pass(60_000)
      if (till.open().includes('print')) till.answer('print', printed())
    }
    expect(till.op('commit')).toBe(op)
    expect(till.sale()).toMatchObject({ state: 'closed', claims: [{ state: 'committing' }] })
    expect(till.tasks()).toMatchObject([{ kind: 'provider-stuck', op, actions: ['retry', 'written-off'] }])
    till.answer('commit', granted())
    expect(stateOf(till, 'activation')).toBe('committed')
    expect(till.tasks()).toEqual([])
  })

  it('that never left the till is still owed', () => {
    const { till } = paid('activation')
    till.answer('commit', lost('provider.unreachable'))
    expect(till.open()).toEqual(['commit'])
  })

  it('refused is the task "refund due"', () => {
    const { till } = paid('activation')
    till.answer('commit', refusal('claim.already-active'))
    expect(stateOf(till, 'activation')).toBe('failed')
    expect(till.tasks()).toMatchObject([{ kind: 'refund-due', amountMinor: 2500 }])
    expect(totalsOf(till.sale()).openMinor).toBe(0)
  })

  it('is tried anew, under a new id, only when a person says so', () => {
    const { till } = paid('activation')
    const op = till.op('commit')
    till.answer('commit', refusal())
    const [task] = till.tasks()
    if (!task) throw new TypeError('no task')
    till.do({ type: 'task.resolve', task: task.id, action: 'retry', operator: '17', reason: 'called them' })
    expect(till.op('commit')).not.toBe(op)
    till.answer('commit', granted())
    expect(stateOf(till, 'activation')).toBe('committed')
    expect(till.tasks()).toEqual([])
  })

  it('written off by a person is tried no more', () => {
    const { till } = paid('activation')
    for (let asked = 0; asked < 20; asked += 1) {
      till.answer('commit', lost())
      till.pass(60_000)
    }
    const [task] = till.tasks()
    if (!task) throw new TypeError('no task')
    till.do({ type: 'task.resolve', task: task.id, action: 'written-off', operator: '17', reason: 'gone' })
    expect(till.open()).toEqual([])
    expect(stateOf(till, 'activation')).toBe('failed')
  })

  it('is not done by a question', () => {
    const { till } = paid('activation')
    till.answer('commit', { outcome: 'ask', prompt: { kind: 'x', text: 'x' } })
    expect(stateOf(till, 'activation')).toBe('committing')
    expect(till.open()).toEqual(['commit'])
  })

  it('of a provider that is asked first is sent under a new id once the old one is buried', () => {
    const { till } = paid('licence')
    const first = till.op('commit')
    till.answer('commit', lost())
    till.pass(1_000)
    expect(till.outbox.get(first)?.next).toBe('query')
    till.answer('commit', refusal('provider.not-found'))
    expect(till.open()).toEqual(['commit'])
    expect(till.op('commit')).not.toBe(first)
    expect(till.intent('commit').effect).toMatchObject({ about: till.sale().claims[0]?.ops.reserve })
    till.answer('commit', granted())
    expect(stateOf(till, 'licence')).toBe('committed')
  })

  it('of a plugin that is no longer registered is not taken for done', () => {
    const till = new Till(SHOP)
    const register = new Register(till)
    register.line('card', CARD, [wants('A1')])
    till.answer('reserve', granted())
    register.say('sale.total')
    till.restart({ ...SHOP, participants: [] })
    register.pay('p', 'cash')
    expect(stateOf(till, 'activation')).toBe('committing')
    expect(till.tasks()).toMatchObject([{ kind: 'provider-stuck', error: { code: 'plugin.missing' } }])
    till.restart()
    till.answer('commit', granted())
    expect(stateOf(till, 'activation')).toBe('committed')
    expect(till.tasks()).toEqual([])
  })
})

describe('commits that follow others', () => {
  it('wait until the first is settled', () => {
    const { till } = paid('licence', 'activation')
    expect([stateOf(till, 'licence'), stateOf(till, 'activation')]).toEqual(['due', 'committing'])
    till.answer('commit', granted())
    expect(stateOf(till, 'licence')).toBe('committing')
  })

  it('go when the first is refused, too', () => {
    const { till } = paid('licence', 'activation')
    till.answer('commit', refusal())
    expect(stateOf(till, 'licence')).toBe('committing')
  })

  it('go without it when its time is over', () => {
    const { till } = paid('licence', 'activation')
    till.answer('commit', lost())
    till.pass(2_999)
    expect(stateOf(till, 'licence')).toBe('due')
    till.pass(1)
    expect(stateOf(till, 'licence')).toBe('committing')
  })

  it('go when their time is over although the sale is closed', () => {
    const { till, register } = paid('licence', 'activation')
    register.finish(0)
    till.answer('print', printed())
    expect(till.sale().state).toBe('closed')
    expect(stateOf(till, 'licence')).toBe('due')
    till.pass(3_000)
    expect(stateOf(till, 'licence')).toBe('committing')
  })

  it('go at once where the first needs no call', () => {
    const till = new Till({
      ...SHOP,
      participants: SHOP.participants.map(each =>
        each.plugin === 'coupon' ? { ...each, operations: ['quote'] } : each,
      ),
    })
    const register = new Register(till)
    register.line('milk', MILK)
    register.claim(POINTS)
    register.claim(COUPON)
    till.allWell()
    register.say('sale.total')
    register.pay('p', 'cash')
    expect(till.sale().claims.map(claim => claim.state)).toEqual(['committing', 'committed'])
  })
})

describe('the paper', () => {
  it('waits for commits that it should report', () => {
    const { till, register } = paid('activation')
    register.finish()
    expect(till.open()).toEqual(['commit'])
    till.answer('commit', granted())
    expect(till.open()).toEqual(['print'])
    till.answer('print', printed())
    expect(till.sale()).toMatchObject({ state: 'closed', paper: { state: 'printed', printed: 1 } })
  })

  it('waits no longer than the budget', () => {
    const { till, register } = paid('activation')
    register.finish(1_500)
    till.answer('commit', lost())
    till.pass(1_499)
    expect(till.open()).toEqual(['commit'])
    till.pass(1)
    expect(till.open()).toEqual(['commit', 'print'])
  })

  it('does not wait for commits that it does not report', () => {
    const { till, register } = paid('licence')
    register.finish()
    expect(till.open()).toEqual(['commit', 'print'])
  })

  it('keeps no customer for more than two minutes', () => {
    const { till, register } = paid('activation')
    register.finish(3_600_000)
    expect(till.sale().paperBy).toBe(till.now + 120_000)
  })

  it.each([
    ['failed', refusal('printer.paper-out')],
    ['unknown', lost('printer.no-answer')],
  ] as const)('that is %s changes neither money nor claims', (state, answer) => {
    const { till, register } = paid('activation')
    till.answer('commit', granted())
    const { legs, claims, lines } = till.sale()
    register.finish()
    till.answer('print', answer)
    expect(till.sale()).toMatchObject({ state: 'closed', paper: { state } })
    expect(till.sale()).toMatchObject({ legs, claims, lines })
  })

  it('is marked COPY when another one may exist, and only then', () => {
    const copy = (till: Till): unknown => till.intent('print').effect
    const { till, register } = paid()
    register.finish()
    expect(copy(till)).toMatchObject({ copy: false })
    till.answer('print', refusal('printer.paper-out'))
    register.say('sale.print')
    expect(copy(till)).toMatchObject({ copy: false })
    till.answer('print', lost('printer.no-answer'))
    register.say('sale.print')
    expect(copy(till)).toMatchObject({ copy: true })
    till.answer('print', printed())
    register.say('sale.print')
    expect(copy(till)).toMatchObject({ copy: true })
  })

  it('that was under way when the power went may exist, whatever the printer says now', () => {
    const { till, register } = paid()
    register.finish()
    till.restart()
    // The performer marks a second attempt COPY by its number.
    expect(till.outbox.get(till.op('print'))).toMatchObject({ next: 'repeat', attempt: 2 })
    till.answer('print', refusal('printer.paper-out'))
    expect(till.sale().paper).toMatchObject({ state: 'unknown' })
    register.say('sale.print')
    expect(till.intent('print').effect).toMatchObject({ copy: true })
  })

  it('is one at a time', () => {
    const { till, register } = paid()
    register.finish()
    till.answer('print', printed())
    register.say('sale.print')
    register.say('sale.print')
    expect(till.open()).toEqual(['print'])
  })

  it('is not needed where there is no printer', () => {
    const till = new Till({ ...SHOP, hasPrinter: false })
    const register = new Register(till)
    register.line('game', GAME)
    register.say('sale.total')
    register.pay('p', 'cash')
    register.finish()
    expect(till.sale()).toMatchObject({ state: 'closed', paper: { state: 'none' } })
    expect(refusedWith(register.say('sale.print'))).toBe('printer.absent')
  })
})

describe('a paid sale', () => {
  it('cannot be cancelled by the till', () => {
    const { register } = paid()
    expect(refusedWith(register.say('sale.cancel'))).toBe('sale.not-cancellable')
  })

  it('leaves the front to the next customer at once', () => {
    const { till } = paid('activation')
    expect(refusedWith(new Register(till, 'S2').opened)).toBeUndefined()
  })
})
