import t from 'tap'
import { identityOf, objectAgrees } from '../../../src/domain/identity/identity.ts'
import { claimsBuiltBy, gitlabClaims } from '../../world/judging/claims.ts'
import { acme, group, matches, mismatch } from './acme-publishers.ts'

t.test('.18 may end in the commit where the certificate has a ref as well', async t => {
  const commit = 'a'.repeat(40)
  const github = claimsBuiltBy(`https://github.com/acme/pkg/.github/workflows/release.yml@${commit}`)
  const gitlab = (end: string) => {
    const uri = `https://gitlab.com/group/sub/proj//.gitlab-ci.yml@${end}`
    return gitlabClaims({ san: { kind: 'uri', value: uri }, buildSignerUri: uri, buildConfigUri: uri })
  }
  t.equal(github.sourceRepositoryRef, 'refs/tags/v1.0.0')
  t.ok(matches(acme, github))
  t.ok(matches({ ...acme, repository: 'acme/*', workflows: ['*'] }, github))
  t.ok(matches(group, gitlab(commit)))
  t.match(identityOf(github), { workflow: 'release.yml', ref: 'refs/tags/v1.0.0' })
  t.match(identityOf(gitlab(commit)), { workflow: '.gitlab-ci.yml' })
  const object = {
    kind: 'GitHub',
    repository: 'acme/pkg',
    workflow: 'release.yml',
    email: undefined,
    environment: undefined,
  }
  t.ok(objectAgrees(object, github))
  t.equal(mismatch({ ...acme, refs: ['refs/heads/*'] }, github), 'ref (.14)', 'and the ref is compared as ever')
  for (const end of ['b'.repeat(40), 'refs/tags/v2', `${commit}x`, `refs/tags/v1@${commit}`]) {
    const claims = claimsBuiltBy(`https://github.com/acme/pkg/.github/workflows/release.yml@${end}`)
    t.equal(mismatch(acme, claims), 'build config (.18)', end)
    t.equal(mismatch(group, gitlab(end)), 'build config (.18)', end)
    t.notOk(objectAgrees(object, claims), end)
  }
})
