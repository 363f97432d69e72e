import fc from 'fast-check'
import t from 'tap'
import { formatDiagnostic } from '../../src/protocol/diagnostic.ts'
import { loadPolicy } from '../../src/protocol/policy-yaml.ts'
import { ARTIFACTS, admits, FINDINGS, policies } from '../world/any-policy.ts'
import { listed, NOW } from '../world/judging.ts'
import { noRoots } from '../world/roots.ts'

const RUNS = { numRuns: 150 }
/** Every pair of file and finding that the policy admits; none when it does not load. */
function admittedBy(policy: unknown): ReadonlySet<string> {
  const loaded = loadPolicy([{ path: 'p', text: JSON.stringify(policy) }], NOW, noRoots) // JSON is YAML
  const admitted = new Set<string>()
  if ('diagnostics' in loaded) return admitted
  for (const [a, artifact] of ARTIFACTS.entries())
    for (const [f, finding] of FINDINGS.entries())
      if (admits(artifact, finding, loaded.policy)) admitted.add(`${a} ${f}`)
  return admitted
}

type Tree = Record<string, unknown> | unknown[]

/** Lists whose every element permits, and keys whose value permits more than its absence would. */
const PERMITTING_LISTS: readonly string[] = ['publishers', 'workflow', 'ref', 'trigger', 'allow', 'waive', 'exemptions']
const PERMITTING_VALUES: Readonly<Record<string, string>> = {
  attestation: 'optional',
  unmatched: 'apply-defaults',
  yanked: 'allow',
  archived: 'allow',
}

/** Every copy of the policy in which one permission is taken away. */
function narrowed(policy: Tree): readonly { readonly what: string; readonly policy: Tree }[] {
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

t.test('taking a permission away never admits more', async t => {
  let loaded = 0
  let narrowings = 0
  let effects = 0
  fc.assert(
    fc.property(policies, policy => {
      const tree = JSON.parse(JSON.stringify(policy)) as Tree
      const before = admittedBy(tree)
      if (before.size > 0) loaded += 1
      for (const { what, policy: less } of narrowed(tree)) {
        const after = admittedBy(less)
        narrowings += 1
        if (after.size < before.size) effects += 1
        const gained = [...after].filter(pair => !before.has(pair))
        if (before.size > 0 && gained.length > 0) throw new Error(`without ${what} it also admits ${gained.join(', ')}`)
      }
    }),
    RUNS,
  )
  t.ok(loaded > 10 && effects > 50, 'and the policies are not empty', { loaded, narrowings, effects })
})

t.test('a rule taken away under deny admits nothing that no wider glob admits', async t => {
  fc.assert(
    fc.property(policies, fc.nat(2), (policy, index) => {
      const tree = JSON.parse(
        JSON.stringify({ ...policy, defaults: { ...policy.defaults, unmatched: 'deny' } }),
      ) as typeof policy
      const before = admittedBy(tree)
      const gone = tree.projects[index]
      if (
        before.size === 0 ||
        gone === undefined ||
        gone.match === 'acme-*' ||
        tree.projects.some(({ match }) => match === '*')
      )
        return
      const after = admittedBy({ ...tree, projects: tree.projects.filter(other => other !== gone) })
      if ([...after].some(pair => !before.has(pair))) throw new Error('admits more')
    }),
    RUNS,
  )
  t.pass('under deny')
})

t.test('an empty list that permits never loads', async t => {
  const good = {
    version: 1,
    publishers: {
      one: {
        kind: 'github',
        repository: 'acme/pkg',
        workflow: ['a.yml'],
        ref: ['refs/tags/*'],
        trigger: ['push'],
        signer: { workflow: 'a/b/.github/workflows/c.yml', ref: ['refs/tags/*'] },
      },
    },
    defaults: { predicates: { allow: ['publish/v1'] } },
    projects: [{ match: 'pkg', publishers: ['one'], predicates: { require: ['publish/v1'], allow: ['publish/v1'] } }],
    exemptions: [
      {
        id: 'E',
        project: 'pkg',
        waive: ['status'],
        files: { 'pkg-1.0.0.tar.gz': `sha256:${listed().sha256}` },
        reason: 'r',
        owner: 'o',
        expires: '2027-01-01',
      },
    ],
  }
  const load = (policy: unknown) => loadPolicy([{ path: 'p', text: JSON.stringify(policy) }], NOW, noRoots)
  t.ok('policy' in load(good))
  const emptied: string[] = []
  const walk = (node: unknown, path: readonly string[]) => {
    if (typeof node !== 'object' || node === null) return
    for (const [key, value] of Object.entries(node)) {
      const here = [...path, key]
      walk(value, here)
      if (!Array.isArray(value) && key !== 'files') continue
      const copy = structuredClone(good) as unknown as Record<string, unknown>
      let at = copy
      for (const part of path) at = at[part] as Record<string, unknown>
      at[key] = Array.isArray(value) ? [] : {}
      const result = load(copy)
      const harmless = key === 'require' || key === 'exemptions' // these demand nothing, or permit nothing
      t.equal('policy' in result, harmless, here.join('.'))
      if ('diagnostics' in result) emptied.push(...result.diagnostics.map(formatDiagnostic))
    }
  }
  walk(good, [])
  t.equal(emptied.filter(told => told.includes('must not be empty')).length, 10)
})

t.test('whatever the text, loading ends in a policy or in diagnostics', async t => {
  const words = fc.constantFrom(
    'version',
    ': ',
    '1',
    '\n',
    '  ',
    '- ',
    'projects',
    'match',
    'pkg',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '*',
    '&a',
    '!!str',
    '#',
    ',',
    'publishers',
    'null',
    '<<',
    '|',
    '>',
    '%',
    '---',
    '\t',
    '\u0000',
    '😀',
  )
  fc.assert(
    fc.property(fc.array(words, { maxLength: 40 }), parts => {
      const loaded = loadPolicy([{ path: 'p', text: parts.join('') }], NOW, noRoots)
      if ('policy' in loaded) throw new Error('nothing that can be made of these words is a policy')
      for (const { line, column } of loaded.diagnostics) if (line < 1 || column < 1) throw new Error('no place')
    }),
    { numRuns: 3_000 },
  )
  t.pass('never a crash')
})
