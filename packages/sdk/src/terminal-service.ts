// What a terminal does besides taking money: looking, printing again, speaking with its host. A payment whose end nobody
// knows comes first: it is the terminal's last transaction, and what disturbs that waits.
import type { Lane } from '@cashdesk/checkout'
import type {
  AgeCheck,
  CancelSignal,
  Clock,
  ErrorReport,
  OperationId,
  Outcome,
  PaymentFacts,
  Random,
  Terminal,
  TerminalNotice,
  TerminalPrintLine,
  TerminalServiceHooks,
} from '@cashdesk/kernel'
import { CashdeskError, maskCardNumbers, refused, report, reportOf, unknown } from '@cashdesk/kernel'
import type { Listeners } from './listeners.ts'
import { operationOf } from './stamp.ts'

/** What not every terminal can. */
const OPTIONAL = [
  'reserve',
  'book',
  'release',
  'reprint',
  'diagnose',
  'initialise',
  'checkAge',
  'setTime',
  'status',
  'logOff',
] as const

export type TerminalCapability = (typeof OPTIONAL)[number]

export interface TerminalServiceOptions {
  readonly terminal: Terminal | undefined
  readonly newOperation: () => OperationId
  /** Why no device takes anything now. */
  readonly closed: () => ErrorReport | undefined
  /** Why nothing may be put over the terminal's last transaction. */
  readonly blocked: () => ErrorReport | undefined
  /** The register's screen and paper meanwhile. */
  readonly screen: (op: OperationId) => TerminalServiceHooks
}

export interface ServiceCall {
  /** Ends what runs, if it is not too late. */
  readonly signal?: CancelSignal
  /** The terminal asks something: how old the customer is, by a document. Absent, or no fitting answer: no. */
  readonly onQuestion?: NonNullable<TerminalServiceHooks['onQuestion']>
}

export class TerminalService {
  readonly #options: TerminalServiceOptions

  /** Made by a till, or by `openDevices`. */
  constructor(options: TerminalServiceOptions) {
    this.#options = options
  }

  /** What this terminal can besides `pay`, `refund`, `reverse` and `endOfDay`. */
  get capabilities(): readonly TerminalCapability[] {
    const { terminal } = this.#options
    return OPTIONAL.filter(name => terminal?.[name] !== undefined)
  }

  /** The last transaction in the terminal's own book; null if it has none. Looks only. */
  last(): Promise<Outcome<PaymentFacts | null>> {
    return this.#look(terminal => terminal.last())
  }

  /** How the terminal is. Looks only. */
  status(): Promise<Outcome<TerminalNotice>> {
    return this.#look(terminal => terminal.status?.())
  }

  /** Its last slip once more, marked as a copy: as `slip`, or on its own paper. */
  reprint(call: ServiceCall = {}): Promise<Outcome<TerminalNotice>> {
    return this.#work(call, (terminal, op, hooks) => terminal.reprint?.(op, hooks))
  }

  /** Lets it speak with its host: keys, limits, its clock. Takes minutes. */
  diagnose(call: ServiceCall = {}): Promise<Outcome<TerminalNotice>> {
    return this.#work(call, (terminal, op, hooks) => terminal.diagnose?.(op, hooks))
  }

  /** Sets it up anew at its host. Takes minutes. */
  initialise(call: ServiceCall = {}): Promise<Outcome<TerminalNotice>> {
    return this.#work(call, (terminal, op, hooks) => terminal.initialise?.(op, hooks))
  }

  /** Is the customer at least so many years old, by the card? */
  checkAge(years: number, call: ServiceCall = {}): Promise<Outcome<AgeCheck>> {
    return this.#work(call, (terminal, op, hooks) => terminal.checkAge?.(op, years, hooks))
  }

  /** @param time `YYYY-MM-DDTHH:MM:SS`, local */
  setTime(time: string): Promise<Outcome<TerminalNotice>> {
    return this.#work({}, (terminal, op) => terminal.setTime?.(op, time))
  }

  /** Makes it its own master until the next order. */
  logOff(): Promise<Outcome<TerminalNotice>> {
    return this.#work({}, terminal => terminal.logOff?.())
  }

  #look<Data>(look: (terminal: Terminal) => Promise<Outcome<Data>> | undefined): Promise<Outcome<Data>> {
    return this.#asked(this.#options.closed(), look)
  }

  #work<Data>(
    { signal, onQuestion }: ServiceCall,
    work: (
      terminal: Terminal,
      op: OperationId,
      hooks: TerminalServiceHooks,
    ) => Promise<Outcome<Data>> | undefined,
  ): Promise<Outcome<Data>> {
    const { closed, blocked, newOperation, screen } = this.#options
    return this.#asked(closed() ?? blocked(), terminal => {
      const op = newOperation()
      return work(terminal, op, {
        ...screen(op),
        ...(signal ? { signal } : {}),
        ...(onQuestion ? { onQuestion } : {}),
      })
    })
  }

  async #asked<Data>(
    wrong: ErrorReport | undefined,
    ask: (terminal: Terminal) => Promise<Outcome<Data>> | undefined,
  ): Promise<Outcome<Data>> {
    const { terminal } = this.#options
    if (wrong || !terminal) return refused(wrong ?? report('terminal.absent', { reason: 'none configured' }))
    try {
      return (await ask(terminal)) ?? refused(report('terminal.cannot'))
    } catch (thrown) {
      return unknown(reportOf(thrown, 'terminal.no-answer'))
    }
  }
}

/** Operations that are money at the terminal, or its books. */
const AT_TERMINAL: ReadonlySet<string> = new Set(['pay', 'payback', 'reverse', 'end-of-day'])

/** The terminal of a till: its own work comes first, and slips go where its slips go. */
export function tillTerminal({
  terminal,
  clock,
  random,
  listeners,
  lane,
  isOpen,
}: {
  readonly terminal: Terminal | undefined
  readonly clock: Clock
  readonly random: Random
  readonly listeners: Listeners
  readonly lane: Lane
  readonly isOpen: () => boolean
}): TerminalService {
  const onPrint = async (lines: readonly TerminalPrintLine[]): Promise<void> => {
    // The terminal is not told that somebody keeps what nobody hears.
    if (!listeners.has('slip'))
      throw new CashdeskError('printer.absent', { reason: 'nobody listens to `slip`' })
    listeners.emit(
      'slip',
      lines.map(line => ({ ...line, text: maskCardNumbers(line.text) })),
    )
  }
  return new TerminalService({
    terminal,
    newOperation: () => operationOf(clock, random),
    closed: () => (isOpen() ? undefined : report('register.closed')),
    blocked: () => {
      const open = [...lane.operations.values()].find(({ kind }) => AT_TERMINAL.has(kind))
      return open && report('terminal.blocked', { op: open.op })
    },
    screen: () => ({ onPrint }),
  })
}
