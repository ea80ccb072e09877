// Page mode and stored pictures: what comes out, where, and which way round.
import { PNG } from 'pngjs'
import { describe, expect, test } from 'vitest'
import { type DryRun, dryRun } from './dry-run.ts'
import { Engine } from './engine.ts'

const ESC = '\x1b'
const GS = '\x1d'
const FS = '\x1c'
const CUT = `${GS}V\x00`
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))
const word = (value: number): string => String.fromCharCode(value & 0xff, value >> 8)
/** `ESC W`, in dots across and half dots down. */
const area = (x: number, y: number, width: number, height: number): string =>
  `${ESC}W${word(x)}${word(2 * y)}${word(width)}${word(2 * height)}`

function printed(job: string): DryRun['receipts'][number] {
  const run = dryRun(bytes(job))
  expect(run.problems).toEqual([])
  const [receipt] = run.receipts
  if (receipt === undefined) throw new TypeError('nothing was printed')
  return receipt
}

/** The smallest rectangle around what is black, in dots from the print area's corner. */
function black(receipt: DryRun['receipts'][number]): { x: number; y: number; width: number; height: number } {
  const { width, data } = PNG.sync.read(receipt.png())
  const at = [...data.keys()].filter(place => place % 4 === 0 && data[place] === 0).map(place => place / 4)
  const [xs, ys] = [at.map(dot => (dot % width) - 32), at.map(dot => Math.floor(dot / width) - 32)]
  const [x, y] = [Math.min(...xs), Math.min(...ys)]
  return { x, y, width: Math.max(...xs) - x + 1, height: Math.max(...ys) - y + 1 }
}

/** `GS v 0`: a black picture of 16 by 8 dots. */
const PICTURE = `${GS}v0\x00\x02\x00\x08\x00${'\xff'.repeat(16)}`

describe('page mode', () => {
  test('prints nothing before the page is ended, and then everything', () => {
    const receipt = printed(`before\n${ESC}Lone\ntwo\n\x0cafter\n${CUT}`)
    expect(receipt.text.split('\n')).toEqual(['before', 'one', 'two', 'after'])
    expect(printed(`x\n${ESC}Lgone\n${ESC}Sy\n${CUT}`).text).toBe('x\ny')
    expect(printed(`x\n${ESC}Lgone\n\x18kept\n\x0c${CUT}`).text).toBe('x\nkept')
    expect(printed(`${ESC}Ltwice\n${ESC}\x0c\x0c${CUT}`).text).toBe('twice\ntwice')
  })

  test('lays areas where they belong, however they are ordered', () => {
    const job = `${ESC}L${area(100, 50, 200, 60)}${PICTURE}${area(300, 10, 200, 60)}${PICTURE}\x0c${CUT}`
    expect(black(printed(job))).toEqual({ x: 100, y: 10, width: 216, height: 48 })
  })

  test.each([
    [0, { x: 100, y: 40, width: 16, height: 8 }],
    [1, { x: 100, y: 40 + 60 - 16, width: 8, height: 16 }],
    [2, { x: 100 + 80 - 16, y: 40 + 60 - 8, width: 16, height: 8 }],
    [3, { x: 100 + 80 - 8, y: 40, width: 8, height: 16 }],
  ])('turns what it prints: direction %d', (direction, where) => {
    const job = `${ESC}L${area(100, 40, 80, 60)}${ESC}T${String.fromCharCode(direction)}${PICTURE}\x0c${CUT}`
    expect(black(printed(job))).toEqual(where)
  })

  test('text stands on the position that it was moved to', () => {
    const job = `${ESC}L${area(0, 0, 400, 200)}${GS}$${word(240)}M\n${GS}\\${word(40)}${PICTURE}\x0c${CUT}`
    const receipt = printed(job)
    expect(receipt.text).toMatch(/^M\n/)
    expect(black(receipt).y).toBeGreaterThan(120 - 24)
    expect(black(receipt).y).toBeLessThan(120)
  })

  test('is over with the power, and keeps neither areas nor pieces without end', () => {
    expect(
      dryRun(bytes(`${ESC}L${area(0, 0, 10, 10).repeat(100)}x\n\x0c${CUT}`)).problems.length,
    ).toBeGreaterThan(0)
    expect(printed(`${ESC}L${'x\n'.repeat(5000)}\x0c${CUT}`).text.split('\n').length).toBeLessThanOrEqual(
      2048,
    )
  })
})

describe('stored pictures', () => {
  /** Two bytes wide, eight dots high, by columns: all black. */
  const COLUMNS = `\x02\x00\x01\x00${'\xff'.repeat(16)}`
  /** `GS ( L` with its length. */
  const graphics = (data: string): string => `${GS}(L${word(data.length)}${data}`
  const ROWS = `0${'lo'}\x01${word(16)}${word(8)}1${'\xff'.repeat(16)}`

  test('FS q defines, FS p prints, twice as large where that is asked for', () => {
    expect(black(printed(`${FS}q\x01${COLUMNS}${FS}p\x01\x00${CUT}`))).toMatchObject({ width: 16, height: 8 })
    expect(black(printed(`${FS}q\x01${COLUMNS}${FS}p\x01\x03${CUT}`))).toMatchObject({
      width: 32,
      height: 16,
    })
  })

  test('GS ( L keeps pictures under their keys until they are deleted', () => {
    const define = graphics(`0C${ROWS}`)
    const print = graphics('0Elo\x01\x01')
    expect(black(printed(`${define}${print}${CUT}`))).toMatchObject({ width: 16, height: 8 })
    expect(dryRun(bytes(`${define}${graphics('0Blo')}${print}`)).problems).toMatchObject([
      { kind: 'refused' },
    ])
    const download = `${graphics(`0S${ROWS}`)}${graphics('0Ulo\x02\x01')}${CUT}`
    expect(black(printed(download))).toMatchObject({ width: 32, height: 8 })
  })

  test('GS * and GS / do it without a key', () => {
    expect(black(printed(`${GS}*\x02\x01${'\xff'.repeat(16)}${GS}/\x00${CUT}`))).toMatchObject({
      width: 16,
      height: 8,
    })
  })

  test('of them only the NV ones survive switching off', () => {
    let sheets = 0
    const engine = new Engine({
      paperDots: 576,
      pictures: false,
      pin3WhenOpen: 'high',
      serial: 'x',
      send: () => undefined,
      sheet: () => {
        sheets += 1
      },
      kicked: () => undefined,
      after: (_, wake) => wake(),
    })
    engine.receive(bytes(`${FS}q\x01${COLUMNS}${GS}*\x02\x01${'\xff'.repeat(16)}`))
    engine.powerCycle()
    engine.receive(bytes(`${FS}p\x01\x00${CUT}`))
    expect([sheets, engine.problemCount]).toEqual([1, 0])
    engine.receive(bytes(`${GS}/\x00${CUT}`))
    expect(engine.problemCount).toBe(1)
  })

  test('have a bounded room', () => {
    const large = `\xff\x00\xff\x01${'\x00'.repeat(255 * 511 * 8)}`
    expect(dryRun(bytes(`${FS}q\x01${large}`)).problems).toMatchObject([{ kind: 'refused' }])
  })
})
