// The accident that is about to happen. It happens once, to the first sale it fits; a sale that it comes too late for
// leaves it to the next one.
import type { Accident, Scene } from './accidents.ts'

type Before = 'beforeSerial' | 'beforePayment'

export class ArmedAccident {
  #armed: Accident | undefined
  /** Has happened; what it does after the sale is still to come. */
  #struck: readonly Accident[] = []

  constructor(accident?: Accident) {
    this.#armed = accident
  }

  get name(): string | undefined {
    return this.#armed?.name
  }

  arm(accident: Accident | undefined): void {
    this.#armed = accident
  }

  /** Takes the accident whose moment this is; undefined when there is none, or when it does not fit the payment. */
  take(when: Before, by?: 'card' | 'cash'): Accident | undefined {
    const accident = this.#armed
    if (!accident?.[when] || (accident.byCard && by === 'cash')) return undefined
    this.#armed = undefined
    if (accident.afterSale) this.#struck = [...this.#struck, accident]
    return accident
  }

  /** The sale is paid. Answers what to say about an accident that found no moment in it. */
  async afterSale(scene: Scene): Promise<string | undefined> {
    const struck = this.#struck
    this.#struck = []
    for (const accident of struck) await accident.afterSale?.(scene)
    if (!this.#armed) return undefined
    const { name, byCard, beforeSerial } = this.#armed
    const moment = beforeSerial
      ? 'before a card’s serial is scanned'
      : byCard
        ? 'in a payment by card'
        : 'before a payment'
    return `Too late for this sale: ${name} happens ${moment}. It stays armed for the next sale`
  }
}
