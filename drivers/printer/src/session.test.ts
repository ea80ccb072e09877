// The printer session on hand-written answers.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PrinterSession } from './session.ts'

const hear = (session: PrinterSession, ...bytes: readonly number[]): unknown =>
  session.bytes(Uint8Array.from(bytes)).map(event => event.kind)

/** A session that has asked and heard the four realtime answers. */
function told(...answers: readonly [number, number, number, number]): PrinterSession {
  const session = new PrinterSession()
  session.askStatus()
  hear(session, ...answers)
  return session
}

describe('a printer session', () => {
  test('asks the four questions at once, and knows the printer when all are answered', () => {
    const session = new PrinterSession()
    expect([...session.askStatus()]).toEqual([16, 4, 1, 16, 4, 2, 16, 4, 3, 16, 4, 4])
    expect(session.status).toEqual({ online: false, cover: 'unknown', paper: 'unknown', drawer: 'unknown' })
    expect(hear(session, 0x16, 0x12, 0x12)).toEqual([])
    expect(session.asking).toBe(true)
    expect(hear(session, 0x12)).toEqual(['status'])
    expect(session.asking).toBe(false)
    expect(session.status).toEqual({ online: true, cover: 'closed', paper: 'ok', drawer: 'open' })
  })

  test('reads near end, end, cover and errors from their bits', () => {
    expect(told(0x12, 0x12, 0x12, 0x1e).status).toMatchObject({ paper: 'near-end', online: true })
    expect(told(0x12, 0x12, 0x12, 0x1e).status.trouble).toBeUndefined()
    expect(told(0x1a, 0x32, 0x12, 0x7e).status).toMatchObject({
      online: false,
      paper: 'out',
      trouble: { code: 'printer.paper-out' },
    })
    expect(told(0x1a, 0x16, 0x12, 0x12).status).toMatchObject({
      cover: 'open',
      trouble: { code: 'printer.cover-open' },
    })
    expect(told(0x1a, 0x52, 0x1a, 0x12).status.trouble).toMatchObject({
      code: 'printer.error',
      detail: { reason: 'cutter' },
    })
    expect(told(0x1a, 0x12, 0x12, 0x12).status.trouble).toMatchObject({ detail: { reason: 'offline' } })
  })

  test('the level of the open drawer depends on its wiring', () => {
    const session = new PrinterSession('low')
    session.askStatus()
    hear(session, 0x12, 0x12, 0x12, 0x12)
    expect(session.status.drawer).toBe('open')
    session.askStatus()
    hear(session, 0x16, 0x12, 0x12, 0x12)
    expect(session.status.drawer).toBe('closed')
  })

  test('a job has ended when its own question is answered, in the order of asking', () => {
    const session = new PrinterSession()
    expect([...session.askEnd(1)]).toEqual([0x1d, 0x72, 0x01])
    session.askEnd(2)
    expect(session.bytes(Uint8Array.of(0x00))).toEqual([{ kind: 'ended', job: 1, paperOut: false }])
    expect(session.owed).toBe(1)
    expect(session.bytes(Uint8Array.of(0x0f))).toEqual([{ kind: 'ended', job: 2, paperOut: true }])
    expect(session.status.paper).toBe('out')
    expect(hear(session, 0x00)).toEqual(['noise'])
  })

  test('an automatic status is four bytes, and its tail ends no job', () => {
    const session = new PrinterSession()
    session.askEnd(1)
    expect(hear(session, 0x10, 0x00, 0x00)).toEqual([])
    expect(hear(session, 0x00)).toEqual(['told'])
    expect(session.owed).toBe(1)
    expect(session.status).toEqual({ online: true, cover: 'closed', paper: 'ok', drawer: 'closed' })
    expect(hear(session, 0x38, 0x08, 0x0f, 0x0f, 0x00)).toEqual(['told', 'ended'])
    expect(session.status).toMatchObject({ online: false, cover: 'open' })
  })

  test('realtime answers between other answers are told apart by their fixed bits', () => {
    const session = new PrinterSession()
    session.askEnd(1)
    session.askStatus()
    expect(hear(session, 0x12, 0x10, 0, 0, 0, 0x12, 0x00, 0x12, 0x12)).toEqual(['told', 'ended', 'status'])
  })

  test('an automatic status that is interrupted swallows no later answer', () => {
    const session = new PrinterSession()
    session.askStatus()
    session.askEnd(1)
    expect(hear(session, 0x10, 0x00, 0x12, 0x12, 0x12, 0x12, 0x00)).toEqual(['status', 'ended'])
  })

  test('text answers are read to their end, and one that is cut short hides nothing', () => {
    const session = new PrinterSession()
    expect(session.bytes(Uint8Array.from([0x5f, 0x54, 0x4d, 0x2d, 0x54, 0x38, 0x38, 0]))).toEqual([
      { kind: 'text', text: 'TM-T88' },
    ])
    session.askStatus()
    expect(hear(session, 0x5f, 0x54, 0x12, 0x12, 0x12, 0x12)).toEqual(['noise', 'status'])
    expect(hear(session, 0x5f, ...Array.from({ length: 80 }, () => 0x41), 0x41)).toContain('noise')
  })

  test('flow control is no answer, and an unasked answer is noise', () => {
    expect(hear(new PrinterSession(), 0x11, 0x13)).toEqual([])
    expect(hear(new PrinterSession(), 0x12, 0x00, 0xff)).toEqual(['noise', 'noise', 'noise'])
  })

  test('a fresh connection knows nothing, but an owed end stays owed', () => {
    const session = told(0x12, 0x12, 0x12, 0x12)
    session.askEnd(1)
    session.askStatus()
    session.reset()
    expect(session.asking).toBe(false)
    expect(session.status.paper).toBe('unknown')
    expect(session.owed).toBe(1)
    session.forgetEnds()
    expect(session.owed).toBe(0)
  })

  test('no bytes whatever make it throw, or end a job more than once', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), chunks => {
        const session = new PrinterSession()
        session.askEnd(1)
        session.askStatus()
        const events = chunks.flatMap(chunk => [...session.bytes(chunk)])
        expect(events.filter(event => event.kind === 'ended').length).toBeLessThanOrEqual(1)
        expect(events.filter(event => event.kind === 'status').length).toBeLessThanOrEqual(1)
        expect(session.status.online).toBeTypeOf('boolean')
      }),
    )
  })
})
