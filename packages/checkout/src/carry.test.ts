// What stays when a year is archived: whatever somebody still has to do something about, however old it is.
import { expect, it } from 'vitest'
import { CARD, MILK, Register, SHOP, wants } from '../test/shop.ts'
import { granted, lost, refusal, Till } from '../test/till.ts'
import { keptSales } from './carry.ts'

const EVER = Number.MAX_SAFE_INTEGER

function soldCard(till: Till, id: string): void {
  const register = new Register(till, id)
  register.line('card', CARD, [wants(`A-${id}`)])
  till.answer('reserve', granted({ expiresInMs: 900_000 }))
  register.say('sale.total')
  register.pay('p', 'cash')
  register.finish(0)
}

it('sales with an open task or operation, and those that are linked to them', () => {
  const till = new Till({ ...SHOP, hasPrinter: false })
  const plain = new Register(till, 'plain')
  plain.line('milk', MILK)
  plain.say('sale.total')
  plain.pay('p', 'cash')
  plain.finish()
  soldCard(till, 'refused')
  till.answer('commit', refusal())
  soldCard(till, 'silent')
  till.answer('commit', lost())
  soldCard(till, 'returned')
  till.answer('commit', granted())
  const back = new Register(till, 'back', { kind: 'return', original: till.sale('returned').id })
  back.returned('r', 'card')
  expect(till.tasks().map(task => task.sale)).toEqual(['refused'])
  expect([...keptSales(till.lane, EVER)].sort()).toEqual(['back', 'refused', 'returned', 'silent'])
  expect(till.sale('plain').state).toBe('closed')
})
