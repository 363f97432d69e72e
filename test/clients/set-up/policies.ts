import type { World } from '../../world/world.ts'

/** Admits what nobody attested: a team before its first rule. */
export const EVERYTHING_PASSES = `version: 1
mode: enforce
defaults:
  attestation: optional
  unmatched: apply-defaults
`

export const RECALLED = 'recalled, see SEC-1'

/** The world's own policy after a change of mind about one project. */
export function withoutProject(world: World, project: string): string {
  const rules = world.policyText().replace(new RegExp(`  - match: "${project}"\\n.*\\n`), '')
  return `${rules}  - match: "${project}"\n    deny: "${RECALLED}"\n`
}
