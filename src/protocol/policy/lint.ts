import { literalPrefix, matchesName } from '../../domain/base/glob.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Policy, Rule } from '../../domain/policy/policy.ts'
import type { Diagnostic } from '../yaml/diagnostic.ts'
import type { PolicyContents } from './compile.ts'

/** Names in one warning. */
const MOST_NAMED = 5
/** Shorter names are all alike. */
const SHORTEST = 4

/**
 * What a policy looks like beside the names that a gate was asked for: globs that decide none of them, and names that look
 * like one that a rule names and that another rule, or none, decides.
 */
export function lintSeen(
  { rules }: Pick<PolicyContents, 'rules'>,
  policy: Pick<Policy, 'ruleFor' | 'ruleAt' | 'sources'>,
  seen: readonly ProjectName[],
): readonly Diagnostic[] {
  if (seen.length === 0) return []
  const exact = rules.filter(({ match }) => match !== undefined && literalPrefix(match) === match)
  const alike = namesAlike(exact, seen)
  return rules.flatMap(rule => {
    const { match = '' } = rule
    if (literalPrefix(match) !== match) return lintGlob(rule, match, policy, seen)
    return lintName(rule, match, alike.get(match) ?? [], seen)
  })
}

function lintGlob(
  rule: Rule,
  match: string,
  policy: Pick<Policy, 'ruleFor' | 'ruleAt' | 'sources'>,
  seen: readonly ProjectName[],
): readonly Diagnostic[] {
  const matched = seen.filter(name => matchesName(match, name))
  if (matched.length === 0)
    return [warning(rule, `"${match}" matches none of the ${seen.length} projects that the gate was asked for`)]
  const sources = [undefined, ...policy.sources]
  const decides = (name: ProjectName) =>
    sources.some(source => policy.ruleFor(name, source) === policy.ruleAt(rule, source))
  if (matched.some(decides)) return []
  return [warning(rule, `"${match}" decides nothing: more exact rules take all that it matches (${named(matched)})`)]
}

function lintName(rule: Rule, match: string, alike: readonly string[], seen: readonly string[]): readonly Diagnostic[] {
  if (alike.length === 0) return []
  const asked = seen.includes(match) ? '' : `, and "${match}" was not`
  return [
    warning(rule, `the gate was asked for ${named(alike)}, which looks like "${match}"${asked}: a slip, or a trap`),
  ]
}

/** By the name of a rule: names that no rule names and that differ from it in one letter, in two that changed places, or in dashes. */
function namesAlike(rules: readonly Rule[], seen: readonly ProjectName[]): ReadonlyMap<string, readonly string[]> {
  const names = new Set(rules.map(({ match = '' }) => match))
  const byShape = new Map<string, Set<string>>()
  for (const name of names)
    for (const shape of shapesOf(name)) byShape.set(shape, (byShape.get(shape) ?? new Set()).add(name))
  const alike = new Map<string, string[]>()
  for (const name of seen) {
    if (names.has(name)) continue
    const found = new Set(shapesOf(name).flatMap(shape => [...(byShape.get(shape) ?? [])]))
    for (const other of found) alike.set(other, [...(alike.get(other) ?? []), name])
  }
  return alike
}

/** Two names that share a shape look alike: the name itself, with letters for digits and without dashes, and each with one letter left out. */
function shapesOf(name: string): readonly string[] {
  if (name.length < SHORTEST) return []
  const plain = name.replaceAll('0', 'o').replaceAll('1', 'l').replaceAll('-', '')
  return [plain, ...Array.from(plain, (_, index) => `${plain.slice(0, index)}${plain.slice(index + 1)}`)]
}

function named(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED).join(', ')
  return names.length > MOST_NAMED ? `${shown} and ${names.length - MOST_NAMED} more` : shown
}

function warning({ ref }: Rule, message: string): Diagnostic {
  const [path = ''] = ref.id.split(' ')
  return { file: ref.file, line: ref.line, column: 1, path, message }
}
