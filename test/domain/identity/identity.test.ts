import t from 'tap'
import type { PublisherObject } from '../../../src/domain/identity/attestation.ts'
import { describeIdentity, identityOf, isKnownKind, objectAgrees } from '../../../src/domain/identity/identity.ts'
import { githubClaims, gitlabClaims, googleClaims } from '../../world/judging/claims.ts'

t.test('the publisher object of the index', async t => {
  const object = (changes: Partial<PublisherObject>): PublisherObject => ({
    kind: 'GitHub',
    repository: 'acme/pkg',
    workflow: 'release.yml',
    email: undefined,
    environment: undefined,
    ...changes,
  })
  t.ok(objectAgrees(object({}), githubClaims()))
  t.ok(objectAgrees(object({ repository: 'Acme/Pkg' }), githubClaims()), 'whatever the case of its names')
  t.notOk(objectAgrees(object({ repository: 'evil/pkg' }), githubClaims()), 'names another repository')
  t.notOk(objectAgrees(object({ workflow: 'other.yml' }), githubClaims()), 'names another workflow')
  t.notOk(objectAgrees(object({ workflow: undefined }), githubClaims()), 'names no workflow')
  t.notOk(objectAgrees(object({ repository: undefined }), githubClaims()), 'names no repository')
  t.notOk(objectAgrees(object({ kind: 'GitLab' }), githubClaims()), 'names another kind')
  t.notOk(objectAgrees(object({}), googleClaims('a@b.c')), 'names a repository where an address signed')
  t.ok(
    objectAgrees(object({ kind: 'GitLab', repository: 'group/sub/proj', workflow: '.gitlab-ci.yml' }), gitlabClaims()),
  )
  const google = object({ kind: 'Google', repository: undefined, workflow: undefined, email: 'a@b.c' })
  t.ok(objectAgrees(google, googleClaims('a@b.c')))
  t.notOk(objectAgrees(google, googleClaims('d@b.c')))
  t.notOk(objectAgrees({ ...google, email: undefined }, googleClaims('d@b.c')))
  t.notOk(isKnownKind(object({ kind: 'ActiveState' })))
  t.notOk(objectAgrees(object({ kind: 'ActiveState' }), githubClaims()))
})

t.test('identities read as people say them', async t => {
  t.match(identityOf(githubClaims()), { repository: 'acme/pkg', workflow: 'release.yml', ref: 'refs/tags/v1.0.0' })
  t.equal(identityOf(githubClaims()).commit, 'a'.repeat(40))
  t.notOk('commit' in identityOf(googleClaims('a@b.c')), 'nothing was built from a commit')
  t.match(identityOf(gitlabClaims()), { repository: 'group/sub/proj', workflow: '.gitlab-ci.yml', ref: 'refs/tags/v1' })
  t.match(identityOf(googleClaims('a@b.c')), { san: 'a@b.c', repository: undefined, workflow: undefined })
})

t.test('who signed is told in a few words: the service, then what it is there', async t => {
  t.equal(describeIdentity(identityOf(githubClaims())), 'github acme/pkg release.yml')
  const nobody = { san: 'bot@acme.example', repository: undefined, workflow: undefined, ref: undefined }
  t.equal(describeIdentity({ ...nobody, issuer: 'https://accounts.google.com' }), 'google bot@acme.example')
  t.equal(describeIdentity({ ...nobody, issuer: 'https://own.example' }), 'https://own.example bot@acme.example')
})
