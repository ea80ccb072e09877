// The ESC/POS interpreter: bytes in any fragmentation become operations. Pure: no clock, no socket, no canvas; the
// printer around it decides when the next command is taken, so that it can stop in the middle of a job.
import { COMMANDS } from './commands.ts'
import { Line } from './line.ts'
import { initialModes, type Modes } from './modes.ts'
import type { Area, Operation, Problem } from './operations.ts'
import { goesOnPage, onPage, type Page, widthOf } from './page-mode.ts'
import { type Command, CommandParser } from './parser.ts'
import type { StoredImages } from './stored-images.ts'

/** What a command works on. */
export interface Workings {
  modes: Modes
  readonly line: Line
  readonly paperDots: number
  /** Graphics stored by `GS ( L` function 112 and not printed yet. */
  graphics: Operation | undefined
  readonly stored: StoredImages
  /** Set in page mode. */
  page: Page | undefined
  readonly emit: (operation: Operation) => void
  /** Area and alignment that hold for what is printed now. */
  area(): Area
  /** Prints the line as far as it is filled and moves on. Returns false when it was empty. */
  printLine(): boolean
  problem(kind: Problem['kind'], why: string): void
}

/** @see createInterpreter */
export interface Interpreter {
  push(bytes: Uint8Array): void
  /** Carries out the next complete command; `undefined` until more bytes come. */
  next(): readonly Operation[] | undefined
  /** The command that `next` carried out last. */
  readonly current: { readonly at: number; readonly code: string }
  /** Bytes received whose command was not carried out yet. */
  readonly pending: number
  /** Drops buffer, line and modes, as switching off does. */
  reset(): void
  /** Drops the receive buffer and the line, and keeps the modes. */
  clear(): void
}

/** A printer's brain for paper of `paperDots` printable dots (576: 80 mm, 384: 58 mm at 203 dpi). */
export function createInterpreter(paperDots = 576): Interpreter {
  const parser = new CommandParser()
  let operations: Operation[] = []
  let current: { readonly at: number; readonly code: string } = { at: 0, code: '' }
  const emit = (operation: Operation): void => {
    if (work.page !== undefined && goesOnPage(operation)) onPage(work.page, { operation })
    else operations.push(operation)
  }
  const work: Workings = {
    modes: initialModes(paperDots),
    line: new Line(),
    paperDots,
    graphics: undefined,
    stored: { nv: new Map(), ram: new Map() },
    page: undefined,
    emit,
    area: () => areaOf(work),
    printLine: () => {
      const filled = work.line.take(work.area(), work.modes.spacingDots)
      if (filled !== undefined) emit(filled)
      return filled !== undefined
    },
    problem: (kind, why) => {
      emit({ kind: 'problem', problem: { at: current.at, command: current.code, kind, why } })
    },
  }
  const restart = (): void => {
    work.line.clear()
    work.modes = initialModes(paperDots)
    work.graphics = undefined
    work.stored.ram.clear()
    work.page = undefined
  }
  return {
    push: bytes => parser.push(bytes),
    next: () => {
      const command = parser.next()
      if (command === undefined) return undefined
      current = command
      operations = []
      carryOut(work, command)
      return operations
    },
    get current() {
      return current
    },
    get pending() {
      return parser.pending
    },
    reset: () => {
      parser.clear()
      restart()
    },
    clear: () => {
      parser.clear()
      work.line.clear()
      work.page = undefined
    },
  }
}

/** On a page the area that is being filled, else what margin and width leave of the paper. */
function areaOf({ modes, page, paperDots }: Workings): Area {
  const onto = page?.areas.at(-1)
  if (onto !== undefined) return { left: 0, width: widthOf(onto), align: 'left' }
  const left = Math.min(modes.marginDots, paperDots - 12)
  return { left, width: Math.min(modes.areaDots, paperDots - left), align: modes.align }
}

function carryOut(work: Workings, command: Command): void {
  if (!work.modes.selected && command.code !== 'ESC =' && !command.code.startsWith('DLE')) return
  if (!command.known) {
    work.problem('unknown', 'not a command of this printer, or longer than it can take')
    return
  }
  const carry = COMMANDS.get(command.code)
  if (carry === undefined)
    work.problem('unsupported', 'this printer knows the command but lacks the function')
  else carry(work, command.args)
}
