// The printer without its socket: received bytes go through the real-time watch into the buffer, commands are taken
// from the buffer while the mechanism can print, and a cut makes a sheet. Deterministic; no clock, no file.
import { createInterpreter, type Interpreter } from './interpreter.ts'
import {
  automaticStatus,
  concerns,
  drawerByte,
  identity,
  isOnline,
  type Mechanism,
  paperByte,
  readyMechanism,
  statusByte,
} from './mechanism.ts'
import type { Operation, Problem, Question } from './operations.ts'
import { HEAD_TO_CUTTER_DOTS, Paper, type Sheet } from './paper.ts'
import { type Realtime, RealtimeWatch } from './realtime.ts'
import { matrixSize } from './symbols.ts'

/** Problems that are kept for reading; more are only counted. */
const PROBLEMS_LIMIT = 200

/** The moments of a job at which something can be made to happen: what happens then comes behind what is named. */
export type PrinterPoint =
  /** A line, symbol or picture is on the paper. */
  | 'printed'
  /** A cut comes next; paper that ends here stays uncut. */
  | 'cutting'
  | 'cut'
  /** A question, such as "are you through with the job?", was reached; its answer goes out next. */
  | 'asked'
  | 'answered'
  | 'kicked'

export interface EngineOptions {
  /** Printable dots across: 576 for 80 mm paper, 384 for 58 mm. */
  readonly paperDots: number
  /** Draw what is printed; without it a sheet is text and codes, and has no picture. */
  readonly pictures: boolean
  readonly pin3WhenOpen: 'high' | 'low'
  readonly serial: string
  /** Sends bytes to the register, if one is connected. */
  readonly send: (bytes: Uint8Array) => void
  /** A piece of paper came out. */
  readonly sheet: (sheet: Sheet, end: 'full' | 'partial' | 'torn') => void
  readonly kicked: (pulse: { readonly pin: 2 | 5; readonly onMs: number; readonly offMs: number }) => void
  readonly onPoint?: ((point: PrinterPoint) => void) | undefined
  /** Calls `wake` after `ms`, for a printer that needs time for a line. */
  readonly after: (ms: number, wake: () => void) => void
}

/** What accidents the engine can be told to have at a later moment. */
export interface Ahead {
  /** Lines that still print before the paper ends. */
  linesToPaperEnd: number | undefined
  /** The next cut jams. */
  jamAtCut: boolean
  /** What a line takes from now on; 0 prints at once. */
  msPerLine: number
}

export class Engine {
  readonly body: Mechanism
  readonly ahead: Ahead = { linesToPaperEnd: undefined, jamAtCut: false, msPerLine: 0 }
  readonly problems: Problem[] = []
  problemCount = 0
  readonly #options: EngineOptions
  readonly #interpreter: Interpreter
  readonly #watch = new RealtimeWatch()
  readonly #paper: Paper
  /** Operations of a command that the mechanism stopped in the middle of. */
  #waiting: Operation[] = []
  /** Counts power cycles, so that a line that was under way when the power went does not go on. */
  #life = 0
  #busy = false
  #running = false
  #statusMask = 0
  #told: Uint8Array

  constructor(options: EngineOptions) {
    this.#options = options
    this.body = readyMechanism(options.pin3WhenOpen)
    this.#interpreter = createInterpreter(options.paperDots)
    this.#paper = new Paper(options.paperDots, options.pictures)
    this.#told = automaticStatus(this.body)
  }

  /** Whether it takes commands from its buffer now. */
  get printing(): boolean {
    return isOnline(this.body) && !this.#busy
  }

  /** Bytes in the receive buffer that were not carried out yet. */
  get pending(): number {
    return this.#interpreter.pending
  }

  /** What was printed and not cut off yet. */
  get uncut(): string {
    return this.#paper.text
  }

  receive(bytes: Uint8Array): void {
    const life = this.#life
    let from = 0
    for (const [index, byte] of bytes.entries()) {
      const command = this.#watch.byte(byte)
      if (command === undefined) continue
      this.#interpreter.push(bytes.subarray(from, index + 1))
      from = index + 1
      this.#run()
      if (life !== this.#life) return
      this.#atOnce(command)
    }
    this.#interpreter.push(bytes.subarray(from))
    this.#run()
  }

  /** Changes the mechanism, tells whoever asked to be told, and prints on if that is possible now. */
  change(change: (body: Mechanism) => void): void {
    change(this.body)
    this.#tell()
    this.#run()
  }

  /** Switching off and on: the buffer, the modes and any error are gone, the paper stays as it is. */
  powerCycle(): void {
    this.#interpreter.reset()
    this.#watch.reset()
    this.#waiting = []
    this.#statusMask = 0
    this.#life += 1
    this.#busy = false
    this.ahead.jamAtCut = false
    this.ahead.msPerLine = 0
    this.change(body => {
      body.cutterError = false
      body.offline = false
    })
  }

  /** Somebody tears off what is printed. */
  tear(): void {
    if (!this.#paper.blank) this.#options.sheet(this.#paper.takeOff(true), 'torn')
  }

  /** Takes commands until the buffer is empty or the mechanism stops. What happens meanwhile runs in here, in order. */
  #run(): void {
    if (this.#running) return
    this.#running = true
    try {
      while (this.printing) {
        const operation = this.#waiting.shift()
        if (operation !== undefined) this.#carryOut(operation)
        else {
          const operations = this.#interpreter.next()
          if (operations === undefined) break
          this.#waiting = [...operations]
        }
      }
    } finally {
      this.#running = false
    }
  }

  #carryOut(operation: Operation): void {
    if (operation.kind === 'cut') this.#cut(operation)
    else if (operation.kind === 'kick') this.#kick(operation)
    else if (operation.kind === 'ask') this.#ask(operation)
    else if (operation.kind === 'report-status') this.#reportStatus(operation.mask)
    else if (operation.kind === 'problem') this.#note(operation.problem)
    else this.#print(operation)
  }

  #print(operation: Operation): void {
    const refused = this.#paper.print(operation)
    if (refused !== undefined) {
      const { at, code } = this.#interpreter.current
      this.#note({ at, command: code, kind: 'refused', why: refused })
    }
    if (operation.kind === 'feed') return
    this.#takeTime()
    this.#useUp()
    this.#reached('printed')
  }

  #useUp(): void {
    const left = this.ahead.linesToPaperEnd
    if (left === undefined) return
    this.ahead.linesToPaperEnd = left - 1
    if (left > 1) return
    this.ahead.linesToPaperEnd = undefined
    this.body.paper = 'out'
    this.#tell()
  }

  /** False when what was made to happen here stops the printer before the operation that comes next. */
  #reached(point: PrinterPoint): boolean {
    const life = this.#life
    this.#options.onPoint?.(point)
    return life === this.#life && isOnline(this.body)
  }

  /** Carried out when the printer can go on; forgotten when it was switched off. */
  #putBack(operation: Operation, life: number): void {
    if (life === this.#life) this.#waiting.unshift(operation)
  }

  #takeTime(): void {
    const { msPerLine } = this.ahead
    if (msPerLine === 0) return
    const life = this.#life
    this.#busy = true
    this.#options.after(msPerLine, () => {
      if (life !== this.#life) return
      this.#busy = false
      this.#run()
    })
  }

  #cut(operation: Extract<Operation, { kind: 'cut' }>): void {
    const life = this.#life
    if (!this.#reached('cutting')) return this.#putBack(operation, life)
    if (this.ahead.jamAtCut) {
      this.ahead.jamAtCut = false
      this.#waiting.unshift(operation)
      this.body.cutterError = true
      this.#tell()
      return
    }
    if (operation.toCutter) {
      this.#paper.print({ kind: 'feed', dots: HEAD_TO_CUTTER_DOTS + operation.feedDots, lines: 0 })
    }
    if (!this.#paper.blank) this.#options.sheet(this.#paper.takeOff(false), operation.cut)
    else this.#paper.takeOff(false)
    this.#reached('cut')
  }

  #kick(pulse: { readonly pin: 2 | 5; readonly onMs: number; readonly offMs: number }): void {
    this.#options.kicked({ pin: pulse.pin, onMs: pulse.onMs, offMs: pulse.offMs })
    if (pulse.onMs === 0) return
    this.body.drawer = 'open'
    this.#tell()
    this.#reached('kicked')
  }

  #ask(operation: Extract<Operation, { kind: 'ask' }>): void {
    const life = this.#life
    if (!this.#reached('asked')) return this.#putBack(operation, life)
    this.#answer(operation.question)
    this.#reached('answered')
  }

  #answer(question: Question): void {
    if (question.about === 'paper') this.#say([paperByte(this.body)])
    else if (question.about === 'drawer') this.#say([drawerByte(this.body)])
    else if (question.about === 'mark') this.#say([0x37, 0x22, ...question.id, 0])
    else if (question.about === 'identity') {
      const answer = identity(question.n, this.#options.serial)
      if (answer !== undefined) this.#say(answer)
    } else {
      const size = question.matrix === undefined ? undefined : matrixSize(question.matrix)
      const text = `${question.cn === 48 ? '/' : '6'}${size?.width ?? 0}\x1f${size?.height ?? 0}\x1f1\x1f${size ? 0 : 1}`
      this.#say([0x37, ...Buffer.from(text, 'latin1'), 0])
    }
  }

  #atOnce(command: Realtime): void {
    if (command.kind === 'status') this.#say([statusByte(this.body, command.n)])
    else if (command.kind === 'pulse') this.#kick(command)
    else {
      if (command.kind === 'clear' || command.clear) {
        this.#interpreter.clear()
        this.#waiting = []
      }
      if (this.body.cutterError && command.kind === 'recover') this.change(body => (body.cutterError = false))
    }
  }

  #reportStatus(mask: number): void {
    this.#statusMask = mask
    this.#told = automaticStatus(this.body)
    if (mask !== 0) this.#say(this.#told)
  }

  /** Automatic status back, if the state changed in what the register wants to know. */
  #tell(): void {
    const now = automaticStatus(this.body)
    const before = this.#told
    this.#told = now
    if (concerns(this.#statusMask, before, now)) this.#say(now)
  }

  #say(bytes: ArrayLike<number>): void {
    this.#options.send(Uint8Array.from(bytes))
  }

  #note(problem: Problem): void {
    this.problemCount += 1
    if (this.problems.length < PROBLEMS_LIMIT) this.problems.push(problem)
  }
}
