// What the register process and the one that plays cashier and customer say to each other: one JSON object a line.
import type { DeviceHealth } from '@cashdesk/kernel'
import type {
  DayEnd,
  Ended,
  ErrorReport,
  PaymentResult,
  PromptView,
  Recovered,
  SaleView,
  TaskView,
} from '@cashdesk/sdk'

/** What can be asked of the register: what is given, and what it answers. */
interface Calls {
  readonly open: {
    readonly given: { readonly sale: string; readonly operator: string }
    readonly answer: SaleView
  }
  readonly answer: {
    readonly given: { readonly sale: string; readonly prompt: string; readonly value: string }
    readonly answer: SaleView
  }
  readonly voidLine: {
    readonly given: { readonly sale: string; readonly line: string }
    readonly answer: SaleView
  }
  readonly reopen: { readonly given: { readonly sale: string }; readonly answer: SaleView }
  readonly pay: {
    readonly given: {
      readonly sale: string
      readonly id: string
      readonly by: 'card' | 'cash'
      readonly given?: number
    }
    readonly answer: PaymentResult
  }
  /** Waits on for a payment that was `unknown`. */
  readonly payment: {
    readonly given: { readonly sale: string; readonly id: string }
    readonly answer: PaymentResult
  }
  readonly cancel: {
    readonly given: { readonly sale: string; readonly reason: string }
    readonly answer: SaleView
  }
  readonly finish: { readonly given: { readonly sale: string }; readonly answer: Ended }
  readonly print: { readonly given: { readonly sale: string }; readonly answer: SaleView['paper'] }
  readonly view: { readonly given: { readonly sale: string }; readonly answer: SaleView }
  readonly idle: { readonly given: { readonly timeoutMs: number }; readonly answer: boolean }
  /** A person settles a task, with one of the task's own actions. */
  readonly resolve: {
    readonly given: {
      readonly task: string
      readonly action: string
      readonly operator: string
      readonly reason: string
    }
    readonly answer: readonly TaskView[]
  }
  readonly standing: { readonly given: Record<never, never>; readonly answer: Standing }
  readonly endOfDay: { readonly given: Record<never, never>; readonly answer: DayEnd }
  /** For the accident `kill-before-ack`: stand still once the next approval is durable, until somebody kills it. */
  readonly standStill: { readonly given: { readonly at: 'approved' }; readonly answer: true }
}

export type CallName = keyof Calls
export type Given<Name extends CallName> = Calls[Name]['given']
export type Answer<Name extends CallName> = Calls[Name]['answer']

/** How the till stands. */
interface Standing {
  readonly recovered: readonly Recovered[]
  readonly unfinished: readonly SaleView[]
  readonly tasks: readonly TaskView[]
  readonly devices: readonly DeviceHealth[]
  readonly journal: { readonly dir: string; readonly records: number }
}

/** One line to the register. */
export type Request<Name extends CallName = CallName> = {
  readonly [name in Name]: { readonly id: number; readonly call: name; readonly given: Given<name> }
}[Name]

/** What the register says without being asked. */
export type RegisterEvent =
  | { readonly event: 'changed'; readonly sale: string; readonly view: SaleView; readonly records: number }
  | { readonly event: 'prompt'; readonly sale: string; readonly prompt: PromptView }
  | { readonly event: 'refused'; readonly sale?: string; readonly error: ErrorReport }
  | { readonly event: 'message'; readonly sale: string; readonly text: string }
  | { readonly event: 'standing-still'; readonly sale: string }

/** One line from the register. */
export type Reply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: ErrorReport }
  | RegisterEvent
