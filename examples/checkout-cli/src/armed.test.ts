// An accident that somebody has armed happens once, or is said to be too late; it is never lost in silence.
import { expect, it } from 'vitest'
import { accidentNamed, endOf, type Scene } from './accidents.ts'
import { ArmedAccident } from './armed.ts'

/** Accidents are taken here, not played: nothing of the scene is touched. */
const scene = { sale: 's', serial: '' } as Scene

it('one of the scan comes too late after it, says so, and happens to the next sale', async () => {
  const armed = new ArmedAccident(accidentNamed('card-already-active'))
  expect(armed.take('beforePayment', 'card')).toBeUndefined()
  expect(await armed.afterSale(scene)).toMatch(/^Too late for this sale: card-already-active .*next sale$/)
  expect(armed.take('beforeSerial')?.name).toBe('card-already-active')
  expect(await armed.afterSale(scene)).toBeUndefined()
})

it('one of the card payment does not happen to cash', async () => {
  for (const name of ['kill-after-payment', 'kill-before-ack', 'payment-declined']) {
    const armed = new ArmedAccident(accidentNamed(name))
    expect(armed.take('beforePayment', 'cash')).toBeUndefined()
    expect(await armed.afterSale(scene)).toContain('in a payment by card')
    expect(armed.take('beforePayment', 'card')?.name).toBe(name)
  }
})

it('happens once, although a payment is tried twice, and ends with the sale', async () => {
  let ended = 0
  const armed = new ArmedAccident({
    ...accident('printer-out-of-paper'),
    afterSale: async () => {
      ended += 1
    },
  })
  expect(armed.take('beforePayment', 'cash')).toBeDefined()
  expect(armed.take('beforePayment', 'card')).toBeUndefined()
  await armed.afterSale(scene)
  await armed.afterSale(scene)
  expect(ended).toBe(1)
})

it('a kill that is left to the next run claims no end that has not come yet', () => {
  for (const name of ['kill-after-payment', 'kill-before-ack']) {
    expect(endOf(accident(name), true)).toMatch(/The next run with the same --dir /)
    expect(endOf(accident(name), false)).toBe(accident(name).ends)
  }
})

function accident(name: string): NonNullable<ReturnType<typeof accidentNamed>> {
  const found = accidentNamed(name)
  if (!found) throw new TypeError(`no accident ${name}`)
  return found
}
