/** What a change does: more is admitted, less is, or something else. */
export type Effect = 'wider' | 'stricter' | 'other'

/** One difference between two policies, in meaning. */
export interface Change {
  readonly effect: Effect
  readonly text: string
}

/** What was added to a set and what was removed, an item each; `what` stands before it, where it is not empty. */
export function compareSets(
  what: string,
  old: readonly string[],
  fresh: readonly string[],
  adding: 'wider' | 'stricter',
): readonly Change[] {
  const removing: Effect = adding === 'wider' ? 'stricter' : 'wider'
  const head = what === '' ? '' : `${what}: `
  const [before, after] = [new Set(old), new Set(fresh)]
  return [
    ...fresh
      .filter(item => !before.has(item))
      .map((item): Change => ({ effect: adding, text: `${head}${item} was added` })),
    ...old.filter(item => !after.has(item)).map(item => ({ effect: removing, text: `${head}${item} was removed` })),
  ]
}
