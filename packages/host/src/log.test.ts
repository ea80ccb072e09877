// What may be written about a request and an error, whatever they carry.
import { describe, expect, it } from 'vitest'
import { errorSerializer, redactUrl } from './log.ts'

describe('an address in the log', () => {
  it('shows what the exchange allows to be read, and no value of anything else', () => {
    expect(redactUrl('/a.php?user=acme&pass=secret&action=1&PASS=secret&secret=1&p%61ss=secret')).toBe(
      '/a.php?user=acme&pass=…&action=1&…=…&…=…&pass=…',
    )
  })

  it('shows no value that is too long to be one of ours', () => {
    expect(redactUrl(`/a?serial=${'9'.repeat(129)}`)).toBe('/a?serial=…')
    expect(redactUrl('/plain')).toBe('/plain')
  })
})

describe('an error in the log', () => {
  it('shows name, code and place, never its message or what hangs on it', () => {
    const error = Object.assign(new TypeError('bad pass=secret'), { code: 'HPE_X', rawPacket: 'pass=secret' })
    const shown = errorSerializer(error)
    expect(shown).toMatchObject({ type: 'TypeError', message: 'HPE_X' })
    expect(shown.stack).toContain('log.test')
    expect(JSON.stringify(shown)).not.toContain('secret')
  })
})
