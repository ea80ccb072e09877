// What each ESC/POS command does, as one table. Meanings after Epson's public ESC/POS command reference; commands
// that change nothing on this paper (colour, smoothing, panel keys) are listed as such, so that they do not count
// as unknown.
import { CODE_PAGES, characterOf, NATIONAL_SETS } from './codepages.ts'
import { columnImage, graphics, rasterImage } from './graphics-commands.ts'
import type { Workings } from './interpreter.ts'
import { cell, DEFAULT_SPACING_DOTS, initialModes, motionUnits } from './modes.ts'
import type { Align, Style } from './operations.ts'
import { pageCommands } from './page-mode.ts'
import { storedImageCommands } from './stored-images.ts'
import { barcode, barcodeSettings, symbols } from './symbol-commands.ts'

type Carry = (work: Workings, args: Uint8Array) => void

const ALIGN: { readonly [n: number]: Align } = {
  0: 'left',
  1: 'center',
  2: 'right',
  48: 'left',
  49: 'center',
  50: 'right',
}

const u16 = (args: Uint8Array, at = 0): number => (args[at] ?? 0) + 256 * (args[at + 1] ?? 0)

const style =
  (change: (n: number) => Partial<Style>): Carry =>
  ({ modes }, [n = 0]) => {
    modes.style = { ...modes.style, ...change(n) }
  }

const magnify = (n: number): number => Math.min(8, n + 1)

/** `ESC !`: five settings in one byte. */
const printMode = (n: number): Partial<Style> => ({
  font: n & 0x01 ? 'B' : 'A',
  bold: (n & 0x08) !== 0,
  high: n & 0x10 ? 2 : 1,
  wide: n & 0x20 ? 2 : 1,
  underline: n & 0x80 ? 1 : 0,
})

const underline = (n: number): Partial<Style> => {
  const dots = n & 0x0f
  return dots === 1 || dots === 2 ? { underline: dots } : { underline: 0 }
}

function text(work: Workings, [byte = 0x20]: Uint8Array): void {
  const { modes, line } = work
  const { width } = work.area()
  if (!line.fits(cell(modes.style.font).width * modes.style.wide, width)) work.printLine()
  line.character(characterOf(byte, modes.codePage, modes.national), modes.style, modes.gapDots)
}

function lineFeed(work: Workings): void {
  if (!work.printLine()) work.emit({ kind: 'feed', dots: work.modes.spacingDots, lines: 1 })
}

function feedLines(work: Workings, [n = 0]: Uint8Array): void {
  const left = work.printLine() ? n - 1 : n
  if (left > 0) work.emit({ kind: 'feed', dots: left * work.modes.spacingDots, lines: left })
}

function feedDots(work: Workings, [n = 0]: Uint8Array): void {
  const dots = Math.round(n * work.modes.units.down)
  const filled = work.line.take(work.area(), dots)
  work.emit(filled ?? { kind: 'feed', dots, lines: 0 })
}

function tab({ modes, line, area }: Workings): void {
  const next = modes.tabs.find(stop => stop > line.x)
  if (next !== undefined) line.moveTo(next, area().width)
}

function setTabs({ modes }: Workings, args: Uint8Array): void {
  const width = cell(modes.style.font).width * modes.style.wide + modes.gapDots
  const columns = [...args.subarray(0, -1)].slice(0, 32)
  const rising = columns.filter((column, index) => index === 0 || column > (columns[index - 1] ?? 0))
  modes.tabs = rising.map(column => column * width)
}

function codePage(work: Workings, [n = 0]: Uint8Array): void {
  if (CODE_PAGES.has(n)) work.modes.codePage = n
  else work.problem('unsupported', `code page ${n}`)
}

function cut(work: Workings, [form = 0, n = 0]: Uint8Array): void {
  const partial = [1, 49, 66, 98, 104].includes(form)
  if (!partial && ![0, 48, 65, 97, 103].includes(form)) {
    work.problem('refused', `no cut ${form}`)
    return
  }
  if (work.printLine()) work.problem('refused', 'cut in the middle of a line: a real printer may ignore it')
  const toCutter = form > 49
  const feed = toCutter ? Math.round(n * work.modes.units.down) : 0
  work.emit({ kind: 'cut', cut: partial ? 'partial' : 'full', toCutter, feedDots: feed })
}

function kick(work: Workings, [m = 0, t1 = 0, t2 = 0]: Uint8Array): void {
  if (![0, 1, 48, 49].includes(m)) {
    work.problem('refused', `no drawer connector pin for ${m}`)
    return
  }
  const onMs = t1 * 2
  work.emit({ kind: 'kick', pin: m & 1 ? 5 : 2, onMs, offMs: Math.max(onMs, t2 * 2) })
}

function askStatus(work: Workings, [n = 0]: Uint8Array): void {
  if (n === 1 || n === 49) work.emit({ kind: 'ask', question: { about: 'paper' } })
  else if (n === 2 || n === 50) work.emit({ kind: 'ask', question: { about: 'drawer' } })
  else work.problem('unsupported', `status ${n}`)
}

/** `GS (` and its letter: the letter is the first byte of `args`, then two of length. */
function measured(work: Workings, args: Uint8Array): void {
  const letter = String.fromCharCode(args[0] ?? 0)
  const data = args.subarray(3)
  if (letter === 'k') symbols(work, data)
  else if (letter === 'L') graphics(work, data)
  else if (letter === 'H' && data[0] === 48 && data[1] === 48 && data.length === 6)
    work.emit({ kind: 'ask', question: { about: 'mark', id: data.slice(2) } })
  else if (letter !== 'K' && letter !== 'D') work.problem('unsupported', `function ${letter}`)
}

function initialise(work: Workings): void {
  work.line.clear()
  work.page = undefined
  work.modes = initialModes(work.paperDots)
}

/** Refuses what this printer can only do in its default form; `isDefault` tells which that is. */
const onlyDefault =
  (isDefault: (n: number) => boolean, what: string): Carry =>
  (work, [n = 0]) => {
    if (!isDefault(n)) work.problem('unsupported', what)
  }

const atLineStart =
  (carry: Carry): Carry =>
  (work, args) => {
    if (work.line.empty) carry(work, args)
    else work.problem('refused', 'only at the beginning of a line')
  }

const noEffect: Carry = () => undefined

const BY_CODE: { readonly [code: string]: Carry } = {
  text,
  LF: lineFeed,
  CR: noEffect,
  HT: tab,
  // initialise, select, position
  'ESC @': initialise,
  'ESC =': ({ modes }, [n = 1]) => {
    modes.selected = (n & 1) === 1
  },
  'ESC $': (work, args) =>
    work.line.moveTo(Math.round(u16(args) * work.modes.units.across), work.area().width),
  'ESC \\': (work, args) => {
    const by = u16(args) > 0x7fff ? u16(args) - 0x10000 : u16(args)
    work.line.moveTo(work.line.x + Math.round(by * work.modes.units.across), work.area().width)
  },
  'ESC D': setTabs,
  'ESC a': atLineStart((work, [n = 0]) => {
    const align = ALIGN[n]
    if (align === undefined) work.problem('refused', `no alignment ${n}`)
    else work.modes.align = align
  }),
  'GS L': atLineStart(({ modes }, args) => {
    modes.marginDots = Math.round(u16(args) * modes.units.across)
  }),
  'GS W': atLineStart(({ modes }, args) => {
    modes.areaDots = Math.max(24, Math.round(u16(args) * modes.units.across))
  }),
  'GS P': ({ modes }, [x = 0, y = 0]) => {
    modes.units = motionUnits(x, y)
  },
  'GS T': ({ line }) => line.clear(),
  // characters
  'ESC !': style(printMode),
  'GS !': style(n => ({ wide: magnify((n >> 4) & 0x07), high: magnify(n & 0x07) })),
  'ESC E': style(n => ({ bold: (n & 1) === 1 })),
  'ESC G': style(n => ({ bold: (n & 1) === 1 })),
  'ESC -': style(underline),
  'ESC M': style(n => ({ font: n === 1 || n === 49 ? 'B' : 'A' })),
  'GS B': style(n => ({ inverse: (n & 1) === 1 })),
  'ESC 0x20': ({ modes }, [n = 0]) => {
    modes.gapDots = Math.round(n * modes.units.across)
  },
  'ESC t': codePage,
  'ESC R': (work, [n = 0]) => {
    if (n < NATIONAL_SETS) work.modes.national = n
    else work.problem('unsupported', `character set ${n}`)
  },
  // feeding and cutting
  'ESC 2': ({ modes }) => {
    modes.spacingDots = DEFAULT_SPACING_DOTS
  },
  'ESC 3': ({ modes }, [n = 0]) => {
    modes.spacingDots = Math.round(n * modes.units.down)
  },
  'ESC d': feedLines,
  'ESC J': feedDots,
  'GS V': cut,
  'ESC i': work => cut(work, Uint8Array.of(1)),
  'ESC m': work => cut(work, Uint8Array.of(1)),
  // drawer and questions
  'ESC p': kick,
  'GS r': askStatus,
  'ESC v': work => askStatus(work, Uint8Array.of(1)),
  'ESC u': work => askStatus(work, Uint8Array.of(2)),
  'GS I': (work, [n = 0]) => work.emit({ kind: 'ask', question: { about: 'identity', n } }),
  'GS a': (work, [n = 0]) => work.emit({ kind: 'report-status', mask: n }),
  // symbols and pictures
  'GS k': barcode,
  ...barcodeSettings,
  'GS (': measured,
  'GS 8': (work, args) => {
    if (args[0] === 0x4c) graphics(work, args.subarray(5))
    else work.problem('unsupported', 'GS 8 without L')
  },
  'GS v': rasterImage,
  ...storedImageCommands,
  ...pageCommands,
  'ESC *': columnImage,
  // known, and without effect on this printer
  'ESC V': onlyDefault(n => n === 0 || n === 48, 'turned characters'),
  'ESC {': onlyDefault(n => (n & 1) === 0, 'upside-down printing'),
  'ESC %': onlyDefault(n => (n & 1) === 0, 'user-defined characters'),
  ...Object.fromEntries(
    [
      ...[
        'ESC ?',
        // Of the older ESC/P: italic, which this face lacks.
        'ESC 4',
        'ESC 5',
        'ESC <',
        'ESC U',
        'ESC c',
        'ESC r',
        'GS b',
        'FS .',
        'FS C',
        'FS S',
        'FS W',
      ],
      ...['FS -', 'FS !', 'DLE 0x04', 'DLE 0x05', 'DLE 0x14'],
    ].map(code => [code, noEffect] as const),
  ),
}

/** By `Command.code`. A code that the parser knows and this table lacks is reported as unsupported. */
export const COMMANDS: ReadonlyMap<string, Carry> = new Map(Object.entries(BY_CODE))
