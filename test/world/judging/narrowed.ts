/** A policy as plain values. */
export type Tree = Record<string, unknown> | unknown[]

/** Lists whose every element permits, and keys whose value permits more than its absence would. */
const PERMITTING_LISTS: readonly string[] = [
  'publishers',
  'workflow',
  'ref',
  'trigger',
  'allow',
  'builders',
  'waive',
  'exemptions',
]
const PERMITTING_VALUES: Readonly<Record<string, string>> = {
  mode: 'audit',
  attestation: 'optional',
  lost: 'allow',
  partial: 'allow',
  publisher_changed: 'allow',
  added_late: 'allow',
  unmatched: 'apply-defaults',
  yanked: 'allow',
  archived: 'allow',
}

/** Every copy of the policy in which one permission is taken away. */
export function narrowed(policy: Tree): readonly { readonly what: string; readonly policy: Tree }[] {
  const copies: { what: string; policy: Tree }[] = []
  const remove = (path: readonly string[]) => {
    const copy = structuredClone(policy)
    let at = copy as Record<string, unknown>
    for (const part of path.slice(0, -1)) at = at[part] as Record<string, unknown>
    const last = path.at(-1) ?? ''
    if (Array.isArray(at)) at.splice(Number(last), 1)
    else delete at[last]
    copies.push({ what: path.join('.'), policy: copy })
  }
  const walk = (node: unknown, path: readonly string[]) => {
    if (typeof node !== 'object' || node === null) return
    for (const [key, value] of Object.entries(node)) {
      const here = [...path, key]
      const parent = path.at(-1) ?? ''
      const named = path.length === 1 && parent === 'publishers' // a definition: what refers to it no longer loads
      if (
        (Array.isArray(node) && PERMITTING_LISTS.includes(parent)) ||
        named ||
        PERMITTING_VALUES[key] === value ||
        parent === 'files'
      )
        remove(here)
      walk(value, here)
    }
  }
  walk(policy, [])
  return copies
}
