import t from 'tap'
import type { Claims } from '../../../src/domain/identity/claims.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import { githubClaims } from '../../world/judging/claims.ts'
import { attested, bundle } from '../../world/judging/judging.ts'
import { after, outcome, proved } from './seen-before.ts'

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
