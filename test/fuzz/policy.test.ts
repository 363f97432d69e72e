import fc from 'fast-check'
import t from 'tap'
import { REFUSALS } from '../../src/domain/base/refusal.ts'
import { decide } from '../../src/domain/decide/decide.ts'
import { parseDistFilename } from '../../src/domain/packaging/filename.ts'
import type { ReadPinsFile } from '../../src/protocol/clauses/named-pins.ts'
import { loadPolicy } from '../../src/protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../src/protocol/yaml/diagnostic.ts'
import { ARTIFACTS, acmeRoot, admits, FINDINGS, HISTORIES, policies, revocation } from '../world/judging/any-policy.ts'
import { listed, NOW } from '../world/judging/judging.ts'
import { narrowed, type Tree } from '../world/judging/narrowed.ts'
import { noRoots } from '../world/judging/roots.ts'

// the work is measured in runs, whatever time a busy machine takes for them
t.setTimeout(0)

const RUNS = { numRuns: 80 }

/** Every file, finding and history that the policy admits; none when it does not load. */
function admittedBy(policy: unknown, readPins?: ReadPinsFile): ReadonlySet<string> {
  const loaded = loadPolicy([{ path: 'p', text: JSON.stringify(policy) }], NOW, acmeRoot, readPins) // JSON is YAML
  const admitted = new Set<string>()
  if ('diagnostics' in loaded) return admitted
  for (const [a, artifact] of ARTIFACTS.entries())
    for (const [f, finding] of FINDINGS.entries())
      for (const [h, history] of HISTORIES.entries())
        if (admits(artifact, finding, loaded.policy, history)) admitted.add(`${a} ${f} ${h}`)
  return admitted
}

t.test('taking a permission away never admits more', async t => {
  let loaded = 0
  let narrowings = 0
  let effects = 0
  fc.assert(
    fc.property(policies, policy => {
      const tree = JSON.parse(JSON.stringify(policy)) as Tree
      const before = admittedBy(tree)
      // of a policy that admits nothing, no permission can be taken away
      if (before.size === 0) return
      loaded += 1
      for (const { what, policy: less } of narrowed(tree)) {
        const after = admittedBy(less)
        narrowings += 1
        if (after.size < before.size) effects += 1
        const gained = [...after].filter(pair => !before.has(pair))
        if (gained.length > 0) throw new Error(`without ${what} it also admits ${gained.join(', ')}`)
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
        // in audit mode a project without a rule is only watched
        JSON.stringify({ ...policy, mode: 'enforce', defaults: { ...policy.defaults, unmatched: 'deny' } }),
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

t.test('a policy that is read twice admits what it admits', async t => {
  let admitting = 0
  fc.assert(
    fc.property(policies, policy => {
      const text = JSON.stringify(policy)
      const twice = loadPolicy(
        ['a', 'b'].map(path => ({ path, text })),
        NOW,
        acmeRoot,
      )
      const once = loadPolicy([{ path: 'a', text }], NOW, acmeRoot)
      if ('policy' in once !== 'policy' in twice) throw new Error('one of the two loads')
      if (!('policy' in once) || !('policy' in twice)) return
      for (const artifact of ARTIFACTS)
        for (const finding of FINDINGS) {
          const admitted = admits(artifact, finding, once.policy)
          if (admitted !== admits(artifact, finding, twice.policy)) throw new Error('twice is another policy')
          if (admitted) admitting += 1
        }
    }),
    RUNS,
  )
  t.ok(admitting > 0)
})

/** The policy with the same bytes pinned in files beside it, and these files by the ids of their exemptions. */
function pinnedBeside<Policy extends { readonly exemptions: readonly Exempting[] }>(policy: Policy) {
  const pins = new Map<string, readonly string[]>()
  const exemptions = policy.exemptions.map(({ project, files, ...text }) => {
    const pinned = Object.entries(files).flatMap(([filename, digest]) => {
      const version = parseDistFilename(filename)?.version
      return version === undefined ? [] : [`${project}==${version} --hash=${digest}`]
    })
    pins.set(text.id, pinned)
    return { ...text, pins: `/${text.id}`, match: project }
  })
  return { policy: { ...policy, exemptions }, pins }
}

interface Exempting {
  readonly id: string
  readonly project: string
  readonly files: Readonly<Record<string, string>>
}

t.test('pins in a file admit what the same pins in the policy admit, and a line less never admits more', async t => {
  let exempted = 0
  fc.assert(
    fc.property(policies, drawn => {
      const tree = JSON.parse(JSON.stringify(drawn)) as typeof drawn
      if (tree.exemptions.length === 0) return
      const { policy, pins } = pinnedBeside(tree)
      const reading = (without: string | undefined): ReadPinsFile => {
        const left = (id: string) => (pins.get(id) ?? []).filter((_, index) => id !== without || index > 0)
        return path => left(path.slice(1)).join('\n')
      }
      const before = admittedBy(tree)
      const beside = admittedBy(policy, reading(undefined))
      if (before.symmetricDifference(beside).size > 0) throw new Error('pins beside admit something else')
      for (const { id } of tree.exemptions) {
        const less = admittedBy(policy, reading(id))
        if ([...less].some(which => !beside.has(which))) throw new Error('a line less admits more')
        if (less.size < beside.size) exempted += 1
      }
    }),
    { numRuns: 300 }, // most policies that are drawn need no exemption for what they admit
  )
  t.ok(exempted > 0, `${exempted} lines took something away`)
})

t.test('a revocation more never admits more', async t => {
  let effects = 0
  fc.assert(
    fc.property(policies, revocation, (policy, more) => {
      const tree = JSON.parse(JSON.stringify(policy)) as typeof policy
      const before = admittedBy(tree)
      const after = admittedBy({ ...tree, revocations: [...(tree.revocations ?? []), more] })
      if ([...after].some(which => !before.has(which))) throw new Error('admits more')
      if (after.size < before.size) effects += 1
    }),
    { numRuns: 400 }, // many a policy that is drawn admits nothing to begin with
  )
  t.ok(effects > 10, `${effects} took something away`)
})

t.test('audit admits what enforce admits, and nothing that is hard', async t => {
  let watched = 0
  fc.assert(
    fc.property(policies, policy => {
      const tree = JSON.parse(JSON.stringify(policy)) as typeof policy
      const enforced = loadPolicy([{ path: 'p', text: JSON.stringify({ ...tree, mode: 'enforce' }) }], NOW, acmeRoot)
      const audited = loadPolicy([{ path: 'p', text: JSON.stringify({ ...tree, mode: 'audit' }) }], NOW, acmeRoot)
      if (!('policy' in enforced) || !('policy' in audited)) return
      for (const artifact of ARTIFACTS)
        for (const finding of FINDINGS)
          for (const history of HISTORIES) {
            const admitted = admits(artifact, finding, audited.policy, history)
            if (admits(artifact, finding, enforced.policy, history) && !admitted) throw new Error('audit is stricter')
            if (admitted && finding.kind === 'invalid') throw new Error('failed evidence')
            if (finding.kind === 'unasked') continue
            const verdict = decide(artifact, finding, audited.policy, history, NOW)
            if (verdict.kind === 'refused' && !REFUSALS[verdict.code].hard) throw new Error(`refuses ${verdict.code}`)
            if (verdict.kind === 'admitted' && verdict.facts.wouldRefuse !== undefined) {
              watched += 1
              if (REFUSALS[verdict.facts.wouldRefuse.code].hard) throw new Error('admits what is hard')
            }
          }
    }),
    RUNS,
  )
  t.ok(watched > 1_000, `${watched} were only watched`)
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
