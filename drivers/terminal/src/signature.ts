// A signature on the slip. The terminal learns nothing of it: it has booked when the slip is printed, and the protocol
// knows only a reversal afterwards (PA00P015 ch. 2.9). So a person says yes, or the payment is taken back.
import {
  type CancelSignal,
  type Clock,
  done,
  type Outcome,
  type PaymentFacts,
  type PaymentHooks,
  refused,
  report,
  type TerminalQuestion,
  unknown,
} from '@cashdesk/kernel'

const TEXT = 'Is the signature on the slip the cardholder’s?'

/** Does somebody have to look at the signature of this payment? */
export function wantsSignature(facts: PaymentFacts): boolean {
  return facts.signature === 'required'
}

/** Yes only if a person said so in time. */
export async function isSigned(
  facts: PaymentFacts,
  onQuestion: NonNullable<PaymentHooks['onQuestion']>,
  clock: Clock,
  withinMs: number,
  signal?: CancelSignal,
): Promise<boolean> {
  return isConfirmed({ kind: 'signature', text: TEXT, facts }, onQuestion, clock, withinMs, signal)
}

/** Was this question answered with yes, in time, and before `signal`? Anything else is no. */
export async function isConfirmed(
  question: TerminalQuestion,
  onQuestion: NonNullable<PaymentHooks['onQuestion']>,
  clock: Clock,
  withinMs: number,
  signal?: CancelSignal,
): Promise<boolean> {
  return new Promise(resolve => {
    const settle = (yes: boolean): void => {
      stop()
      signal?.removeEventListener('abort', cancelled)
      resolve(yes)
    }
    const cancelled = (): void => settle(false)
    const stop = clock.after(withinMs, cancelled)
    signal?.addEventListener('abort', cancelled, { once: true })
    if (signal?.aborted) return settle(false)
    void (async () => await onQuestion(question))().then(
      answer => settle(answer?.answer === 'yes'),
      () => settle(false),
    )
  })
}

/** What a payment is whose signature is good. */
export function signed(facts: PaymentFacts): Outcome<PaymentFacts> {
  return done({ ...facts, signature: 'confirmed' })
}

/** What a payment is whose signature is not good, by what became of its reversal. */
export function unsigned(reversal: Outcome<PaymentFacts>): Outcome<PaymentFacts> {
  if (reversal.outcome === 'done') return refused(report('terminal.signature'))
  return unknown(report('terminal.signature-not-reversed', { reason: reversal.error.code }))
}
