import fc from 'fast-check'
import t from 'tap'
import type { Artifact } from '../../src/domain/artifact.ts'
import type { Finding } from '../../src/domain/attestation.ts'
import { decide } from '../../src/domain/decide.ts'
import { GateError } from '../../src/domain/errors.ts'
import type { Policy } from '../../src/domain/policy.ts'
import { formatDiagnostic } from '../../src/protocol/diagnostic.ts'
import { loadPolicy } from '../../src/protocol/policy-yaml.ts'
import { claimsBuiltBy, githubClaims, googleClaims } from '../world/claims.ts'
import { attested, bundle, listed, NOW, UNASKED, UNATTESTED } from '../world/judging.ts'

const RUNS = { numRuns: 150 }
const NAMES = ['pkg', 'other', 'acme-x'] as const
const FILES = NAMES.flatMap(name => [`${name.replace('-', '_')}-1.0.0.tar.gz`, `${name.replace('-', '_')}-2.0.tar.gz`])

const ARTIFACTS: readonly Artifact[] = FILES.flatMap(file => [
  listed(file),
  listed(file, { yanked: 'broken' }),
  listed(file, { status: 'archived' }),
])
const EVIL = claimsBuiltBy('https://github.com/evil/pkg/.github/workflows/release.yml@refs/tags/v1.0.0', {
  sourceRepositoryUri: 'https://github.com/evil/pkg',
})
const FINDINGS: readonly Finding[] = [
  UNATTESTED,
  UNASKED,
  { kind: 'invalid', why: 'signature-invalid', detail: 'no' },
  attested(),
  attested(bundle({ claims: EVIL, object: { repository: 'evil/pkg' } })),
  attested(bundle({ claims: EVIL })),
  attested(bundle({ claims: githubClaims({ buildTrigger: 'pull_request_target' }) })),
  attested(
    bundle({
      claims: googleClaims('a@b.example'),
      object: { kind: 'Google', repository: undefined, workflow: undefined, email: 'a@b.example' },
    }),
  ),
  attested(bundle({ facts: [{ predicateType: 'slsa-provenance/v1' }] })),
  attested(bundle({ facts: [{}, { predicateType: { unknown: 'x' } }] })),
  attested(bundle({ claims: EVIL, object: { repository: 'evil/pkg' } }), bundle()),
]

/** Every pair of file and finding that the policy admits; none when it does not load. */
function admittedBy(policy: unknown): ReadonlySet<string> {
  const loaded = loadPolicy([{ path: 'p', text: JSON.stringify(policy) }], NOW) // JSON is YAML
  const admitted = new Set<string>()
  if ('diagnostics' in loaded) return admitted
  for (const [a, artifact] of ARTIFACTS.entries())
    for (const [f, finding] of FINDINGS.entries())
      if (admits(artifact, finding, loaded.policy)) admitted.add(`${a} ${f}`)
  return admitted
}

function admits(artifact: Artifact, finding: Finding, policy: Policy): boolean {
  try {
    return decide(artifact, finding, policy, NOW).kind === 'admitted'
  } catch (error) {
    if (error instanceof GateError && error.code === 'unknown-upstream' && finding.kind === 'unasked') return false
    throw error
  }
}

const some = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })
const listOf = (...items: readonly string[]) => fc.subarray([...items], { minLength: 1 })
const allowOrDeny = fc.constantFrom('allow', 'deny')

const github = fc.record({
  kind: fc.constant('github'),
  repository: fc.constantFrom('acme/pkg', 'acme/pkg', 'evil/pkg', 'Acme/Pkg'),
  workflow: listOf('release.yml', 'ci.yml'),
  ref: some(listOf('refs/tags/*', 'refs/heads/main')),
  repository_id: some(fc.constantFrom('111', '9')),
  owner_id: some(fc.constant('222')),
  trigger: some(listOf('release', 'push', 'pull_request_target')),
})
const google = fc.constant({ kind: 'google', email: 'a@b.example' })
const judging = {
  attestation: some(fc.constantFrom('required', 'optional')),
  predicates: some(
    fc.record({
      require: some(fc.subarray(['publish/v1', 'slsa-provenance/v1'])),
      allow: some(listOf('publish/v1', 'slsa-provenance/v1')),
    }),
  ),
  yanked: some(allowOrDeny),
  status: some(fc.record({ archived: some(allowOrDeny) })),
}
const rule = fc.record({
  match: fc.constantFrom('pkg', 'other', 'acme-*', '*'),
  publishers: some(fc.array(fc.oneof(fc.constantFrom('one', 'two'), github, google), { minLength: 1, maxLength: 3 })),
  deny: fc.option(fc.constant('no'), { nil: undefined, freq: 9 }),
  ...judging,
})
const exemption = fc
  .record({
    project: fc.constantFrom(...NAMES),
    waive: listOf('attestation', 'identity', 'predicate', 'yanked', 'status'),
    reason: fc.constant('r'),
    owner: fc.constant('o'),
    expires: fc.constantFrom('2027-01-01', '2026-01-01'),
  })
  .map(text => ({
    ...text,
    files: Object.fromEntries(
      FILES.filter(file => file.startsWith(text.project.replace('-', '_'))).map(file => [
        file,
        `sha256:${listed(file).sha256}`,
      ]),
    ),
  }))
const policies = fc
  .record({
    version: fc.constant(1),
    publishers: fc.record({ one: github, two: google }),
    defaults: some(fc.record({ ...judging, unmatched: some(fc.constantFrom('deny', 'apply-defaults')) })),
    projects: fc.uniqueArray(rule, { minLength: 1, maxLength: 3, selector: ({ match }) => match }),
    exemptions: fc.array(exemption, { maxLength: 2 }),
  })
  .map(policy => ({ ...policy, exemptions: policy.exemptions.map((text, index) => ({ id: `EX-${index}`, ...text })) }))

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
  const load = (policy: unknown) => loadPolicy([{ path: 'p', text: JSON.stringify(policy) }], NOW)
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
      const loaded = loadPolicy([{ path: 'p', text: parts.join('') }], NOW)
      if ('policy' in loaded) throw new Error('nothing that can be made of these words is a policy')
      for (const { line, column } of loaded.diagnostics) if (line < 1 || column < 1) throw new Error('no place')
    }),
    { numRuns: 3_000 },
  )
  t.pass('never a crash')
})
