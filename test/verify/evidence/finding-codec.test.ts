import t from 'tap'
import { VerifiedAttestation } from '../../../src/domain/identity/attestation.ts'
import { decodeClaims, decodeFinding, encodeFinding } from '../../../src/verify/evidence/finding-codec.ts'

const RUN = 'https://github.com/acme/pkg/.github/workflows/release.yml@refs/tags/v1.0.0'

/** As it was written into databases; it is never to be made by the code that reads it. */
const EVERY_CLAIM = `{"san":{"kind":"uri","value":"${RUN}"},"issuer":"https://token.actions.githubusercontent.com","buildSignerUri":"${RUN}","buildSignerDigest":"claim 10","runnerEnvironment":"github-hosted","sourceRepositoryUri":"https://github.com/acme/pkg","sourceRepositoryDigest":"claim 13","sourceRepositoryRef":"refs/tags/v1.0.0","sourceRepositoryId":"111","sourceRepositoryOwnerUri":"https://github.com/acme","sourceRepositoryOwnerId":"222","buildConfigUri":"${RUN}","buildConfigDigest":"claim 19","buildTrigger":"release","runInvocationUri":"https://github.com/acme/pkg/actions/runs/1/attempts/1","sourceRepositoryVisibility":"public","deploymentEnvironment":"pypi","tokenSubject":"claim 24"}`
const FEWEST_CLAIMS = '{"san":{"kind":"email","value":"a@b.example"},"issuer":"https://accounts.google.com"}'
const ATTESTED = `{"format":3,"kind":"attested","bundles":[{"publisher":{"kind":"GitHub","repository":"acme/pkg","workflow":"release.yml","environment":"pypi"},"attestations":[{"predicateType":"publish/v1","claims":${EVERY_CLAIM},"root":"sigstore","signedAt":1767225600000,"logIndex":"123","leafSha256":"${'a'.repeat(64)}"},{"predicateType":{"unknown":"https://example.com/v1"},"claims":${FEWEST_CLAIMS},"root":"${'b'.repeat(64)}","signedAt":1767225600001,"logIndex":"124","leafSha256":"${'c'.repeat(64)}","contradiction":"builder.id","uncompared":"gitCommit is absent"}]}],"provenanceSha256":"${'d'.repeat(64)}"}`

t.test('a finding that was stored before reads as what it was', async t => {
  const finding = decodeFinding(ATTESTED)
  if (finding?.kind !== 'attested') return void t.fail('it is an attested one')
  const [bundle] = finding.bundles
  t.strictSame(bundle.publisher, {
    kind: 'GitHub',
    project: undefined,
    repository: 'acme/pkg',
    workflow: 'release.yml',
    email: undefined,
    environment: 'pypi',
  })
  const [first, second] = bundle.attestations
  t.ok(VerifiedAttestation.is(first))
  t.match(first.facts, { predicateType: 'publish/v1', root: 'sigstore', signedAt: 1_767_225_600_000, logIndex: '123' })
  t.strictSame(first.facts.claims, {
    san: { kind: 'uri', value: RUN },
    issuer: 'https://token.actions.githubusercontent.com',
    buildSignerUri: RUN,
    buildSignerDigest: 'claim 10',
    runnerEnvironment: 'github-hosted',
    sourceRepositoryUri: 'https://github.com/acme/pkg',
    sourceRepositoryDigest: 'claim 13',
    sourceRepositoryRef: 'refs/tags/v1.0.0',
    sourceRepositoryId: '111',
    sourceRepositoryOwnerUri: 'https://github.com/acme',
    sourceRepositoryOwnerId: '222',
    buildConfigUri: RUN,
    buildConfigDigest: 'claim 19',
    buildTrigger: 'release',
    runInvocationUri: 'https://github.com/acme/pkg/actions/runs/1/attempts/1',
    sourceRepositoryVisibility: 'public',
    deploymentEnvironment: 'pypi',
    tokenSubject: 'claim 24',
  })
  t.equal(first.facts.contradiction, undefined)
  t.equal(first.facts.uncompared, undefined)
  t.match(second?.facts, {
    predicateType: { unknown: 'https://example.com/v1' },
    contradiction: 'builder.id',
    uncompared: 'gitCommit is absent',
  })
  t.strictSame(second?.facts.claims, {
    san: { kind: 'email', value: 'a@b.example' },
    issuer: 'https://accounts.google.com',
    buildSignerUri: undefined,
    buildSignerDigest: undefined,
    runnerEnvironment: undefined,
    sourceRepositoryUri: undefined,
    sourceRepositoryDigest: undefined,
    sourceRepositoryRef: undefined,
    sourceRepositoryId: undefined,
    sourceRepositoryOwnerUri: undefined,
    sourceRepositoryOwnerId: undefined,
    buildConfigUri: undefined,
    buildConfigDigest: undefined,
    buildTrigger: undefined,
    runInvocationUri: undefined,
    sourceRepositoryVisibility: undefined,
    deploymentEnvironment: undefined,
    tokenSubject: undefined,
  })
  t.equal(encodeFinding(finding), ATTESTED, 'and is written as it was')
})

t.test('claims that were stored apart read as what they were', async t => {
  for (const text of [EVERY_CLAIM, FEWEST_CLAIMS]) t.equal(JSON.stringify(decodeClaims(text)), text)
  t.equal(decodeClaims(EVERY_CLAIM.replace('tokenSubject', 'tokenSubjects')), undefined, 'a name that no claim has')
  t.equal(decodeClaims(FEWEST_CLAIMS.replace('issuer', 'buildTrigger')), undefined, 'without an issuer')
})

t.test('what is no attested finding reads as what it was, too', async t => {
  for (const [text, finding] of [
    ['{"format":3,"kind":"unattested","said":"index"}', { kind: 'unattested', said: 'index' }],
    [
      '{"format":3,"kind":"invalid","why":"digest-mismatch","detail":"other bytes"}',
      { kind: 'invalid', why: 'digest-mismatch', detail: 'other bytes' },
    ],
  ] as const) {
    t.strictSame(decodeFinding(text), finding)
    t.equal(encodeFinding(finding), text)
  }
})

t.test('the pipeline that the index names is kept', async t => {
  const project = 'b1b1b1b1-1111-4222-8333-444444444444'
  const text = ATTESTED.replace('"kind":"GitHub",', `"kind":"CircleCI","project":"${project}",`)
  const finding = decodeFinding(text)
  if (finding?.kind !== 'attested') return void t.fail('it is an attested one')
  t.match(finding.bundles[0].publisher, { kind: 'CircleCI', project })
  t.equal(encodeFinding(finding), text)
})

t.test('a finding of an older format is verified again', async t =>
  t.equal(decodeFinding(ATTESTED.replace('"format":3', '"format":2')), undefined),
)
