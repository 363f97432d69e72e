import t from 'tap'
import { parseSha256 } from '../../src/domain/base/digest.ts'
import { type Instant, instant } from '../../src/domain/base/instant.ts'
import { decide, needsFinding } from '../../src/domain/decide/decide.ts'
import type { Finding } from '../../src/domain/identity/attestation.ts'
import type { Claims } from '../../src/domain/identity/claims.ts'
import { signerKeyOf } from '../../src/domain/identity/signer.ts'
import { createHistory, type History, NO_HISTORY, proofOf, type SeenFile } from '../../src/domain/memory/history.ts'
import type { Artifact } from '../../src/domain/packaging/artifact.ts'
import { isSameOrEarlierLine, type ReleaseLine } from '../../src/domain/packaging/release-line.ts'
import { parseVersion, type Version } from '../../src/domain/packaging/version.ts'
import { circleciClaims, claimsBuiltBy, githubClaims } from '../world/claims.ts'
import { attested, bundle, listed, NOW, policyOf, UNASKED, UNATTESTED } from '../world/judging.ts'

const DAY = 86_400_000

function version(text: string): Version {
  const parsed = parseVersion(text)
  if (parsed === undefined) throw new TypeError(`not a version: ${text}`)
  return parsed
}

function ago(days: number): Instant {
  return instant(NOW - days * DAY)
}

/** A file of `pkg` as it was seen ten days ago, with what a test changes. */
function seen(release: string, changes: Partial<SeenFile> = {}): SeenFile {
  return {
    filename: `pkg-${release}.tar.gz`,
    version: version(release),
    uploaded: ago(10),
    firstSeen: ago(10),
    lastSeen: ago(1),
    absent: undefined,
    offered: undefined,
    proof: undefined,
    ...changes,
  }
}

function proved(release: string, claims: Claims = githubClaims(), at: Instant = ago(10)): SeenFile {
  return seen(release, { proof: proofOf(attested(bundle({ claims })), at) })
}

function after(...files: readonly SeenFile[]): History {
  return createHistory(files)
}

const MOVED = claimsBuiltBy('https://github.com/evil/pkg/.github/workflows/release.yml@refs/tags/v1.0.0', {
  sourceRepositoryUri: 'https://github.com/evil/pkg',
  sourceRepositoryOwnerId: '666',
})
const BY_MOVED = attested(bundle({ claims: MOVED, object: { repository: 'evil/pkg' } }))

function judge(
  rule: string,
  history: History,
  options: {
    readonly artifact?: Artifact
    readonly finding?: Finding
    readonly more?: string
    readonly at?: Instant
  } = {},
) {
  const { artifact = listed('pkg-2.0.0.tar.gz'), finding = UNATTESTED, more = '', at = NOW } = options
  const policy = policyOf(`version: 1\n${more}\nprojects:\n  - { match: pkg, ${rule} }\n`)
  return decide(artifact, finding, policy, history, at)
}

function outcome(...given: Parameters<typeof judge>): string {
  const verdict = judge(...given)
  return verdict.kind === 'refused' ? verdict.code : verdict.facts.by
}

t.test('the ratchet', async t => {
  const rule = 'attestation: when-seen'
  t.equal(outcome(rule, NO_HISTORY), 'optional', 'lets an unattested file pass while none was seen attested')
  t.equal(outcome(rule, after(seen('1.0.0'))), 'optional', 'and files without attestations change nothing')
  t.equal(outcome(rule, after(proved('1.0.0'))), 'provenance-lost', 'closes with the first that was proved')
  t.equal(outcome(rule, after(seen('1.0.0', { offered: ago(3) }))), 'provenance-lost', 'or offered by the index')
  t.equal(outcome(rule, after(proved('2.0.0'))), 'provenance-partial', 'tells a release whose other files are attested')
  t.equal(outcome(rule, NO_HISTORY, { finding: attested() }), 'attestation', 'and an attested file passes as ever')
  t.match(
    judge(rule, after(proved('1.0.0'))),
    { detail: /pkg-1\.0\.0\.tar\.gz was attested by "acme\/pkg release\.yml", first verified here on 2026-11-14/ },
    'the story is told',
  )
  t.equal(
    outcome(`${rule}, regression: { lost: allow }`, after(proved('1.0.0'))),
    'optional',
    'unless the rule allows it',
  )
  t.equal(
    outcome(`${rule}, regression: { partial: allow }`, after(proved('2.0.0'))),
    'optional',
    'a partial release, where that is allowed, is no loss of itself',
  )
  t.equal(
    outcome(`${rule}, regression: { partial: allow }`, after(proved('2.0.0'), proved('1.9.0'))),
    'provenance-lost',
    'but what came before it counts',
  )
  t.throws(() => judge(rule, NO_HISTORY, { finding: UNASKED }), { code: 'unknown-upstream' }, 'unknown is not absent')
})

t.test('release lines: a new line continues the lines before it, an old one is not held to a newer', async t => {
  const lost = (file: string, before: string, line: ReleaseLine) =>
    outcome(`attestation: when-seen, regression: { release_line: ${line} }`, after(proved(before)), {
      artifact: listed(`pkg-${file}.tar.gz`),
    }) === 'provenance-lost'
  t.ok(lost('1.0.1', '1.0.0', 'minor'))
  t.ok(lost('1.1.0', '1.0.0', 'minor'), 'the next minor line')
  t.ok(lost('9.9.9', '1.0.0', 'minor'), 'a bump is no way out')
  t.ok(lost('1!0.1', '9.0', 'minor'), 'nor is an epoch')
  t.ok(lost('1.0.0', '1.0.5', 'minor'), 'within a line the order does not count')
  t.notOk(lost('1.0.9', '1.1.0', 'minor'), 'the line before it')
  t.ok(lost('1.0.9', '1.1.0', 'major'))
  t.notOk(lost('1.9.0', '2.0.0', 'major'))
  t.ok(lost('1.9.0', '2.0.0', 'project'))
})

t.test('pre-releases are compared among themselves, unless the rule says otherwise', async t => {
  const rule = 'attestation: when-seen'
  const rc = { artifact: listed('pkg-2.0rc1.tar.gz') }
  t.equal(outcome(rule, after(proved('1.0.0')), rc), 'optional', 'finals say nothing of a pre-release')
  t.equal(outcome(rule, after(proved('2.0rc1', githubClaims()))), 'optional', 'a pre-release says nothing of a final')
  t.equal(outcome(rule, after(proved('1.0.dev1')), rc), 'provenance-lost')
  const together = `${rule}, regression: { ignore_prereleases: false }`
  t.equal(outcome(together, after(proved('1.0.0')), rc), 'provenance-lost')
  t.equal(outcome(together, after(proved('2.0rc1'))), 'provenance-lost')
})

t.test('under required an unattested file is unattested, and what came before is told', async t => {
  const rule = 'publishers: [{ kind: github, repository: acme/pkg, workflow: release.yml }]'
  t.match(judge(rule, after(proved('1.0.0'))), {
    code: 'unattested',
    detail: /Unlike this one, pkg-1\.0\.0\.tar\.gz was attested by "acme\/pkg release\.yml"/,
  })
  t.match(judge(rule, after(seen('1.0.0', { offered: ago(2) }))), {
    detail: /the index has offered provenance for pkg-1\.0\.0\.tar\.gz since 2026-11-22/,
  })
  t.equal(outcome('attestation: optional', after(proved('1.0.0'))), 'optional', 'under optional it passes')
})

t.test('the first identity that was proved is the one', async t => {
  const rule = 'identity: first-seen'
  const first = { finding: attested() }
  t.equal(outcome(rule, NO_HISTORY, first), 'attestation', 'whoever it is')
  t.equal(outcome(rule, after(proved('1.0.0')), first), 'attestation', 'and again')
  t.equal(outcome(rule, after(proved('1.0.0')), { finding: BY_MOVED }), 'publisher-changed', 'nobody else afterwards')
  t.equal(outcome(rule, after(proved('1.0.0')), { finding: UNATTESTED }), 'unattested')
  t.equal(
    outcome(`${rule}, regression: { publisher_changed: allow }`, after(proved('1.0.0')), { finding: BY_MOVED }),
    'attestation',
    'unless the rule lets it change',
  )
  t.equal(
    outcome(rule, after(proved('1.0.0', MOVED, ago(3)), proved('0.9', githubClaims(), ago(9))), { finding: BY_MOVED }),
    'publisher-changed',
    'the earliest proof counts, not the oldest version',
  )
  t.match(judge(rule, after(proved('1.0.0')), { finding: BY_MOVED }), {
    detail: /pkg-1\.0\.0\.tar\.gz was attested by "acme\/pkg release\.yml" \(2026-11-14\)/,
    admitWith: /match: pkg\n.*\n.*\n *repository: acme\/pkg\n(?:.*\n)+ *repository: evil\/pkg/,
  })
  const { admitWith } = judge(rule, after(proved('1.0.0')), { finding: BY_MOVED }) as { readonly admitWith: string }
  const approved = policyOf(`version: 1\n${admitWith}`)
  t.equal(decide(listed('pkg-2.0.0.tar.gz'), BY_MOVED, approved, NO_HISTORY, NOW).kind, 'admitted', 'once approved')
  t.equal(
    decide(listed('pkg-1.0.0.tar.gz'), attested(), approved, NO_HISTORY, NOW).kind,
    'admitted',
    'and the first identity stays',
  )
})

t.test('what a signer is', async t => {
  const key = (changes: Partial<Claims>) => signerKeyOf(githubClaims(changes), 'sigstore')
  const same = key({})
  const config = 'https://github.com/acme/pkg/.github/workflows/release.yml@refs/tags/v2.0.0'
  t.equal(
    key({
      sourceRepositoryRef: 'refs/tags/v2.0.0',
      buildConfigUri: config,
      buildSignerUri: config,
      san: { kind: 'uri', value: config },
      sourceRepositoryDigest: 'b'.repeat(40),
      runInvocationUri: 'https://github.com/acme/pkg/actions/runs/2/attempts/1',
    }),
    same,
    'another ref, commit and run are the same signer',
  )
  t.not(key({ sourceRepositoryId: '112' }), same, 'another repository under the same name is not')
  t.not(key({ sourceRepositoryOwnerId: '223' }), same)
  t.not(key({ issuer: 'https://gitlab.com' }), same)
  t.not(key({ buildConfigUri: 'https://github.com/acme/pkg/.github/workflows/other.yml@refs/tags/v1.0.0' }), same)
  const reusable = 'https://github.com/acme/ci/.github/workflows/publish.yml'
  t.not(key({ buildSignerUri: `${reusable}@refs/tags/v1` }), same, 'a reusable workflow that signs is part of it')
  t.equal(key({ buildSignerUri: `${reusable}@refs/tags/v1` }), key({ buildSignerUri: `${reusable}@refs/tags/v2` }))
  const inHouse = parseSha256('a'.repeat(64))
  if (inHouse === undefined) throw new TypeError('a digest')
  t.not(signerKeyOf(githubClaims(), inHouse), same, 'and so is who vouches for it')
  const circle = (changes: Partial<Claims> = {}, run?: string) => signerKeyOf(circleciClaims(changes, run), 'sigstore')
  t.equal(
    circle({ sourceRepositoryRef: 'refs/tags/v2' }, '2'.repeat(8)),
    circle(),
    'of CircleCI every run has its own .18',
  )
  t.not(circle({ buildSignerUri: `${circleciClaims().san.value}x` }), circle(), 'the pipeline is who signs')
  t.not(circle({ sourceRepositoryUri: 'github.com/evil/pkg' }), circle(), 'and where its source is')
})

t.test('a first identity is never taken from what strangers can start, or from an object that lies', async t => {
  const pulled = attested(bundle({ claims: githubClaims({ buildTrigger: 'pull_request_target' }) }))
  t.equal(proofOf(pulled, NOW), undefined)
  t.equal(proofOf(attested(bundle({ object: { repository: 'other/pkg' } })), NOW), undefined)
  t.equal(proofOf(UNATTESTED, NOW), undefined)
  t.equal(outcome('identity: first-seen', NO_HISTORY, { finding: pulled }), 'publisher-mismatch')
  const object = { kind: 'CircleCI', repository: undefined, workflow: undefined }
  const rerun = attested(bundle({ object, claims: circleciClaims({ runnerEnvironment: 'ssh-rerun' }) }))
  t.equal(proofOf(rerun, NOW), undefined)
  t.equal(outcome('identity: first-seen', NO_HISTORY, { finding: rerun }), 'publisher-mismatch')
  const run = attested(bundle({ object, claims: circleciClaims() }))
  t.not(proofOf(run, NOW), undefined)
  t.equal(outcome('identity: first-seen', NO_HISTORY, { finding: run }), 'attestation')
})

t.test('a file added long after its release', async t => {
  const rule = 'publishers: [{ kind: github, repository: acme/pkg, workflow: release.yml }]'
  const at = (uploaded: Instant | undefined) => ({
    artifact: listed('pkg-2.0.0-py3-none-any.whl', { uploaded }),
    finding: attested(),
  })
  const released = seen('2.0.0', { uploaded: ago(100) })
  t.equal(outcome(rule, after(released), at(ago(86))), 'attestation', 'fourteen days are not long')
  t.equal(outcome(rule, after(released), at(instant(ago(86) + 1))), 'added-late')
  t.equal(
    outcome(rule, after(seen('2.0.1', { uploaded: ago(100) })), at(ago(1))),
    'attestation',
    'its own release counts',
  )
  t.equal(outcome(`${rule}, regression: { added_late: allow }`, after(released), at(ago(1))), 'attestation')
  const backdated = seen('2.0.0', { filename: 'pkg-2.0.0-py3-none-any.whl', uploaded: ago(100), absent: ago(2) })
  t.equal(
    outcome(rule, after(released, backdated), at(ago(100))),
    'added-late',
    'an index cannot backdate what was not there',
  )
  t.equal(outcome(rule, after(released), at(undefined)), 'attestation', 'without a time nothing is said')
})

t.test('a cooldown counts from the latest of upload, signature and the last look without the file', async t => {
  const rule = 'attestation: optional, cooldown: { min_age: 3d }'
  const file = (uploaded: Instant | undefined) => ({ artifact: listed('pkg-2.0.0.tar.gz', { uploaded }) })
  t.equal(outcome(rule, NO_HISTORY, file(ago(3))), 'optional', 'to the millisecond')
  t.equal(outcome(rule, NO_HISTORY, file(instant(ago(3) + 1))), 'too-new')
  t.equal(outcome(rule, NO_HISTORY, file(undefined)), 'upload-time-missing')
  const turnedUp = seen('2.0.0', { uploaded: ago(90), absent: ago(1) })
  t.equal(outcome(rule, after(turnedUp), file(ago(90))), 'too-new', 'the index says it is old, but it was not there')
  const signed = attested(bundle({ facts: [{ signedAt: ago(2) }] }))
  t.equal(outcome(rule, NO_HISTORY, { ...file(ago(90)), finding: signed }), 'too-new', 'nor was it signed')
  t.match(judge(rule, NO_HISTORY, file(ago(2))), { detail: /It passes from 2026-11-25T12:00:00\.000Z on/ })
  t.equal(outcome(rule, NO_HISTORY, { ...file(ago(2)), at: instant(NOW + DAY) }), 'optional', 'and then it does')
  t.equal(outcome('attestation: optional, cooldown: { min_age: 0d }', NO_HISTORY, file(undefined)), 'optional')
  const policy = policyOf(`version: 1\nprojects:\n  - { match: pkg, ${rule} }\n`)
  t.equal(needsFinding(file(ago(1)).artifact, policy, NO_HISTORY, NOW), false, 'nobody needs to fetch its provenance')
  const exempted = `exemptions: [{ id: EX, project: pkg, waive: [cooldown], files: { pkg-2.0.0.tar.gz: "sha256:${listed('pkg-2.0.0.tar.gz').sha256}" }, reason: urgent, owner: o, expires: 2027-01-01 }]`
  t.equal(outcome(rule, NO_HISTORY, { ...file(ago(1)), more: exempted }), 'exemption')
})

t.test('SLSA provenance of a named builder, read from the certificate', async t => {
  const generator = 'slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml'
  const uri = `https://github.com/${generator}@refs/tags/v2.1.0`
  const rule = (level = 3) =>
    `publishers: [{ kind: github, repository: acme/pkg, workflow: release.yml }], slsa: { min_level: ${level}, builders: [{ workflow: ${generator}, ref: "refs/tags/v*" }] }`
  const built = (changes: Partial<Claims> = {}) =>
    attested(
      bundle({
        facts: [
          {},
          {
            predicateType: 'slsa-provenance/v1',
            claims: githubClaims({ buildSignerUri: uri, san: { kind: 'uri', value: uri }, ...changes }),
          },
        ],
      }),
    )
  t.equal(outcome(rule(), NO_HISTORY, { finding: built() }), 'attestation')
  t.equal(outcome(rule(), NO_HISTORY, { finding: attested() }), 'builder-not-trusted', 'publish alone is none')
  const other = uri.replace('v2.1.0', 'main')
  t.equal(
    outcome(rule(), NO_HISTORY, { finding: built({ buildSignerUri: other, san: { kind: 'uri', value: other } }) }),
    'builder-not-trusted',
    'nor is the builder at another ref',
  )
  t.equal(
    outcome(rule(), NO_HISTORY, {
      finding: attested(bundle({ facts: [{}, { predicateType: 'slsa-provenance/v1' }] })),
    }),
    'builder-not-trusted',
    'the project’s own workflow is no such builder',
  )
  t.equal(outcome(rule(), NO_HISTORY, { finding: built({ runnerEnvironment: 'self-hosted' }) }), 'builder-not-trusted')
  t.equal(outcome(rule(1), NO_HISTORY, { finding: built({ runnerEnvironment: 'self-hosted' }) }), 'attestation')
  t.equal(
    outcome(rule(), NO_HISTORY, {
      finding: attested(bundle({ claims: githubClaims({ buildSignerUri: uri, san: { kind: 'uri', value: uri } }) })),
    }),
    'publisher-mismatch',
    'a builder may sign SLSA provenance, not the publish attestation',
  )
  t.equal(
    outcome(`identity: first-seen, slsa: ${rule().split('slsa: ')[1]}`, after(proved('1.0.0')), { finding: built() }),
    'attestation',
    'and does not change who is first',
  )
})

t.test('what is revoked is refused, whatever was proved', async t => {
  const rule = 'publishers: [{ kind: github, repository: acme/pkg, workflow: release.yml }]'
  const artifact = listed('pkg-2.0.0.tar.gz')
  const by = (revocation: string, finding: Finding = attested()) =>
    outcome(rule, NO_HISTORY, { artifact, finding, more: `revocations: [{ ${revocation}, reason: theft }]` })
  t.equal(by(`sha256: "${'0'.repeat(64)}"`), 'attestation', 'somebody else’s')
  t.equal(by(`sha256: "${artifact.sha256}"`), 'revoked')
  t.equal(by('project: pkg, versions: ">=2"'), 'revoked')
  t.equal(by('project: pkg, versions: "<2"'), 'attestation')
  t.equal(by('run: "https://github.com/acme/pkg/actions/runs/1/attempts/1"'), 'revoked')
  t.equal(by('run: "https://github.com/acme/pkg/actions/runs/1/attempts/2"'), 'attestation')
  t.equal(by(`repository: acme/pkg, commit: "${'a'.repeat(40)}"`), 'revoked')
  t.equal(by(`repository: Acme/PKG, commit: "${'a'.repeat(40)}"`), 'revoked', 'whatever the case')
  t.equal(by(`repository: acme/other, commit: "${'a'.repeat(40)}"`), 'attestation')
  t.equal(by(`repository: acme/pkg, commit: "${'b'.repeat(40)}"`), 'attestation')
  const window = 'repository: acme/pkg, signed_after: 2026-11-24T12:00:00Z, signed_before: 2026-11-24T13:00:00Z'
  t.equal(by(window), 'revoked', 'the first moment of a window')
  t.equal(
    by(window, attested(bundle({ facts: [{ signedAt: instant(NOW + 3_600_000) }] }))),
    'attestation',
    'not the last',
  )
  t.equal(by(window, attested(bundle({ facts: [{ signedAt: instant(NOW - 1) }] }))), 'attestation')
  t.equal(
    by('repository: evil/pkg, signed_after: 2020-01-01T00:00:00Z', attested(bundle(), ...BY_MOVED.bundles)),
    'revoked',
    'in whichever bundle it stands',
  )
  t.equal(
    outcome(rule, NO_HISTORY, {
      artifact,
      finding: attested(),
      more: `mode: audit\nrevocations: [{ sha256: "${artifact.sha256}", reason: theft }]`,
    }),
    'revoked',
    'in audit mode too',
  )
})

t.test('audit mode admits what would be refused, says what for, and refuses what is hard', async t => {
  const rule = 'publishers: [{ kind: github, repository: acme/pkg, workflow: release.yml }]'
  const audit = (finding: Finding, artifact = listed('pkg-2.0.0.tar.gz')) =>
    judge(rule, NO_HISTORY, { finding, artifact, more: 'mode: audit' })
  t.match(audit(attested()), { facts: { by: 'attestation', wouldRefuse: undefined } })
  t.match(audit(UNATTESTED), { facts: { by: 'audit', restsOnAttestation: false, wouldRefuse: { code: 'unattested' } } })
  t.match(audit(BY_MOVED), {
    facts: { by: 'audit', restsOnAttestation: true, wouldRefuse: { code: 'publisher-mismatch' } },
  })
  t.match(audit(UNATTESTED, listed('other-1.0.tar.gz')), { facts: { by: 'audit', wouldRefuse: { code: 'no-rule' } } })
  const invalid = { kind: 'invalid', why: 'digest-mismatch', detail: 'no' } as const
  t.match(audit(invalid), { code: 'digest-mismatch' })
  t.match(audit(invalid, listed('other-1.0.tar.gz')), { code: 'digest-mismatch' }, 'of a project without a rule too')
  t.match(audit(attested(bundle({ object: { repository: 'x/y' } })), listed('other-1.0.tar.gz')), {
    code: 'publisher-object-mismatch',
  })
  t.match(audit(UNATTESTED, listed('pkg-2.0.0.tar.gz', { status: 'quarantined' })), { code: 'project-quarantined' })
  t.throws(() => audit(UNASKED), { code: 'unknown-upstream' }, 'and what cannot be told is not let pass')
  t.throws(() => audit(UNASKED, listed('other-1.0.tar.gz')), { code: 'unknown-upstream' })
  const policy = policyOf(`version: 1\nmode: audit\nprojects:\n  - { match: pkg, deny: typosquat }\n`)
  t.equal(needsFinding(listed('other-1.0.tar.gz'), policy, NO_HISTORY, NOW), true, 'so it has to be looked at')
  t.equal(needsFinding(listed(), policy, NO_HISTORY, NOW), false, 'unless it is refused anyhow')
})

t.test('lines', async t => {
  const earlier = (one: string, other: string, line: ReleaseLine) =>
    isSameOrEarlierLine(version(one), version(other), line)
  t.ok(earlier('1', '1.0.5', 'minor'), 'missing segments are zero')
  t.notOk(earlier('1.1', '1', 'minor'))
  t.ok(earlier('1.1', '1', 'major'))
})
