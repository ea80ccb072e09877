// One lane of the supervisor: a shop, the register that stands in it, and the trials it dies in. Every death is followed
// by another life on the same files, until one comes to rest; then a third process verifies.
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RegisterProcess, Spares } from './register-process.ts'
import { Shop } from './shop.ts'
import { Trial, type TrialPlan, type TrialResult } from './trial.ts'
import type { Verifier } from './verifier-process.ts'
import type { Violation } from './verify.ts'

export class Lane {
  readonly #dir: string
  readonly #spares: Spares
  readonly #verifier: Verifier
  #shop: Shop | undefined
  #register: RegisterProcess | undefined
  #shops = 0

  constructor(dir: string, spares: Spares, verifier: Verifier) {
    this.#dir = dir
    this.#spares = spares
    this.#verifier = verifier
  }

  async trial(plan: TrialPlan): Promise<TrialResult> {
    const shop = await this.#openShop(plan)
    const started = performance.now()
    const trial = new Trial(plan, shop, this.#spares)
    const { result, last } = await trial.run(await this.#registerFor(plan, shop))
    this.#register = last
    const { violations, evidence } = await this.#verify(trial, result.violations)
    // An open task stays in its journal, and would be found in every later trial.
    if (violations.length > 0 || trial.leavesTasks || plan.fresh) await this.#leaveShop()
    else await shop.heal()
    const tookMs = performance.now() - started
    return { ...result, tookMs, violations, ...(evidence === undefined ? {} : { evidence }) }
  }

  async #verify(
    trial: Trial,
    before: readonly Violation[],
  ): Promise<{ readonly violations: readonly Violation[]; readonly evidence?: string }> {
    const witnesses = trial.witnesses()
    const verdict = await this.#verifier.judge(witnesses)
    const violations = [...before, ...verdict.violations]
    if (violations.length === 0) return { violations }
    const evidence = verdict.evidence ?? { witnesses }
    return { violations, evidence: await trial.keep(join(this.#dir, '..', 'evidence'), violations, evidence) }
  }

  /** A till that never was opened belongs into a shop whose terminal has no history either. */
  async #openShop(plan: TrialPlan): Promise<Shop> {
    const shop = this.#shop
    const { fresh } = plan
    const smallJournal = plan.smallJournal === true
    if (shop && !fresh && !shop.isOld && shop.smallJournal === smallJournal) return shop
    await this.#leaveShop()
    this.#shops += 1
    const dir = join(this.#dir, `shop-${this.#shops}`)
    await mkdir(dir, { recursive: true })
    this.#shop = await Shop.open(dir, smallJournal)
    return this.#shop
  }

  /** One whose till is open; or, for a first start, one that has not opened anything. */
  async #registerFor(plan: TrialPlan, shop: Shop): Promise<RegisterProcess> {
    if (plan.fresh) await this.#leaveRegister()
    if (this.#register) return this.#register
    const register = await this.#spares.take()
    if (plan.fresh) return register
    // A new journal makes its second segment while it works already: opened twice, that is not mixed into the trials.
    for (const order of ['open', 'close', 'open'] as const) {
      const answered = new Promise<void>(resolve => {
        register.hear = said => {
          if (said.said === 'open' || said.said === 'closed') resolve()
        }
      })
      register.tell(order === 'open' ? { order, place: shop.place } : { order })
      await Promise.race([answered, register.gone])
    }
    return register
  }

  async #leaveRegister(): Promise<void> {
    this.#register?.kill()
    await this.#register?.gone
    this.#register = undefined
  }

  async #leaveShop(): Promise<void> {
    const shop = this.#shop
    this.#shop = undefined
    await this.#leaveRegister()
    await shop?.close()
    if (shop) await rm(shop.dir, { recursive: true, force: true, maxRetries: 3 })
  }

  async close(): Promise<void> {
    await this.#leaveShop()
  }
}
