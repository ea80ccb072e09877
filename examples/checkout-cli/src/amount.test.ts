// What is typed as cash must be what is meant.
import { expect, it } from 'vitest'
import { inNotes, looksMistyped, minorOf } from './amount.ts'

it('an amount is whole or has one or two places behind a dot or comma', () => {
  expect(['50', '20.5', '20,50', ' 7 '].map(minorOf)).toEqual([5000, 2050, 2050, 700])
  expect(['', '1.234', '-5', 'ten', '1234567'].map(minorOf)).toEqual(Array(5).fill(undefined))
})

it('notes cover what is due', () => {
  expect([4148, 5000, 1].map(inNotes)).toEqual([5000, 5000, 1000])
})

it('more than ten times the total is asked back; ten times it is not', () => {
  expect(looksMistyped(500_000, 4148)).toBe(true)
  expect(looksMistyped(8490, 849)).toBe(false)
  expect(looksMistyped(8491, 849)).toBe(true)
})
