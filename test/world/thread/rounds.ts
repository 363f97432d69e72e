import type { Test } from 'tap'

/** What was measured in a round, by name: ms, bytes, counts of turns. */
type Figures<Name extends string> = Readonly<Record<Name, number>>

/** A machine that stands still for most of a round does not do so ten times in a row. */
const MOST = 10

/**
 * Judges what is measured and cannot be counted. Another process, a collection of garbage or a pause of the machine makes a figure worse
 * and never better, so it is measured anew until a round holds, or the least that was seen of each figure does; what is slow in
 * itself is slow in every round. Everything that is compared is measured in the same round, one after the other, and what is asserted
 * of answers meanwhile is asserted in each.
 */
export async function inAnyRound<Name extends string>(
  t: Test,
  what: string,
  measure: (round: number) => Promise<Figures<Name>>,
  holds: (figures: Figures<Name>) => boolean,
): Promise<void> {
  const rounds: string[] = []
  let least: Figures<Name> | undefined
  while (rounds.length < MOST) {
    const figures = await measure(rounds.length)
    rounds.push(told(figures))
    least = leastOf(figures, least ?? figures)
    if (!holds(figures) && !holds(least)) continue
    t.comment(`${what}, in round ${rounds.length}: ${rounds.at(-1)}`)
    t.pass(what)
    return
  }
  t.fail(`${what}: in none of ${rounds.length} rounds`, { rounds })
}

function leastOf<Name extends string>(one: Figures<Name>, other: Figures<Name>): Figures<Name> {
  const least: Record<Name, number> = { ...one }
  for (const name in least) least[name] = Math.min(one[name], other[name])
  return least
}

function told(figures: Readonly<Record<string, number>>): string {
  return Object.entries(figures)
    .map(([name, figure]) => `${name} ${figure.toFixed(1)}`)
    .join(', ')
}
