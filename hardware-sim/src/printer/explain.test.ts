// Explained bytes: exact offsets, nothing left out, and a name for every command that the printer knows.
import { describe, expect, test } from 'vitest'
import { explainEscPos } from './explain.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))

describe('explained', () => {
  test('every command stands at its offset with its parameters, text under its code page', () => {
    const { commands, problems, sheets } = explainEscPos(
      bytes('\x1b@\x1bt\x10K\xe4se\n\x1d(k\x04\x001A2\x00\x1bp\x00\x19\xfa\x1dVB\x00'),
    )
    expect(problems).toEqual([])
    expect(commands.map(({ at, length, code, name, text }) => [at, length, code, text ?? name])).toEqual([
      [0, 2, 'ESC @', 'initialise'],
      [2, 3, 'ESC t', 'code page'],
      [5, 4, 'text', 'Käse'],
      [9, 1, 'LF', 'print and feed a line'],
      [10, 9, 'GS (', 'function group'],
      [19, 5, 'ESC p', 'drawer pulse'],
      [24, 4, 'GS V', 'cut'],
    ])
    expect(commands[4]?.parts).toEqual([
      { at: 12, length: 1, name: 'group', value: 'k' },
      { at: 13, length: 2, name: 'length', value: 4 },
      { at: 15, length: 4, name: 'data', value: '4 bytes' },
    ])
    expect(commands[5]?.parts.map(part => [part.at, part.name, part.value])).toEqual([
      [21, 'm', 0],
      [22, 't1', 25],
      [23, 't2', 250],
    ])
    expect(sheets.map(({ text, end }) => [text, end])).toEqual([['Käse', 'partial']])
  })

  test('what is no command, and what breaks off, is where it stands', () => {
    expect(explainEscPos(bytes('a\x1b\x07b')).problems).toMatchObject([{ at: 1, kind: 'unknown' }])
    expect(explainEscPos(bytes('a\n\x1d(k\x40\x00xyz'))).toMatchObject({ brokenOff: { at: 2, length: 8 } })
  })

  test('the commands follow each other without a gap, whatever the bytes', () => {
    let seed = 1
    for (let round = 0; round < 200; round += 1) {
      const input = Uint8Array.from({ length: 100 }, () => {
        seed = (seed * 48_271) % 0x7fffffff
        return [0x1b, 0x1d, 0x1c, 0x10, 0x0a, seed % 256, seed % 128, seed % 16][seed % 8] ?? 0
      })
      const { commands, brokenOff } = explainEscPos(input)
      let at = 0
      for (const command of commands) {
        expect(command.at).toBe(at)
        at += command.length
      }
      expect(at + (brokenOff?.length ?? 0)).toBe(input.length)
    }
  })

  test('every command that the printer knows has a name', () => {
    const nameless: string[] = []
    for (const first of [0x10, 0x1b, 0x1c, 0x1d]) {
      for (let second = 1; second < 256; second += 1) {
        const { commands, problems } = explainEscPos(Uint8Array.of(first, second, ...new Uint8Array(300)))
        const [command] = commands
        if (command === undefined || problems.some(({ at, kind }) => at === 0 && kind === 'unknown')) continue
        if (command.name === '') nameless.push(command.code)
      }
    }
    expect(nameless).toEqual([])
  })

  test('an endless stream of cuts is neither kept nor explained for ever', () => {
    const cuts = bytes('x\n\x1dV\x00'.repeat(50_000))
    const { commands, endsAt, sheets } = explainEscPos(cuts)
    expect(commands.length).toBeLessThan(100_002)
    expect(endsAt).toBeLessThan(cuts.length)
    expect(sheets.length).toBe(100)
  })
})
