import t from 'tap'
import { parseSha256 } from '../../../src/domain/base/digest.ts'
import type { Claims } from '../../../src/domain/identity/claims.ts'
import { signerKeyOf } from '../../../src/domain/identity/signer.ts'
import { circleciClaims, githubClaims } from '../../world/judging/claims.ts'

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
