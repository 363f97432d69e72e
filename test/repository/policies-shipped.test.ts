import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { decide } from '../../src/domain/decide/decide.ts'
import type { Finding } from '../../src/domain/identity/attestation.ts'
import { matchPublisher } from '../../src/domain/identity/publisher.ts'
import { NO_HISTORY } from '../../src/domain/memory/history.ts'
import { parseProjectName } from '../../src/domain/packaging/name.ts'
import { loadPolicy } from '../../src/protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../src/protocol/yaml/diagnostic.ts'
import { createInlineVerifier } from '../../src/verify/workers/inline.ts'
import { runCommand } from '../world/commands/commands.ts'
import { NOW, policyOf, UNATTESTED } from '../world/judging/judging.ts'
import { noRoots, rootsOf } from '../world/judging/roots.ts'
import type { GithubIdentity } from '../world/signing/identity.ts'
import {
  artifactOf,
  productionTrust,
  type RealEvidence,
  realEvidence,
  vectorsSkip as skip,
} from '../world/vectors/vectors.ts'
import { createWorld } from '../world/world.ts'

const FOLDER = new URL('../../policies/', import.meta.url)
const POLICIES = readdirSync(FOLDER)
  .filter(name => name.endsWith('.yaml'))
  .map(name => ({ name, text: readFileSync(new URL(name, FOLDER), 'utf8') }))

/** The rule for our own wheels, of which no real file is there yet. */
const OURS = 'portcullis.yaml'

/** Projects whose real files the starter policy admits. */
const CONFIRMED = [
  'abi3info',
  'pep740-sampleproject',
  'pypi-attestation-models',
  'pypi-attestations',
  'sampleproject',
  'sigstore',
]

interface Judged extends RealEvidence {
  readonly finding: Extract<Finding, { kind: 'attested' }>
}

/** Every real file with what its real attestations prove under Sigstore's production root. */
async function realFiles(): Promise<readonly Judged[]> {
  const verifier = createInlineVerifier()
  return await Promise.all(
    realEvidence().map(async evidence => {
      const finding = await verifier.verify(evidence, rootsOf(productionTrust()))
      if (finding.kind !== 'attested') throw new TypeError(`${evidence.name}: ${finding.detail}`)
      return { ...evidence, finding }
    }),
  )
}

function isOurs({ name }: RealEvidence): boolean {
  // these two were signed by somebody else than who publishes the project
  return !/with_timestamp$|sampleproject-3\.0\.0/.test(name)
}

t.test('the shipped policies are there, and load without a warning', async t => {
  t.ok(POLICIES.length >= 3)
  for (const { name, text } of POLICIES) {
    const loaded = loadPolicy([{ path: name, text }], NOW, noRoots)
    t.strictSame('policy' in loaded ? loaded.policy.warnings : loaded.diagnostics.map(formatDiagnostic), [], name)
  }
})

t.test('the starter policy admits the real files of the projects it names, and nothing else', { skip }, async t => {
  const starter = policyOf(readFileSync(new URL('starter.yaml', FOLDER), 'utf8'))
  const files = await realFiles()
  const admitted = new Set<string>()
  for (const file of files) {
    const artifact = artifactOf(file.filename, file.sha256)
    const verdict = decide(artifact, file.finding, starter, NO_HISTORY, NOW)
    const expected = CONFIRMED.includes(artifact.project) && isOurs(file)
    t.equal(verdict.kind, expected ? 'admitted' : 'refused', `${file.name}`)
    if (verdict.kind === 'admitted') admitted.add(artifact.project)
    t.match(decide(artifact, UNATTESTED, starter, NO_HISTORY, NOW), { kind: 'refused' }, 'never without an attestation')
  }
  t.strictSame([...admitted].sort(), CONFIRMED)
  const stranger = decide(artifactOf(distOf(files), sha256Of('')), UNATTESTED, starter, NO_HISTORY, NOW)
  t.match(stranger, { code: 'no-rule' })
})

function distOf(files: readonly Judged[]) {
  const other = files.find(({ filename }) => filename.project === 'gcb-attestation-test')
  if (other === undefined) throw new TypeError('the vector is missing')
  return other.filename
}

t.test(
  'in every shipped policy each publisher that is active was seen to sign, and signs for nobody else',
  { skip },
  async t => {
    const files = await realFiles()
    for (const { name, text } of POLICIES.filter(it => it.name !== OURS)) {
      const policy = policyOf(text)
      const { publishers, projects } = parse(text) as {
        readonly publishers: Readonly<Record<string, unknown>>
        readonly projects: readonly { readonly match: string; readonly publishers: readonly string[] }[]
      }
      const named = new Set(projects.flatMap(project => project.publishers))
      t.strictSame([...named].sort(), Object.keys(publishers).sort(), `${name} names what it uses`)
      for (const { match } of projects) {
        t.notMatch(match, /\*/, `${match}: a shipped rule is about one project`)
        const rule = policy.ruleFor(parseProjectName(match))
        t.equal(rule?.attestation, 'required', `${name}: ${match}`)
        for (const publisher of rule?.publishers ?? []) {
          const signed = files.filter(({ finding }) =>
            finding.bundles.every(({ attestations }) =>
              attestations.every(({ facts }) => matchPublisher(publisher, facts).matched),
            ),
          )
          t.ok(signed.length > 0, `${name}: ${publisher.label} signed a real file`)
          t.strictSame([...new Set(signed.map(({ filename }) => filename.project))], [match], 'of this project alone')
          t.ok(
            publisher.kind !== 'google' &&
              publisher.kind !== 'custom' &&
              publisher.kind !== 'circleci' &&
              publisher.repositoryId !== undefined &&
              publisher.ownerId !== undefined,
            'ids cannot be taken over',
          )
        }
      }
    }
  },
)

t.test(
  'the open policy takes what is unattested, and refuses a stranger where a publisher is named',
  { skip },
  async t => {
    const policy = policyOf(readFileSync(new URL('open.yaml', FOLDER), 'utf8'))
    for (const file of await realFiles()) {
      const artifact = artifactOf(file.filename, file.sha256)
      const named = CONFIRMED.includes(artifact.project)
      t.equal(
        decide(artifact, UNATTESTED, policy, NO_HISTORY, NOW).kind,
        named ? 'refused' : 'admitted',
        artifact.project,
      )
      if (named)
        t.equal(
          decide(artifact, file.finding, policy, NO_HISTORY, NOW).kind,
          isOurs(file) ? 'admitted' : 'refused',
          file.name,
        )
      const invalid: Finding = { kind: 'invalid', why: 'signature-invalid', detail: 'a byte was changed' }
      t.match(
        decide(artifact, invalid, policy, NO_HISTORY, NOW),
        { code: 'signature-invalid' },
        'what is there must verify',
      )
    }
  },
)

t.test('our own rule admits a wheel that our release workflow signed, and nobody else’s', async t => {
  const world = await createWorld(t)
  const text = readFileSync(new URL(OURS, FOLDER), 'utf8')
  const { publishers } = parse(text) as {
    readonly publishers: { readonly portcullis: { readonly repository: string } }
  }
  const { repository } = publishers.portcullis
  const ours = {
    kind: 'github',
    repository,
    workflow: 'release.yml',
    ref: 'refs/tags/v1.0.0',
    environment: 'pypi',
  } as const
  const signers: readonly (readonly [who: string, identity: GithubIdentity, code: string | undefined])[] = [
    ['our release workflow', ours, undefined],
    ['another workflow of ours', { ...ours, workflow: 'ci.yml' }, 'publisher-mismatch'],
    ['another repository', { ...ours, repository: 'mallory/portcullis' }, 'publisher-mismatch'],
    ['a branch', { ...ours, ref: 'refs/heads/main' }, 'publisher-mismatch'],
    ['another environment', { ...ours, environment: 'npm' }, 'publisher-mismatch'],
    ['a pull request', { ...ours, trigger: 'pull_request_target' }, 'publisher-mismatch'],
    ['a machine of somebody’s own', { ...ours, runner: 'self-hosted' }, 'publisher-mismatch'],
  ]
  writeFileSync(join(world.folder, 'portcullis.yaml'), stringify(world.configuration()))
  writeFileSync(join(world.folder, 'ours.yaml'), text)
  for (const [at, [who, identity, code]] of signers.entries()) {
    await world.release('portcullis-gate', `1.0.${at}`, { kinds: ['wheel'], identity })
    const args = [
      'verify',
      `portcullis-gate==1.0.${at}`,
      '--policy',
      join(world.folder, 'ours.yaml'),
      '--format',
      'json',
    ]
    const { exit, out } = await runCommand(args, { folder: world.folder })
    t.equal(exit, code === undefined ? 0 : 1, who)
    t.match(JSON.parse(out), { outcome: code === undefined ? 'admitted' : 'refused', code: code ?? null }, who)
  }
  const { files } = await world.release('portcullis-gate', '2.0', { kinds: ['wheel'], attested: false })
  t.equal(files.length, 1)
  const bare = ['verify', 'portcullis-gate==2.0', '--policy', join(world.folder, 'ours.yaml'), '--format', 'json']
  t.match(JSON.parse((await runCommand(bare, { folder: world.folder })).out), { code: 'unattested' })
})

t.test('our own rule loads beside every other policy', async t => {
  const ours = readFileSync(new URL(OURS, FOLDER), 'utf8')
  for (const { name, text } of POLICIES.filter(it => it.name !== OURS)) {
    const files = [
      { path: name, text },
      { path: OURS, text: ours },
    ]
    const loaded = loadPolicy(files, NOW, noRoots)
    t.strictSame('policy' in loaded ? [] : loaded.diagnostics.map(formatDiagnostic), [], name)
  }
})

/** Everything of the language that is supported, in one file. */
const SUPPORTED = `# yaml-language-server: $schema=./policy.schema.json
version: 1
mode: enforce
publishers:
  sampleproject:
    kind: github
    repository: pypa/sampleproject
    workflow: release.yml
    ref: ["refs/tags/*", "refs/heads/main"]
    environment: pypi
    repository_id: "14899596"
    owner_id: "647025"
    visibility: public
    runner: github-hosted
    trigger: [push, release, workflow_dispatch]
    signer: { workflow: owner/repo/.github/workflows/build.yml, ref: "refs/tags/v*" }
  gitlab-tool: { kind: gitlab, project: acme/tools/gl-tool, config: .gitlab-ci.yml, ref: "refs/tags/*" }
  cloud-build: { kind: google, email: "release@proj.iam.gserviceaccount.com" }
  cloud-repos: { kind: github, repository: "acme-cloud/*", workflow: "*", owner_id: "222" }
defaults:
  attestation: required
  unmatched: deny
  predicates: { require: [], allow: [publish/v1, slsa-provenance/v1] }
  yanked: allow
  status: { archived: allow, deprecated: allow }
projects:
  - match: sampleproject
    publishers: [sampleproject]
  - match: "acme-cloud-*"
    attestation: optional
    publishers: [cloud-build, cloud-repos]
  - match: gl-tool
    predicates: { require: [publish/v1] }
    yanked: deny
    status: { archived: deny }
    publishers: [gitlab-tool, { kind: github, repository: acme/gl-tool, workflow: [release.yml, publish.yml] }]
  - match: six
  - match: left-pad-py
    deny: "typosquat, SEC-99"
exemptions:
  - id: EX-7
    project: six
    versions: "==1.17.0"
    waive: [attestation]
    files: { six-1.17.0-py2.py3-none-any.whl: "sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274" }
    reason: last release predates a trusted publisher
    owner: platform@acme.example
    ticket: SEC-1042
    expires: 2027-03-31
`

t.test('everything that is supported loads, as the language’s own example writes it', async t => {
  const loaded = loadPolicy([{ path: 'p.yaml', text: SUPPORTED }], NOW, noRoots)
  t.strictSame('policy' in loaded ? [] : loaded.diagnostics.map(formatDiagnostic), [])
})
