// What a cashier reads off the screen.
import type { SaleView } from '@cashdesk/sdk'

/** Nothing is under way that the next payment would have to wait for. */
export function settledForNow(view: SaleView): boolean {
  if (view.state === 'open') return view.waitsFor.every(each => each === 'prompt')
  if (view.state !== 'tendering') return true
  if (!view.ready && view.prompts.length === 0) return false
  return view.payments.every(({ state }) => state !== 'sent' && state !== 'approved' && state !== 'reversing')
}
