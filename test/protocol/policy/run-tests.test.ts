import t from 'tap'
import { load } from '../good-policy.ts'

t.test('the tests of a policy are decided as the gate decides', async t => {
  const outcomes = (tests: string, mode = 'enforce') =>
    load(
      [
        'version: 1',
        `mode: ${mode}`,
        'publishers:',
        '  acme: { kind: github, repository: acme/pkg, workflow: release.yml, repository_id: "1", owner_id: "2", environment: pypi }',
        '  star: { kind: github, repository: "acme/*", workflow: "*", owner_id: "2", ref: "refs/tags/v*" }',
        '  lab: { kind: gitlab, project: acme/lab, config: .gitlab-ci.yml }',
        '  signed: { kind: github, repository: acme/pkg, workflow: ci.yml, signer: { workflow: acme/ci/.github/workflows/p.yml, ref: "refs/tags/v*" } }',
        '  built: { kind: github, repository: acme/b, workflow: release.yml }',
        '  circle: { kind: circleci, project_id: b1b1b1b1-1111-4222-8333-444444444444, pipeline_definition_id: c2c2c2c2-1111-4222-8333-444444444444, organization_id: a0a0a0a0-1111-4222-8333-444444444444, vcs_origin: github.com/acme/pkg, ref: refs/tags/* }',
        'projects:',
        '  - { match: pkg, publishers: [acme, star, lab, signed, circle], cooldown: { min_age: 1d }, yanked: deny }',
        '  - { match: ratchet, attestation: when-seen, identity: first-seen }',
        '  - { match: built, publishers: [built], slsa: { builders: [{ workflow: acme/ci/.github/workflows/b.yml, ref: "refs/tags/v*" }] } }',
        'tests:',
        ...tests.split('\n').map(test => `  - ${test}`),
      ].join('\n'),
    ).tests.length
  const old = 'uploaded: 2026-01-01T00:00:00Z'
  t.equal(
    outcomes(`{ given: { file: pkg-1.0.tar.gz, attested_by: acme, ${old} }, expect: admitted }
{ given: { file: pkg-1.0.tar.gz, attested_by: star, ${old} }, expect: admitted }
{ given: { file: pkg-1.0.tar.gz, attested_by: lab, ${old} }, expect: admitted }
{ given: { file: pkg-1.0.tar.gz, attested_by: signed, ${old} }, expect: admitted }
{ given: { file: pkg-1.0.tar.gz, attested_by: circle, ${old} }, expect: admitted }
{ given: { file: pkg-1.0.tar.gz, attested_by: { kind: circleci, project_id: b1b1b1b1-1111-4222-8333-444444444444, pipeline_definition_id: c2c2c2c2-1111-4222-8333-444444444445 }, ${old} }, expect: { refused: publisher-mismatch } }
{ given: { file: pkg-1.0.tar.gz, attested_by: { kind: github, repository: acme/pkg, workflow: other.yml }, ${old} }, expect: { refused: publisher-mismatch } }
{ given: { file: pkg-1.0.tar.gz, attested_by: acme }, expect: { refused: upload-time-missing } }
{ given: { file: pkg-1.0.tar.gz, attested_by: acme, uploaded: 2026-11-24T00:00:00Z }, expect: { refused: too-new } }
{ given: { file: pkg-1.0.tar.gz, attested_by: acme, uploaded: 2026-11-24T00:00:00Z, at: 2026-11-25T00:00:00Z }, expect: admitted }
{ given: { file: pkg-1.0.tar.gz, attested_by: acme, ${old}, yanked: true }, expect: { refused: yanked } }
{ given: { file: pkg-1.0.tar.gz, attested_by: acme, ${old}, status: quarantined }, expect: { refused: project-quarantined } }
{ given: { file: other-1.0.tar.gz }, expect: { refused: no-rule } }
{ given: { file: ratchet-2.0.tar.gz }, expect: admitted }
{ given: { file: ratchet-2.0.tar.gz, attested_before: [ratchet-1.0.tar.gz] }, expect: { refused: provenance-lost } }
{ given: { file: ratchet-2.0.tar.gz, attested_by: acme, first_signed_by: acme }, expect: admitted }
{ given: { file: ratchet-2.0.tar.gz, attested_by: lab, first_signed_by: acme }, expect: { refused: publisher-changed } }
{ given: { file: built-1.0.tar.gz, attested_by: built }, expect: { refused: builder-not-trusted } }
{ given: { file: built-1.0.tar.gz, attested_by: built, built_by: { workflow: acme/ci/.github/workflows/b.yml, ref: refs/tags/v1 } }, expect: admitted }`),
    19,
  )
  t.equal(
    outcomes('{ given: { file: other-1.0.tar.gz }, expect: { refused: no-rule } }', 'audit'),
    1,
    'in audit mode too: a test says what the policy means',
  )
})
