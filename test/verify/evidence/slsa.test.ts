import t from 'tap'
import type { AttestationFacts } from '../../../src/domain/identity/attestation.ts'
import type { ProvenanceFinding } from '../../../src/verify/evidence/document.ts'
import { type SigningIdentity, slsaPredicate, spellIdentity } from '../../world/signing/identity.ts'
import { attest, IDENTITY, judge, statementWith } from './signed-attestations.ts'

function contradictionOf(finding: ProvenanceFinding): string | undefined {
  if (finding.kind !== 'attested') throw new Error(finding.detail)
  return finding.bundles[0].attestations[0].facts.contradiction
}

t.test('a publish predicate is empty', async t => {
  const judged = async (predicate: unknown) =>
    contradictionOf(await statementWith(statement => ({ ...statement, predicate }))())
  for (const predicate of [null, {}, undefined]) t.equal(await judged(predicate), undefined)
  for (const predicate of [{ builder: 'x' }, [], '', 0, false])
    t.match(await judged(predicate), /expected null or \{\}/)
})

t.test('an unknown predicate type proves who signed and nothing else', async t => {
  const finding = await statementWith(statement => ({ ...statement, predicateType: 'https://example.com/v1' }))()
  const predicateType = { unknown: 'https://example.com/v1' }
  t.match(finding, { kind: 'attested', bundles: [{ attestations: [{ facts: { predicateType } }] }] })
  for (const name of ['constructor', '__proto__', 'toString'])
    t.match(await statementWith(statement => ({ ...statement, predicateType: name }))(), {
      bundles: [{ attestations: [{ facts: { predicateType: { unknown: name } } }] }],
    })
})

/** The SLSA predicate of GitHub's action with one thing of it replaced, as it comes out. */
async function judgePredicate(
  path: readonly (string | number)[],
  value: unknown,
  identity: SigningIdentity = IDENTITY,
  predicate?: unknown,
): Promise<Pick<AttestationFacts, 'contradiction' | 'uncompared'>> {
  const attestation = await attest({
    identity,
    predicate: 'slsa',
    alter: {
      statement: statement => {
        const copy = structuredClone(predicate === undefined ? statement : { ...statement, predicate })
        const parent = path
          .slice(0, -1)
          .reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), copy.predicate)
        if (path.length > 0) Reflect.set(Object(parent), path.at(-1) ?? '', value)
        return copy
      },
    },
  })
  const finding = judge(attestation)
  if (finding.kind !== 'attested') throw new Error(finding.detail)
  return finding.bundles[0].attestations[0].facts
}

const BUILD_TYPE = ['buildDefinition', 'buildType'] as const
const DEPENDENCIES = ['buildDefinition', 'resolvedDependencies'] as const
const BUILDER = ['runDetails', 'builder', 'id'] as const
const GITHUB_PARAMETERS = ['buildDefinition', 'internalParameters', 'github'] as const
const WORKFLOW = ['buildDefinition', 'externalParameters', 'workflow'] as const
const CONFIRMED = { contradiction: undefined, uncompared: undefined }

t.test('a SLSA predicate that says one thing otherwise than the certificate contradicts it', async t => {
  const judged = async (path: readonly (string | number)[], value: unknown): Promise<string | undefined> =>
    (await judgePredicate(path, value)).contradiction
  t.match(await judgePredicate([], undefined), CONFIRMED, 'the predicate that GitHub’s action writes')
  // the build type demands it, it may be left out, or older generators did leave it out
  type Absence = 'contradicts' | 'uncompared' | 'agrees'
  const fields: readonly (readonly [path: readonly (string | number)[], other: unknown, absence: Absence])[] = [
    [BUILD_TYPE, ['https://actions.github.io/buildtypes/workflow/v1'], 'contradicts'],
    [BUILD_TYPE, '', 'contradicts'],
    [[...WORKFLOW, 'repository'], 'https://github.com/acme/other', 'contradicts'],
    [[...WORKFLOW, 'ref'], 'refs/tags/v2.0.0', 'contradicts'],
    [[...WORKFLOW, 'ref'], 'a'.repeat(40), 'contradicts'],
    [[...WORKFLOW, 'path'], '.github/workflows/other.yml', 'contradicts'],
    [[...WORKFLOW, 'path'], ['.github/workflows/release.yml'], 'contradicts'],
    [[...GITHUB_PARAMETERS, 'repository_id'], '999', 'uncompared'],
    [[...GITHUB_PARAMETERS, 'repository_id'], 111, 'uncompared'],
    [[...GITHUB_PARAMETERS, 'repository_owner_id'], '999', 'uncompared'],
    [[...GITHUB_PARAMETERS, 'event_name'], 'pull_request', 'uncompared'],
    [[...GITHUB_PARAMETERS, 'runner_environment'], 'self-hosted', 'agrees'],
    [[...DEPENDENCIES, 0, 'digest', 'gitCommit'], 'b'.repeat(40), 'uncompared'],
    [BUILDER, 'https://github.com/slsa-framework/slsa-github-generator/x@refs/tags/v2', 'contradicts'],
    [BUILDER, 'https://github.com/actions/runner/github-hosted', 'contradicts'],
    [['runDetails', 'metadata', 'invocationId'], 'https://github.com/acme/demo/actions/runs/2', 'agrees'],
  ]
  for (const [path, other, absence] of fields) {
    t.type(await judged(path, other), 'string', `${path.join('.')} = ${JSON.stringify(other)}`)
    for (const nothing of [undefined, null]) {
      const { contradiction, uncompared } = await judgePredicate(path, nothing)
      const said = `${path.join('.')} is ${nothing}`
      t.type(contradiction, absence === 'contradicts' ? 'string' : 'undefined', said)
      t.type(uncompared, absence === 'uncompared' ? 'string' : 'undefined', said)
    }
  }
  t.type(await judged(['buildDefinition'], null), 'string')
  t.type(await judged(DEPENDENCIES, {}), 'string')
  t.type(await judged(GITHUB_PARAMETERS, '111'), 'string')
  t.type(await judged(['runDetails'], []), 'string')
})

t.test('what a SLSA predicate leaves out contradicts nothing, and is not compared', async t => {
  for (const path of [DEPENDENCIES, ['buildDefinition', 'internalParameters'], GITHUB_PARAMETERS])
    for (const nothing of [undefined, null, path === DEPENDENCIES ? [] : {}]) {
      const { contradiction, uncompared } = await judgePredicate(path, nothing)
      t.equal(contradiction, undefined, `${path.join('.')} = ${JSON.stringify(nothing)}`)
      t.match(uncompared, /is absent$/, `${path.join('.')} = ${JSON.stringify(nothing)}`)
    }
})

t.test('of a build type that nobody here knows nothing is compared', async t => {
  for (const type of [
    'https://slsa.dev/container-based-build/v0.1',
    'https://docs.gitlab.com/ci/runners/provenance',
    'x',
  ])
    t.match(await judgePredicate(BUILD_TYPE, type), {
      contradiction: undefined,
      uncompared: `buildDefinition.buildType ${JSON.stringify(type)} is not known`,
    })
})

t.test('the build type of GitHub’s action until June 2024 is compared: its builder was the runner', async t => {
  const old = 'https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1'
  const predicate = JSON.parse(JSON.stringify(slsaPredicate(spellIdentity(IDENTITY))))
  const written = { ...predicate, buildDefinition: { ...predicate.buildDefinition, buildType: old } }
  const judged = (path: readonly (string | number)[], value: unknown) => judgePredicate(path, value, IDENTITY, written)
  t.match(await judged(BUILDER, 'https://github.com/actions/runner/github-hosted'), CONFIRMED)
  t.match(await judged([], undefined), CONFIRMED, 'or the workflow')
  t.match((await judged(BUILDER, 'https://github.com/actions/runner/self-hosted')).contradiction, /builder\.id/)
  t.match((await judged([...WORKFLOW, 'repository'], 'https://github.com/acme/other')).contradiction, /repository/)
})

t.test('where the certificate has no ref, or .18 ends in the commit, the predicate’s ref is the commit', async t => {
  const commit = 'a'.repeat(40)
  const uri = `https://github.com/acme/demo/.github/workflows/release.yml@${commit}`
  const rerun: SigningIdentity = { ...IDENTITY, san: uri, claims: { 9: uri, 18: uri } }
  const withoutRef: SigningIdentity = { ...rerun, claims: { ...rerun.claims, 14: undefined } }
  const spelled = JSON.parse(JSON.stringify(slsaPredicate(spellIdentity(IDENTITY))))
  const written = { ...spelled, runDetails: { ...spelled.runDetails, builder: { id: uri } } }
  const ref = async (identity: SigningIdentity, value: string) =>
    (await judgePredicate([...WORKFLOW, 'ref'], value, identity, written)).contradiction
  for (const identity of [rerun, withoutRef]) {
    t.equal(await ref(identity, commit), undefined)
    t.type(await ref(identity, 'b'.repeat(40)), 'string')
  }
  t.equal(await ref(rerun, 'refs/tags/v1.0.0'), undefined, 'the ref (.14) is as good')
  t.type(await ref(withoutRef, 'refs/tags/v1.0.0'), 'string')
})

t.test('a tag with an @ was cut off by generators of 2024', async t => {
  const identity = { ...IDENTITY, ref: 'refs/tags/demo@1.0' }
  const ref = async (value: string) => await judgePredicate([...WORKFLOW, 'ref'], value, identity)
  t.match(await ref('refs/tags/demo@1.0'), CONFIRMED)
  t.match(await ref('refs/tags/demo'), CONFIRMED)
  t.type((await ref('refs/tags/dem')).contradiction, 'string')
})

t.test('the source is the dependency that names it, wherever it stands', async t => {
  const commit = 'a'.repeat(40)
  const image = { uri: 'pkg:docker/runner@1', digest: { sha256: 'c'.repeat(64) } }
  const source = (gitCommit: string) => ({
    uri: 'git+https://github.com/acme/demo@refs/tags/v1.0.0',
    digest: { gitCommit },
  })
  t.match(await judgePredicate(DEPENDENCIES, [image, source(commit)]), CONFIRMED)
  t.match((await judgePredicate(DEPENDENCIES, [image, source('b'.repeat(40))])).contradiction, /gitCommit/)
})

t.test('what GitLab writes is compared: source, job and commit', async t => {
  const identity: SigningIdentity = {
    kind: 'gitlab',
    project: 'acme/demo',
    run: 'https://gitlab.com/acme/demo/-/jobs/412',
  }
  const commit = 'a'.repeat(40)
  const image = { uri: 'pkg:docker/runner@1', digest: { sha256: 'c'.repeat(64) } }
  for (const [buildType, digest, job] of [
    ['https://docs.gitlab.com/ci/pipeline_security/slsa/provenance_v1', 'gitCommit', 412],
    ['https://gitlab.com/gitlab-org/gitlab-runner/-/blob/2147fb44/PROVENANCE.md', 'sha256', '412'],
  ] as const) {
    const written = {
      buildDefinition: {
        buildType,
        externalParameters: { source: 'https://gitlab.com/acme/demo', entryPoint: 'build' },
        internalParameters: { job, name: 'runner' },
        resolvedDependencies: [image, { uri: 'https://gitlab.com/acme/demo', digest: { [digest]: commit } }],
      },
      runDetails: { builder: { id: 'https://gitlab.com/acme/demo/-/runners/1' }, metadata: { invocationId: job } },
    }
    const judged = (path: readonly (string | number)[], value: unknown) =>
      judgePredicate(path, value, identity, written)
    t.match(await judged([], undefined), CONFIRMED, buildType)
    const others: readonly (readonly [path: readonly (string | number)[], other: unknown])[] = [
      [['buildDefinition', 'externalParameters', 'source'], 'https://gitlab.com/acme/other'],
      [['buildDefinition', 'externalParameters', 'source'], undefined],
      [['buildDefinition', 'internalParameters', 'job'], 413],
      [['runDetails', 'metadata', 'invocationId'], '413'],
      [[...DEPENDENCIES, 1, 'digest', digest], 'b'.repeat(40)],
    ]
    for (const [path, other] of others) t.type((await judged(path, other)).contradiction, 'string', path.join('.'))
    t.match(await judged(DEPENDENCIES, undefined), { contradiction: undefined, uncompared: /is absent$/ })
    t.match(
      (await judgePredicate([], undefined, IDENTITY, written)).contradiction,
      /source/,
      'under a GitHub certificate',
    )
  }
})
