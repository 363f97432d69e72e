/** Chance that a seed repeats. */
export interface Dice {
  /** from 0 up to and without 1 */
  next(): number
  /** a whole number from `least` to `most` */
  between(least: number, most: number): number
  chance(of: number): boolean
  pick<Item>(items: readonly Item[]): Item
  shuffled<Item>(items: readonly Item[]): readonly Item[]
}

/** Mulberry32: 32 bits of state, good enough to choose mischief by. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0
  const dice: Dice = {
    next() {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
    },
    between: (least, most) => least + Math.floor(dice.next() * (most - least + 1)),
    chance: of => dice.next() < of,
    pick(items) {
      if (items.length === 0) throw new TypeError('there is nothing to pick from')
      return items[Math.floor(dice.next() * items.length)] as (typeof items)[number]
    },
    shuffled(items) {
      const left = [...items]
      return Array.from({ length: left.length }, () => {
        const [item] = left.splice(Math.floor(dice.next() * left.length), 1)
        return item as (typeof items)[number]
      })
    },
  }
  return dice
}
