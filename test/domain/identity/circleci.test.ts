// guards: src/domain/identity/claim-step.ts
import t from 'tap'
import type { PublisherObject } from '../../../src/domain/identity/attestation.ts'
import type { CircleciPublisher } from '../../../src/domain/identity/circleci.ts'
import type { Claims } from '../../../src/domain/identity/claims.ts'
import { isKnownKind, objectAgrees } from '../../../src/domain/identity/identity.ts'
import { CIRCLECI, circleciClaims, githubClaims } from '../../world/judging/claims.ts'
import { acme, bare, group, matches, mismatch } from './acme-publishers.ts'

t.test('a CircleCI publisher', async t => {
  const pipeline: CircleciPublisher = {
    kind: 'circleci',
    label: 'acme',
    projectId: CIRCLECI.project,
    pipelineDefinitionId: CIRCLECI.definition,
    organizationId: undefined,
    vcsOrigin: undefined,
    refs: undefined,
  }
  const definition = circleciClaims().san.value
  t.ok(matches(pipeline, circleciClaims()), 'under the issuer of its organization')
  t.ok(matches(pipeline, circleciClaims({ issuer: 'https://oidc.circleci.com' })), 'under the one for all')
  t.ok(matches(pipeline, circleciClaims({ runnerEnvironment: undefined })))
  const strict = {
    ...pipeline,
    organizationId: CIRCLECI.organization,
    vcsOrigin: 'github.com/acme/pkg',
    refs: ['refs/tags/*'],
  } as const
  t.ok(matches(strict, circleciClaims()), 'with all that can be demanded')
  const other = 'd3d3d3d3-1111-4222-8333-444444444444'
  const at = (uri: string): Partial<Claims> => ({ buildSignerUri: uri, san: { kind: 'uri', value: uri } })
  const cases: readonly (readonly [what: string, changes: Partial<Claims>, claim: string])[] = [
    ['another project', at(definition.replace(CIRCLECI.project, other)), 'build signer (.9)'],
    ['another pipeline', at(definition.replace(CIRCLECI.definition, other)), 'build signer (.9)'],
    ['more behind it', at(`${definition}/x`), 'build signer (.9)'],
    ['another host', at(definition.replace('circleci.com', 'circleci.example')), 'build signer (.9)'],
    ['another name', { san: { kind: 'uri', value: `${definition}x` } }, 'certificate name (SAN)'],
    ['an address for a name', { san: { kind: 'email', value: definition } }, 'certificate name (SAN)'],
    ['no signer', { buildSignerUri: undefined }, 'build signer (.9)'],
    ['another issuer', { issuer: 'https://gitlab.com' }, 'issuer (.8)'],
    ['an issuer that is longer', { issuer: 'https://oidc.circleci.com.evil.example' }, 'issuer (.8)'],
    ['an issuer below', { issuer: `https://oidc.circleci.com/org/${CIRCLECI.organization}/x` }, 'issuer (.8)'],
    ['an issuer that is no organization', { issuer: 'https://oidc.circleci.com/org/acme' }, 'issuer (.8)'],
    ['a job that was run again with SSH', { runnerEnvironment: 'ssh-rerun' }, 'runner (.11)'],
  ]
  for (const [what, changes, claim] of cases)
    for (const publisher of [pipeline, strict]) t.equal(mismatch(publisher, circleciClaims(changes)), claim, what)
  for (const [what, changes, claim] of [
    ['another organization', { issuer: `https://oidc.circleci.com/org/${other}` }, 'issuer (.8)'],
    ['the issuer for all', { issuer: 'https://oidc.circleci.com' }, 'issuer (.8)'],
    ['another repository', { sourceRepositoryUri: 'github.com/evil/pkg' }, 'source repository (.12)'],
    ['no repository', { sourceRepositoryUri: undefined }, 'source repository (.12)'],
    ['a branch', { sourceRepositoryRef: 'refs/heads/main' }, 'ref (.14)'],
    ['no ref', { sourceRepositoryRef: undefined }, 'ref (.14)'],
  ] as const) {
    t.equal(mismatch(strict, circleciClaims(changes)), claim, what)
    t.ok(matches(pipeline, circleciClaims(changes)), `${what}, where nothing is said of it`)
  }
  for (const publisher of [acme, bare, group]) t.notOk(matches(publisher, circleciClaims()))
  t.notOk(matches(pipeline, githubClaims()))
})

t.test('the index’s object of a CircleCI publisher must not lie, and need not say everything', async t => {
  const object = (changes: Partial<PublisherObject>): PublisherObject => ({
    kind: 'CircleCI',
    project: undefined,
    repository: undefined,
    workflow: undefined,
    email: undefined,
    environment: undefined,
    ...changes,
  })
  const said = { project: CIRCLECI.project, workflow: CIRCLECI.definition, repository: 'github.com/acme/pkg' }
  t.ok(isKnownKind(object({})))
  t.ok(objectAgrees(object(said), circleciClaims()))
  t.ok(objectAgrees(object({}), circleciClaims()))
  for (const key of ['project', 'workflow', 'repository'])
    t.notOk(objectAgrees(object({ ...said, [key]: 'other' }), circleciClaims()), key)
  t.notOk(objectAgrees(object({}), githubClaims()))
  t.notOk(objectAgrees({ ...object(said), kind: 'GitHub' }, circleciClaims()))
})
