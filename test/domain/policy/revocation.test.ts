import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import type { Finding } from '../../../src/domain/identity/attestation.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import { attested, bundle, listed, NOW } from '../../world/judging/judging.ts'
import { BY_MOVED, outcome } from '../decide/seen-before.ts'

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
