// Every command may be repeated for ever: the same changes nothing, something else under the same id is told.
import type { Event, Input, SaleCommand } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { CARD, COUPON, GAME, MILK, Register, SHOP, wants } from '../test/shop.ts'
import { refusedWith, Till } from '../test/till.ts'

/** A whole sale, with the commands that it took. */
const told = (): { till: Till; commands: readonly SaleCommand[] } => {
  const till = new Till(SHOP)
  const commands: SaleCommand[] = []
  till.watch = (input: Input) => {
    if ('sale' in input) commands.push(input)
  }
  const register = new Register(till)
  register.line('1', MILK)
  register.line('2', GAME)
  register.line('3', CARD, [wants()])
  register.reply('A1')
  register.claim(COUPON)
  register.voidLine('2')
  till.allWell()
  register.say('sale.total')
  till.allWell()
  register.pay('p', 'cash', 1000)
  register.pay('q', 'card')
  till.allWell()
  register.finish()
  till.allWell()
  till.watch = () => {}
  expect(till.sale().state).toBe('closed')
  return { till, commands }
}

describe('every command of a sale', () => {
  it('said again at once changes nothing', () => {
    const till = new Till(SHOP)
    const answers: [string, readonly Event[]][] = []
    let again = false
    till.watch = input => {
      if (again || !('sale' in input)) return
      again = true
      answers.push([input.type, till.do(input)])
      again = false
    }
    const register = new Register(till)
    register.line('1', MILK)
    register.line('3', CARD, [wants()])
    register.reply('A1')
    register.claim(COUPON)
    till.allWell()
    register.say('sale.park')
    register.say('sale.resume')
    register.say('sale.total')
    till.allWell()
    register.say('sale.reopen')
    till.allWell()
    register.voidLine('1')
    till.allWell()
    register.say('sale.total')
    till.allWell()
    register.pay('p', 'giftcard')
    register.pay('p', 'cash')
    expect(answers.filter(([, events]) => events.length > 0 && !refusedWith(events))).toEqual([])
  })

  it('said again after the sale has ended changes nothing, and is no mistake', () => {
    const { till, commands } = told()
    expect(commands.length).toBeGreaterThan(9)
    for (const command of commands) expect([command.type, till.do(command)]).toEqual([command.type, []])
  })

  it('said again by a register that was restarted, too', () => {
    const { till, commands } = told()
    till.restart()
    for (const command of commands) expect([command.type, till.do(command)]).toEqual([command.type, []])
  })
})

describe('another content under the same id', () => {
  const differently = (
    change: (command: SaleCommand) => SaleCommand | undefined,
  ): readonly (string | undefined)[] => {
    const { till, commands } = told()
    return commands.flatMap(command => {
      const changed = change(command)
      return changed ? [refusedWith(till.do(changed))] : []
    })
  }
  const TOLD = 'register.repeated-differently'

  it('is told for a sale', () => {
    expect(differently(c => (c.type === 'sale.open' ? { ...c, training: true } : undefined))).toEqual([TOLD])
  })

  it('is told for a line: article, quantity, serial', () => {
    const lines = (change: object): readonly (string | undefined)[] =>
      differently(c => (c.type === 'line.add' && c.line === '1' ? { ...c, ...change } : undefined))
    expect(lines({ quantity: 2 })).toEqual([TOLD])
    expect(lines({ article: GAME })).toEqual([TOLD])
    const till = new Till(SHOP)
    const register = new Register(till)
    register.line('1', CARD, [wants('A1')])
    expect(refusedWith(register.line('1', CARD, [wants('B2')]))).toBe(TOLD)
    expect(register.line('1', CARD, [wants('A1')])).toEqual([])
  })

  it('is told for an answer', () => {
    expect(differently(c => (c.type === 'prompt.answer' ? { ...c, value: 'B2' } : undefined))).toEqual([TOLD])
  })

  it('is told for a payment: amount, means, cash given', () => {
    const tender = (change: object): readonly (string | undefined)[] =>
      differently(c => (c.type === 'tender.add' && c.tender === 'p' ? { ...c, ...change } : undefined))
    expect(tender({ amountMinor: 900 })).toEqual([TOLD])
    expect(tender({ by: 'card' })).toEqual([TOLD])
    expect(tender({ givenMinor: 2000 })).toEqual([TOLD])
  })
})
