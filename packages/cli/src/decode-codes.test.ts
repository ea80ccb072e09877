// What `cashdesk decode gs1` and `cashdesk decode track` say of what is right and of what is wrong, and what they keep silent.
import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { Decoded } from './decode.ts'
import { run } from './program.ts'

class TestIo extends EventEmitter {
  readonly stdin = new PassThrough()
  readonly stdout = new PassThrough({ encoding: 'utf8' })
  readonly stderr = new PassThrough({ encoding: 'utf8' })
}

async function decoded(...words: string[]): Promise<Decoded & { code: number }> {
  const io = new TestIo()
  const code = await run(['decode', ...words, '--json'], io)
  return { code, ...JSON.parse(String(io.stdout.read())) }
}

describe('cashdesk decode gs1', () => {
  it('names each identifier with its place, as scanners send it and as people read it', async () => {
    const fields = [
      { offset: 3, length: 16, name: 'AI 01', value: '04012345123456' },
      { offset: 19, length: 8, name: 'AI 17', value: '241231' },
      { offset: 27, length: 5, name: 'AI 10', value: 'ABC' },
      { offset: 33, length: 5, name: 'AI 21', value: 'XYZ' },
    ]
    expect(await decoded('gs1', ']C101040123451234561724123110ABC<GS>21XYZ')).toMatchObject({
      code: 0,
      fields: [{ offset: 0, length: 3, value: ']C1' }, ...fields],
      problems: [],
    })
    expect(await decoded('gs1', '(01)04012345123456(17)241231')).toMatchObject({
      code: 0,
      fields: [
        { offset: 0, length: 18 },
        { offset: 18, length: 10 },
      ],
    })
  })

  it('reads Digital Links and bare product codes', async () => {
    expect(await decoded('gs1', 'https://id.gs1.org/01/04012345123456/21/12')).toMatchObject({
      code: 0,
      fields: [
        { name: 'AI 01', value: '04012345123456' },
        { name: 'AI 21', value: '12' },
      ],
    })
    expect(await decoded('gs1', 'https://shop.example/pens')).toMatchObject({ code: 1 })
    expect(await decoded('gs1', '4006381333931')).toMatchObject({ code: 0, kind: 'GTIN-13' })
  })

  it('counts the characters of a link as they stand in it', async () => {
    const link = 'https://id.gs1.org/01/9506000134352/10/A%2FB?17=241231'
    expect(await decoded('gs1', link)).toMatchObject({
      code: 0,
      fields: [
        { offset: 19, length: 16, value: '09506000134352' },
        { offset: 36, length: 8, value: 'A/B' },
        { offset: 45, length: 9, value: '241231' },
      ],
    })
  })

  it('says where it is wrong', async () => {
    expect(await decoded('gs1', '4006381333932')).toMatchObject({ code: 1, problems: [{ offset: 12 }] })
    const wrong = await decoded('gs1', ']C10104012345123457')
    expect(wrong.code).toBe(1)
    expect(wrong.problems[0]?.offset).toBeGreaterThanOrEqual(3)
  })
})

describe('cashdesk decode track', () => {
  it('takes the tracks of a card of the shop apart', async () => {
    expect(await decoded('track', ';0123456789?')).toMatchObject({
      code: 0,
      fields: [{ offset: 0, length: 12, name: 'track 2 (ABA)', value: '0123456789' }],
    })
  })

  it('never repeats the number of a payment card', async () => {
    const said = JSON.stringify(await decoded('track', ';4111111111111111=29121010000000000?'))
    expect(said).toContain('411111******1111')
    expect(said).not.toContain('4111111111111111')
    expect(said).not.toContain('29121010000000000')
  })

  it('finds the number of a payment card behind another number', async () => {
    const said = JSON.stringify(await decoded('track', ';0123456789012=4111111111111111=29121010000?'))
    expect(said).toContain('411111******1111')
    expect(said).not.toContain('4111111111111111')
  })

  it('says where a track is broken', async () => {
    expect(await decoded('track', ';0123456789')).toMatchObject({ code: 1, problems: [{ offset: 0 }] })
    expect(await decoded('track', 'nothing of the kind')).toMatchObject({ code: 1 })
  })
})
