import { globsMeet, matchesName } from '../base/glob.ts'
import type { SourceName } from '../base/source-name.ts'
import type { ProjectName } from '../packaging/name.ts'

/** What a source may be asked. Globs are over names in PEP 503 normal form. */
export interface SourceRule {
  readonly name: SourceName
  /** names that are asked of nobody else */
  readonly owns: readonly string[]
  /** all that it is ever asked; `undefined`: everything that nobody owns */
  readonly only: readonly string[] | undefined
}

/** Whom an index may ask about a name. */
export type Askable =
  | { readonly kind: 'owned'; readonly by: SourceName }
  /** owned by a source that this index does not have: nobody is asked */
  | { readonly kind: 'elsewhere'; readonly by: SourceName }
  /** the first of them that has it; perhaps nobody may be asked */
  | { readonly kind: 'in-order'; readonly sources: readonly SourceName[] }

/**
 * Whom an index with the sources `here`, in its order, may ask about a project. Ownership counts `everywhere`: that an index lacks
 * the owner is no reason to tell anybody else of the name.
 */
export function askable(
  project: ProjectName,
  { here, everywhere }: { readonly here: readonly SourceRule[]; readonly everywhere: readonly SourceRule[] },
): Askable {
  const owner = ownerOf(project, everywhere)
  if (owner !== undefined) return { kind: here.some(({ name }) => name === owner) ? 'owned' : 'elsewhere', by: owner }
  const sources = here.filter(({ only }) => only === undefined || matchesAny(only, project))
  return { kind: 'in-order', sources: sources.map(({ name }) => name) }
}

/** The sources that an index may ask about a project before it asks this one; `undefined` where nothing is asked in order. */
export function askedBefore(
  source: SourceName,
  project: ProjectName,
  rules: { readonly here: readonly SourceRule[]; readonly everywhere: readonly SourceRule[] },
): readonly SourceName[] | undefined {
  const whom = askable(project, rules)
  if (whom.kind !== 'in-order' || !whom.sources.includes(source)) return undefined
  return whom.sources.slice(0, whom.sources.indexOf(source))
}

/** Who owns the name, wherever it is asked for. */
export function ownerOf(project: ProjectName, everywhere: readonly SourceRule[]): SourceName | undefined {
  return everywhere.find(({ owns }) => matchesAny(owns, project))?.name
}

/** Whether somebody owns the name, so that no packet about it may leave for anybody else. */
export function isOwned(project: ProjectName, everywhere: readonly SourceRule[]): boolean {
  return everywhere.some(({ owns }) => matchesAny(owns, project))
}

/** A name that two sources own, by the globs that meet in it. */
export interface OwnedTwice {
  readonly by: readonly [SourceName, SourceName]
  readonly globs: readonly [string, string]
}

export function ownedTwice(rules: readonly SourceRule[]): readonly OwnedTwice[] {
  return rules.flatMap((one, index) =>
    rules
      .slice(index + 1)
      .flatMap(other =>
        one.owns.flatMap(left =>
          other.owns.flatMap((right): readonly OwnedTwice[] =>
            globsMeet(left, right) ? [{ by: [one.name, other.name], globs: [left, right] }] : [],
          ),
        ),
      ),
  )
}

/** The globs of `owns` that `only` does not hold whole: names of which the owner alone may be asked, and is not. */
export function ownedInVain({ owns, only }: Pick<SourceRule, 'owns' | 'only'>): readonly string[] {
  if (only === undefined) return []
  // a star in the glob is matched by nothing but a star, so that a match means containment
  return owns.filter(glob => !matchesAny(only, glob))
}

function matchesAny(globs: readonly string[], text: string): boolean {
  return globs.some(glob => matchesName(glob, text))
}
