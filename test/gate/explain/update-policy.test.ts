// guards: src/gate/explain/extend-policy.ts
import t from 'tap'
import { type Instant, instant } from '../../../src/domain/base/instant.ts'
import { decide } from '../../../src/domain/decide/decide.ts'
import type { Finding } from '../../../src/domain/identity/attestation.ts'
import { createHistory, type History, NO_HISTORY, proofOf } from '../../../src/domain/memory/history.ts'
import type { Artifact } from '../../../src/domain/packaging/artifact.ts'
import type { Policy } from '../../../src/domain/policy/policy.ts'
import { bareExplanation } from '../../../src/gate/explain/explanation.ts'
import type { Growing } from '../../../src/gate/explain/extend-policy.ts'
import { observingPolicy } from '../../../src/gate/explain/observe-locks.ts'
import type { Survey } from '../../../src/gate/explain/survey.ts'
import { type Updated, type UpdateOrder, updatePolicy } from '../../../src/gate/explain/update-policy.ts'
import type { PolicyTexts } from '../../../src/protocol/amend/policy-texts.ts'
import { loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../../src/protocol/yaml/diagnostic.ts'
import { githubClaims } from '../../world/judging/claims.ts'
import { attested, bundle, listed, NOW, UNATTESTED } from '../../world/judging/judging.ts'
import { noRoots } from '../../world/judging/roots.ts'

/** A file of a lock as a look finds it. */
function looked(artifact: Artifact, finding: Finding, history: History = NO_HISTORY): Survey[number] {
  const { project, filename, sha256 } = artifact
  const [first] = finding.kind === 'attested' ? finding.bundles : []
  const signed = first && { publisher: undefined, attestations: first.attestations, at: NOW, logIndex: '1' }
  const file = { project, version: filename.version, filename: filename.text, sha256 }
  const explain = (policy: Policy) => ({
    ...bareExplanation(file, decide(artifact, finding, policy, history, NOW)),
    signed,
  })
  const explanation = { ...explain(observingPolicy()), under: async (policy: Policy) => explain(policy) }
  const files = [{ filename: filename.text, sha256, url: undefined }]
  const locked = { places: [], index: undefined, marker: undefined, line: 1, identities: [], open: false }
  return { lock: 'uv.lock', package: { ...locked, project, version: filename.version, files }, explanation }
}

function compile(texts: PolicyTexts): Growing {
  const loaded = loadPolicy(texts.yaml, NOW, noRoots, path => texts.pins.get(path) ?? { wrong: 'is not there' })
  if ('policy' in loaded) return { texts, policy: loaded.policy, contents: loaded.contents }
  throw new TypeError(loaded.diagnostics.map(formatDiagnostic).join('\n'))
}

const NOTHING: UpdateOrder = { look: [], renewUntil: undefined, pruneTo: undefined, offers: [] }

async function updated(
  policy: string,
  order: Partial<UpdateOrder>,
  history: History = NO_HISTORY,
  beside: readonly string[] = [],
): Promise<Updated & { readonly text: string }> {
  const own = policy.startsWith('{') ? policy : `version: 1\n${policy}`
  const others = beside.map((text, index) => ({ path: `/b${index}.yaml`, text }))
  const texts = { yaml: [{ path: '/p.yaml', text: own }, ...others], pins: new Map<string, string>() }
  const after = await updatePolicy(
    compile(texts),
    { ...NOTHING, ...order },
    { history: async () => history },
    {
      now: NOW,
      into: { file: '/p.yaml', document: 0 },
      owner: 'ann',
      ownerNamed: false,
      expires: '2027-01-31',
      stem: 'uv',
      origin: 'uv.lock',
      reason: 'asked for',
      exists: () => false,
      compile,
    },
  )
  return { ...after, text: after.texts.yaml[0]?.text ?? '' }
}

const PKG = listed('pkg-1.0.tar.gz')
const THEIRS = 'https://github.com/other/pkg/.github/workflows/release.yml@refs/tags/v1.0.0'
const OTHER = attested(
  bundle({
    object: { repository: 'other/pkg' },
    claims: githubClaims({
      san: { kind: 'uri', value: THEIRS },
      buildSignerUri: THEIRS,
      buildConfigUri: THEIRS,
      sourceRepositoryUri: 'https://github.com/other/pkg',
      sourceRepositoryOwnerUri: 'https://github.com/other',
      sourceRepositoryId: '333',
      sourceRepositoryOwnerId: '444',
    }),
  }),
)
const ACME = '{ kind: github, repository: acme/pkg, workflow: release.yml }'

function seenAttested(filename: string, finding: Finding, at: Instant = instant(NOW - 86_400_000)): History {
  const { filename: dist } = listed(filename)
  const proof = proofOf(finding, at)
  const times = {
    uploaded: at,
    firstSeen: at,
    lastSeen: at,
    absent: undefined,
    missed: undefined,
    offered: at,
    isFleeting: false,
  }
  return createHistory([{ filename, version: dist.version, ...times, proof }])
}

t.test('where the first signer was the one so far, it stays beside another', async t => {
  const first = seenAttested('pkg-0.9.tar.gz', attested())
  const policy = 'projects:\n  - match: pkg\n    identity: first-seen\n'
  const { text, named } = await updated(policy, { look: [looked(PKG, OTHER, first)] }, first)
  t.match(
    text,
    /- match: pkg\n {4}publishers:\n {6}- kind: github\n {8}repository: acme\/pkg\n(?: {8}.*\n)* {6}- kind: github\n {8}repository: other\/pkg\n(?: {8}.*\n)* {4}identity: first-seen\n/,
  )
  t.strictSame(
    named.map(({ versions, rule, known }) => [versions, rule, known]),
    [
      [[], 'extended', false],
      [['1.0'], 'extended', false],
    ],
  )
})

t.test('what a rule refused a file for is waived, and no more', async t => {
  const before = seenAttested('pkg-0.9.tar.gz', attested())
  const policy = `projects:\n  - match: pkg\n    attestation: when-seen\n    publishers: [${ACME}]\n`
  const { texts, pinned } = await updated(policy, { look: [looked(PKG, UNATTESTED, before)] }, before)
  t.match(texts.yaml[0]?.text, /pins: \.\/pins\/p-uv-regression\.txt\n {4}waive: \[regression\]\n/)
  t.match(pinned, [{ project: 'pkg', waive: ['regression'], exemption: 'EX-p-uv-regression' }])
  t.match(
    [...texts.pins],
    [['/pins/p-uv-regression.txt', /^# What .*\npkg==1\.0 \\\n {4}--hash=sha256:[0-9a-f]{64}\n$/]],
  )
})

t.test('a signed file that is too young is pinned for that, and its rule stays', async t => {
  const policy = `projects:\n  - match: pkg\n    publishers: [${ACME}]\n    yanked: deny\n`
  const { text, named, pinned } = await updated(policy, {
    look: [looked(listed('pkg-1.0.tar.gz', { yanked: 'broken' }), attested())],
  })
  t.strictSame(named, [])
  t.match(pinned, [{ waive: ['yanked'] }])
  t.ok(text.startsWith(`version: 1\n${policy}`))
})

t.test('a policy that only watches gets what it would refuse when enforced', async t => {
  const { text } = await updated('mode: audit\nprojects:\n  - match: left\n    deny: no\n', {
    look: [looked(PKG, attested())],
  })
  t.match(text, /^version: 1\nmode: audit\nprojects:\n/)
  t.match(text, /projects:\n {2}- match: pkg\n {4}publishers:\n {6}- kind: github\n(?: {8}.*\n)* {2}- match: left\n/)
})

t.test('a publisher that the policy has is named again, where it says at least as much and fits', async t => {
  const known = (more: string) =>
    `publishers:\n  ours: { kind: github, repository: acme/pkg, workflow: release.yml, repository_id: "111", owner_id: "222"${more} }\nprojects:\n  - match: sib\n    publishers: [ours]\n`
  const name = async (more: string) => (await updated(known(more), { look: [looked(PKG, attested())] })).named[0]?.name
  t.equal(await name(''), 'ours')
  t.equal(await name(', ref: ["refs/heads/main", "refs/tags/*"]'), 'ours')
  t.equal(await name(', ref: "refs/heads/other"'), undefined)
  t.equal(await name(', environment: staging'), undefined, 'it would not admit the file')
})

t.test('what would be decided by a wider rule is not taken out', async t => {
  const policy = `projects:\n  - match: acme-one\n    publishers: [${ACME}]\n    yanked: deny\n  - match: other\n    publishers: [${ACME}]\n  - match: "acme-*"\n    publishers: [${ACME}]\n`
  const { removed } = await updated(policy, { pruneTo: new Set(['pkg']) })
  t.strictSame(removed.rules, ['other'])
})

t.test('a publisher that several new projects share has a name', async t => {
  const { text, named } = await updated('projects:\n  - match: left\n    deny: no\n', {
    look: [looked(PKG, attested()), looked(listed('sib-1.0.tar.gz'), attested())],
  })
  t.match(text, /publishers:\n {2}acme-pkg-release:\n {4}kind: github\n/)
  t.match(
    text,
    /- match: pkg\n {4}publishers: \[acme-pkg-release\]\n {2}- match: sib\n {4}publishers: \[acme-pkg-release\]\n/,
  )
  t.match(named, [
    { name: 'acme-pkg-release', known: false },
    { name: 'acme-pkg-release', known: false },
  ])
})

t.test('a policy that is written as JSON stays JSON', async t => {
  const json = (value: object) => `${JSON.stringify(value)}\n`
  const policy = { version: 1, projects: [{ match: 'left', deny: 'no' }] }
  const { text, texts } = await updated(json(policy), {
    look: [looked(PKG, attested()), looked(listed('bare-1.0.tar.gz'), UNATTESTED)],
  })
  t.match(JSON.parse(text), {
    projects: [{ match: 'pkg', publishers: [{ repository: 'acme/pkg' }] }, { match: 'bare' }, { match: 'left' }],
    exemptions: [{ id: 'EX-p-uv-attestation', pins: './pins/p-uv-attestation.txt' }],
  })
  t.ok(texts.pins.has('/pins/p-uv-attestation.txt'))
})

t.test('a rule that stands in two files is changed in both', async t => {
  const policy = `projects:\n  - match: pkg\n    publishers: [${ACME}]\n`
  const { texts } = await updated(policy, { look: [looked(PKG, OTHER)] }, NO_HISTORY, [`version: 1\n${policy}`])
  for (const { text } of texts.yaml) t.match(text, /workflow: release\.yml \}, \{ kind: github, repository: other\/pkg/)
  const gone = await updated(`${policy}  - match: left\n    deny: no\n`, { pruneTo: new Set(['other']) }, NO_HISTORY, [
    `version: 1\n${policy}  - match: right\n    deny: no\n`,
  ])
  for (const { text } of gone.texts.yaml) t.notMatch(text, /pkg/)
})

t.test('what no policy would load is not handed out', async t =>
  t.rejects(updated(`projects:\n  - match: pkg\n    publishers: [${ACME}]\n`, { pruneTo: new Set(['other']) })),
)
