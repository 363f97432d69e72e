import t from 'tap'
import { publisherKeys, scalar } from '../../../src/domain/identity/publisher-text.ts'
import { slsaLevelOf } from '../../../src/domain/identity/slsa-level.ts'
import { githubClaims } from '../../world/judging/claims.ts'

t.test('the SLSA level is what the certificate can speak for', async t => {
  const signer = 'https://github.com/builders/ci/.github/workflows/build.yml@refs/tags/v1'
  t.equal(slsaLevelOf(githubClaims()), 2, 'the project’s own workflow')
  t.equal(slsaLevelOf(githubClaims({ buildSignerUri: signer })), 3, 'a reusable one')
  t.equal(slsaLevelOf(githubClaims({ buildSignerUri: signer, runnerEnvironment: 'self-hosted' })), 1)
  t.equal(slsaLevelOf(githubClaims({ buildSignerUri: undefined })), 1)
  t.equal(slsaLevelOf(githubClaims({ buildConfigUri: undefined })), 1)
})

t.test('a publisher is written as YAML that reads as the same', async t => {
  t.strictSame(publisherKeys({ kind: 'google', label: 'x', email: 'a@b.example' }), [
    'kind: google',
    'email: "a@b.example"',
  ])
  for (const [text, written] of [
    ['acme/pkg', 'acme/pkg'],
    ['true', '"true"'],
    ['Null', '"Null"'],
    ['0123', '"0123"'],
    ['a: b', '"a: b"'],
    ['*', '"*"'],
    ['', '""'],
    ['a\nb', '"a\\nb"'],
  ] as const)
    t.equal(scalar(text), written, JSON.stringify(text))
})
