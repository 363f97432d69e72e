declare const brand: unique symbol

/** A nominal type: `Brand<string, 'ProjectName'>` is a string that only its parser can make. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name }

/** A list with at least one element; an empty list never satisfies "all of" or "any of" here. */
export type NonEmpty<T> = readonly [T, ...T[]]

/** Narrows a list to {@link NonEmpty}, or `undefined` when there is nothing in it. */
export function nonEmpty<T>(items: readonly T[]): NonEmpty<T> | undefined {
  const [first, ...rest] = items
  return first === undefined ? undefined : [first, ...rest]
}
