// The error table: what a person is told, and what crosses the surface as JSON.
import { describe, expect, it } from 'vitest'
import { CashdeskError, ERRORS, explain, report, reportOf } from './errors.ts'

describe('every entry', () => {
  it.each(Object.entries(ERRORS))(
    '%s says in whole sentences what happened and what to do now',
    (code, entry) => {
      expect(code).toMatch(/^[a-z]+\.[a-z0-9-]+$/)
      expect(entry.message).toMatch(/^\p{Lu}.*[.]$/u)
      expect(entry.next).toMatch(/^.*[.]$/u)
    },
  )
})

describe('an error', () => {
  it('tells what it means for the money', () => {
    expect(explain(report('tender.declined'))).toContain('No money moved')
    expect(explain(report('terminal.link-lost'))).toContain('not known yet')
    expect(explain(report('claim.refund-due'))).toContain('The money has moved')
  })

  it('is plain JSON with its particulars', () => {
    const error = new CashdeskError('line.quantity', { quantity: 0 })
    expect(JSON.parse(JSON.stringify(error.report))).toEqual({
      code: 'line.quantity',
      message: ERRORS['line.quantity'].message,
      outcome: 'none',
      retry: 'new',
      next: ERRORS['line.quantity'].next,
      detail: { quantity: 0 },
    })
    expect(error.message).toContain('line.quantity')
  })

  it('of somebody else becomes the code it is given', () => {
    expect(reportOf(new RangeError('too far'), 'disk.failed')).toMatchObject({
      code: 'disk.failed',
      detail: { reason: 'too far' },
    })
    expect(reportOf(new CashdeskError('value.id'), 'disk.failed').code).toBe('value.id')
    expect(reportOf('text', 'disk.failed').detail).toEqual({ reason: 'text' })
  })
})
