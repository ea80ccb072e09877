// Chance that can be had again: the same seed gives the same choices.

/** A number in [0, 1) at each call (mulberry32). */
export type Chance = () => number

export function chanceOf(seed: number): Chance {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A whole number from 1 to `most`. */
export function oneTo(most: number, chance: Chance): number {
  return 1 + Math.floor(chance() * most)
}

export function shuffled<Value>(values: readonly Value[], chance: Chance): readonly Value[] {
  const all = [...values]
  for (let index = all.length - 1; index > 0; index -= 1) {
    const other = Math.floor(chance() * (index + 1))
    const [one, two] = [all[index], all[other]]
    if (one === undefined || two === undefined) continue
    all[index] = two
    all[other] = one
  }
  return all
}
