// Whatever a printer, or something that is none, sends back: the session stays whole and understands the next answer.
import { PNG } from 'pngjs'
import { describe, expect, test, vi } from 'vitest'
import { completed, questioned } from './escpos-commands.ts'
import { pictureOf } from './picture.ts'
import { PrinterSession } from './session.ts'

const ROUNDS = Number(process.env['FUZZ'] ?? 2000)
vi.setConfig({ testTimeout: 90_000 + ROUNDS })

/** Random whole numbers below `most`, the same for every run. */
function seeded(seed: number): (most: number) => number {
  let state = seed
  return most => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 0x1_0000_0000) * most)
  }
}

/** Answers as a printer gives them. */
const GOOD: readonly (readonly number[])[] = [
  [0x12, 0x12, 0x12, 0x12],
  [0x1a, 0x32, 0x12, 0x7e],
  [0x10, 0x00, 0x00, 0x00],
  [0x18, 0x00, 0x0f, 0x00],
  [0x00],
  [0x0f],
  [0x5f, 0x54, 0x4d, 0x00],
]

describe('the session', () => {
  test('takes any bytes without failing, and understands what comes after them', () => {
    const draw = seeded(7)
    for (let round = 0; round < ROUNDS; round += 1) {
      const session = new PrinterSession()
      const noise: number[] = []
      for (let part = draw(12); part > 0; part -= 1) {
        if (draw(4) === 0) session.askStatus()
        if (draw(4) === 0) session.askEnd(part)
        if (draw(4) === 0) session.askModel()
        const good = [...(GOOD[draw(GOOD.length)] ?? [])]
        const form = draw(4)
        if (form === 0) noise.push(...Array.from({ length: draw(9) }, () => draw(256)))
        else if (form === 1) noise.push(...good.slice(0, draw(4)))
        else if (form === 2) noise.push(...good.map(byte => byte ^ (1 << draw(8))))
        else noise.push(...good)
      }
      const events = session.bytes(Uint8Array.from(noise))
      expect(events.length).toBeLessThanOrEqual(noise.length + 1)
      expect(() => session.status).not.toThrow()
      // The next connection begins anew, and a whole answer on it is a whole answer.
      session.reset()
      session.askStatus()
      const heard = session.bytes(Uint8Array.of(0x16, 0x12, 0x12, 0x1e)).map(event => event.kind)
      expect(heard).toEqual(['status'])
      expect(session.status).toEqual({ online: true, cover: 'closed', paper: 'near-end', drawer: 'open' })
    }
  })

  test('is not held up by an automatic status or a name that broke off', () => {
    const draw = seeded(11)
    for (let round = 0; round < ROUNDS; round += 1) {
      const session = new PrinterSession()
      const whole = [0x5f, ...Array.from({ length: draw(200) }, () => 0x20 + draw(95))]
      session.bytes(Uint8Array.from(draw(2) === 0 ? whole : [0x10, 0x00, 0x03].slice(0, draw(4))))
      // An automatic status begins with a byte that is no other answer, and ends with the fourth.
      session.bytes(Uint8Array.of(0x12, 0x18, 0x00, 0x0c, 0x00))
      const kinds = session.bytes(Uint8Array.of(0x18, 0x00, 0x0c, 0x00)).map(event => event.kind)
      expect(kinds).toContain('told')
      expect(session.status).toMatchObject({ online: false, paper: 'out' })
    }
  })

  test('says an end only for what was asked, however many bytes look like one', () => {
    const draw = seeded(13)
    for (let round = 0; round < ROUNDS; round += 1) {
      const session = new PrinterSession()
      const asked = draw(5)
      for (let job = 1; job <= asked; job += 1) session.askEnd(job)
      const bytes = Uint8Array.from({ length: draw(40) }, () => draw(16))
      const ended = session.bytes(bytes).filter(event => event.kind === 'ended')
      expect(ended.length).toBe(Math.min(asked, bytes.length))
      expect(ended.map(event => (event.kind === 'ended' ? event.job : 0))).toEqual(
        Array.from({ length: ended.length }, (_, index) => index + 1),
      )
    }
  })

  test('keeps a bounded number of questions', () => {
    const session = new PrinterSession()
    for (let asked = 0; asked < 10_000; asked += 1) {
      session.askEnd(asked)
      session.askModel()
    }
    expect(session.owed).toBeLessThanOrEqual(256)
  })
})

describe('bytes that others made', () => {
  test('are walked to their end, whatever they are, and grow by nothing but pulse times', () => {
    const draw = seeded(17)
    for (let round = 0; round < ROUNDS; round += 1) {
      const starts = [0x1b, 0x1d, 0x10, 0x70, 0x28, 0x6b, 0x76, 0x2a]
      const bytes = Uint8Array.from({ length: draw(60) }, () =>
        draw(3) === 0 ? (starts[draw(starts.length)] ?? 0) : draw(256),
      )
      const done = completed(bytes)
      if ('error' in done) expect(done.error.code).toBe('value.malformed')
      else expect(done.bytes.length).toBeLessThanOrEqual(bytes.length + bytes.length)
    }
  })
})

test('a picture that is bent or cut off is drawn or refused, and nothing else', () => {
  const draw = seeded(19)
  const image = new PNG({ width: 24, height: 16 })
  image.data.fill(0x7f)
  const whole = PNG.sync.write(image)
  for (let round = 0; round < ROUNDS; round += 1) {
    const bent = Buffer.from(whole.subarray(0, draw(3) === 0 ? draw(whole.length) : whole.length))
    for (let flip = draw(4); flip > 0 && bent.length > 0; flip -= 1) {
      const at = draw(bent.length)
      bent[at] = (bent[at] ?? 0) ^ (1 << draw(8))
    }
    const picture = pictureOf(bent.toString('base64'), 384)
    if ('code' in picture) expect(picture.code).toBe('printer.unprintable')
    else expect(picture.dots.length).toBe(picture.width * picture.height)
  }
})

test('questions between the bytes of others change none of them, whatever they are', () => {
  const draw = seeded(29)
  const parts = [0x0a, 0x1b, 0x1c, 0x1d, 0x10, 0x0c, 0x4c, 0x28, 0x6b, 0x76, 0x44]
  for (let round = 0; round < ROUNDS; round += 1) {
    const bytes = Uint8Array.from({ length: draw(4000) }, () => {
      const part = draw(3) === 0 ? parts[draw(parts.length)] : undefined
      return part ?? 0x20 + draw(0x60)
    })
    // A byte that the job does not hold marks each of them.
    const asked = questioned(bytes, [0xff])
    expect(asked.bytes.filter(byte => byte !== 0xff)).toEqual(bytes)
    expect(asked.bytes.length - bytes.length).toBe(asked.checkpoints)
    expect(asked.checkpoints).toBeLessThanOrEqual(200)
    expect(asked.longest).toBeLessThanOrEqual(bytes.length)
  }
})
