import t from 'tap'
import type { Claims } from '../../../src/domain/identity/claims.ts'
import { publisherFor } from '../../../src/domain/identity/identity.ts'
import type { GithubPublisher, Publisher } from '../../../src/domain/identity/publisher.ts'
import { circleciClaims, claimsBuiltBy, githubClaims, gitlabClaims, googleClaims } from '../../world/judging/claims.ts'
import { acme, bare, group, matches, mismatch } from './acme-publishers.ts'

const BUILDER = 'https://github.com/builders/ci/.github/workflows/build.yml'

t.test('a GitHub publisher', async t => {
  t.ok(matches(acme, githubClaims()), 'matches its own release')
  t.ok(matches(bare, githubClaims()), 'matches with names alone')

  const strangers: readonly (readonly [string, Claims, string])[] = [
    [
      'an enterprise issuer under the same prefix',
      githubClaims({ issuer: `${githubClaims().issuer}/evilcorp` }),
      'issuer (.8)',
    ],
    [
      'another repository with the name as prefix',
      claimsBuiltBy('https://github.com/acme/pkg-evil/.github/workflows/release.yml@refs/tags/v1.0.0', {
        sourceRepositoryUri: 'https://github.com/acme/pkg-evil',
      }),
      'source repository (.12)',
    ],
    [
      'another host',
      claimsBuiltBy('https://github.com.evil.example/acme/pkg/.github/workflows/release.yml@refs/tags/v1.0.0', {
        sourceRepositoryUri: 'https://github.com.evil.example/acme/pkg',
      }),
      'source repository (.12)',
    ],
    [
      'a workflow in a subfolder',
      claimsBuiltBy('https://github.com/acme/pkg/.github/workflows/evil/release.yml@refs/tags/v1.0.0'),
      'build config (.18)',
    ],
    [
      'a workflow whose name ends the same',
      claimsBuiltBy('https://github.com/acme/pkg/.github/workflows/evil-release.yml@refs/tags/v1.0.0'),
      'build config (.18)',
    ],
    [
      'a ref inside the URI that the certificate does not have',
      claimsBuiltBy('https://github.com/acme/pkg/.github/workflows/release.yml@refs/heads/a@refs/tags/v1.0.0'),
      'build config (.18)',
    ],
    [
      'a repository that calls the victim’s workflow',
      githubClaims({ sourceRepositoryUri: 'https://github.com/evil/x' }),
      'source repository (.12)',
    ],
    [
      'a reusable workflow that signs without being named',
      githubClaims({
        buildSignerUri: `${BUILDER}@refs/heads/main`,
        san: { kind: 'uri', value: `${BUILDER}@refs/heads/main` },
      }),
      'build signer (.9)',
    ],
    [
      'a name that is not the build signer',
      githubClaims({ san: { kind: 'uri', value: `${BUILDER}@refs/heads/main` } }),
      'certificate name (SAN)',
    ],
    [
      'a name that is an e-mail address',
      githubClaims({ san: { kind: 'email', value: githubClaims().san.value } }),
      'certificate name (SAN)',
    ],
    ['a resurrected repository', githubClaims({ sourceRepositoryId: '999' }), 'repository id (.15)'],
    ['a resurrected owner', githubClaims({ sourceRepositoryOwnerId: '888' }), 'owner id (.17)'],
    [
      'a branch where a tag is asked for',
      claimsBuiltBy('https://github.com/acme/pkg/.github/workflows/release.yml@refs/heads/main', {
        sourceRepositoryRef: 'refs/heads/main',
      }),
      'ref (.14)',
    ],
    ['a self-hosted runner', githubClaims({ runnerEnvironment: 'self-hosted' }), 'runner (.11)'],
    ['a run of pull_request_target', githubClaims({ buildTrigger: 'pull_request_target' }), 'trigger (.20)'],
  ]
  for (const [who, claims, claim] of strangers) t.equal(mismatch(acme, claims), claim, `refuses ${who}`)

  for (const absent of [
    'sourceRepositoryUri',
    'buildConfigUri',
    'buildSignerUri',
    'sourceRepositoryRef',
    'sourceRepositoryId',
    'sourceRepositoryOwnerId',
    'runnerEnvironment',
  ] as const)
    t.notOk(matches(acme, githubClaims({ [absent]: undefined })), `refuses a certificate without ${absent}`)
})

t.test('what a GitHub publisher may ask besides', async t => {
  t.notOk(matches({ ...acme, environment: 'pypi' }, githubClaims()), 'an environment that the certificate lacks')
  t.notOk(
    matches({ ...acme, environment: 'pypi' }, githubClaims({ deploymentEnvironment: 'test' })),
    'another environment',
  )
  t.ok(matches({ ...acme, environment: 'pypi' }, githubClaims({ deploymentEnvironment: 'pypi' })), 'the environment')
  t.notOk(
    matches({ ...acme, visibility: 'public' }, githubClaims({ sourceRepositoryVisibility: 'private' })),
    'visibility',
  )
  t.notOk(
    matches({ ...acme, visibility: 'public' }, githubClaims({ sourceRepositoryVisibility: undefined })),
    'absent visibility',
  )
  t.notOk(matches({ ...acme, triggers: ['push'] }, githubClaims()), 'another trigger')
  t.notOk(matches({ ...acme, triggers: ['push'] }, githubClaims({ buildTrigger: undefined })), 'an absent trigger')
  t.ok(
    matches({ ...acme, triggers: ['pull_request_target'] }, githubClaims({ buildTrigger: 'pull_request_target' })),
    'pull_request_target where it is named',
  )
  t.ok(matches({ ...acme, workflows: ['ci.yml', 'release.yml'] }, githubClaims()), 'one of several workflows')
})

t.test('a certificate without a ref ends in the commit', async t => {
  const commit = 'b'.repeat(40)
  const rerun = claimsBuiltBy(`https://github.com/acme/pkg/.github/workflows/release.yml@${commit}`, {
    sourceRepositoryRef: undefined,
    sourceRepositoryDigest: commit,
  })
  t.ok(matches(bare, rerun), 'and matches where no ref is asked for')
  t.equal(mismatch(acme, rerun), 'ref (.14)', 'and not where one is')
  t.notOk(matches(bare, { ...rerun, sourceRepositoryDigest: 'c'.repeat(40) }), 'another commit')
  t.notOk(matches(bare, { ...rerun, sourceRepositoryDigest: undefined }), 'neither ref nor commit')
})

t.test('a ref with an @ in it is compared whole', async t => {
  const ref = 'refs/heads/a@refs/tags/v1.0.0'
  const claims = claimsBuiltBy(`https://github.com/acme/pkg/.github/workflows/release.yml@${ref}`, {
    sourceRepositoryRef: ref,
  })
  t.equal(mismatch(acme, claims), 'ref (.14)', 'the tag rule does not match the branch')
  t.ok(matches(bare, claims), 'without a ref rule the run is the workflow’s')
})

t.test('case of names', async t => {
  const shouted = claimsBuiltBy('https://github.com/Acme/Pkg/.github/workflows/release.yml@refs/tags/v1.0.0', {
    sourceRepositoryUri: 'https://github.com/Acme/Pkg',
  })
  t.ok(matches(acme, shouted), 'is ignored where both ids are pinned')
  t.notOk(matches({ ...acme, ownerId: undefined }, shouted), 'counts where the owner’s is not')
  t.notOk(matches({ ...acme, repositoryId: undefined }, shouted), 'counts where the repository’s is not')
  const kelvin = claimsBuiltBy('https://github.com/acme/p\u212Ag/.github/workflows/release.yml@refs/tags/v1.0.0', {
    sourceRepositoryUri: 'https://github.com/acme/p\u212Ag',
  })
  t.notOk(matches(acme, kelvin), 'is ASCII case alone')
  const workflow = claimsBuiltBy('https://github.com/acme/pkg/.github/workflows/Release.yml@refs/tags/v1.0.0')
  t.notOk(matches(acme, workflow), 'of the workflow counts always')
})

t.test('a reusable workflow that signs', async t => {
  const signed = (uri: string) => githubClaims({ buildSignerUri: uri, san: { kind: 'uri', value: uri } })
  const publisher: GithubPublisher = {
    ...acme,
    signer: { workflow: 'builders/ci/.github/workflows/build.yml', refs: ['refs/tags/v*'] },
  }
  t.ok(matches(publisher, signed(`${BUILDER}@refs/tags/v2.1.0`)), 'passes at a ref of the glob')
  t.notOk(matches(publisher, signed(`${BUILDER}@refs/heads/main`)), 'not at another')
  t.notOk(matches(publisher, signed(`${BUILDER}.evil@refs/tags/v2`)), 'not under a longer name')
  t.notOk(matches(publisher, signed(`${BUILDER}@refs/tags/v1/../../x`)), 'the glob does not cross a slash')
  t.notOk(matches(publisher, githubClaims()), 'the publisher’s own workflow is not the signer')
  t.notOk(
    matches(publisher, githubClaims({ buildSignerUri: `${BUILDER}@refs/tags/v2` })),
    'the name must be the signer',
  )
  t.notOk(
    matches(publisher, {
      ...signed(`${BUILDER}@refs/tags/v2`),
      buildConfigUri: 'https://github.com/acme/pkg/.github/workflows/x.yml@refs/tags/v1.0.0',
    }),
    'the caller is still compared',
  )
})

t.test('a star stands for one whole segment', async t => {
  const wide: GithubPublisher = { ...bare, repository: 'acme/*', workflows: ['*'], ownerId: '222' }
  t.ok(matches(wide, githubClaims()), 'any repository of the owner, any workflow')
  t.notOk(matches(wide, githubClaims({ sourceRepositoryOwnerId: '9' })), 'of that owner alone')
  const other = 'https://github.com/acme-evil/pkg'
  t.notOk(
    matches(wide, claimsBuiltBy(`${other}/.github/workflows/a.yml@refs/tags/v1.0.0`, { sourceRepositoryUri: other })),
    'the owner is literal',
  )
  for (const name of ['', 'a/b', '*', '..', 'a b', 'a@b']) {
    const uri = `https://github.com/acme/${name}`
    const claims = claimsBuiltBy(`${uri}/.github/workflows/a.yml@refs/tags/v1.0.0`, { sourceRepositoryUri: uri })
    t.notOk(matches(wide, claims), `not the repository ${JSON.stringify(name)}`)
  }
  for (const name of ['', 'x/y.yml', 'a.yml@refs/heads/x', '..'])
    t.notOk(
      matches(wide, claimsBuiltBy(`https://github.com/acme/pkg/.github/workflows/${name}@refs/tags/v1.0.0`)),
      `not the workflow ${JSON.stringify(name)}`,
    )
  t.notOk(
    matches(
      wide,
      githubClaims({ buildConfigUri: 'https://github.com/acme/other/.github/workflows/release.yml@refs/tags/v1.0.0' }),
    ),
    'both claims name one repository',
  )
})

t.test('a GitLab publisher', async t => {
  t.ok(matches(group, gitlabClaims()), 'matches its own pipeline in a nested group')
  const child = 'https://gitlab.com/group/sub/proj//ci/evil.yml@refs/tags/v1'
  t.equal(
    mismatch(group, gitlabClaims({ buildConfigUri: child, buildSignerUri: child, san: { kind: 'uri', value: child } })),
    'build config (.18)',
    'not a child pipeline',
  )
  t.equal(
    mismatch(group, gitlabClaims({ issuer: 'https://dev.gitlab.org' })),
    'issuer (.8)',
    'not another GitLab with the same names',
  )
  t.equal(mismatch(group, gitlabClaims({ sourceRepositoryId: '556' })), 'repository id (.15)', 'not another project id')
  t.notOk(matches(group, githubClaims()), 'not a GitHub certificate')
  t.notOk(matches(acme, gitlabClaims()), 'and a GitHub publisher not a GitLab certificate')
  t.notOk(matches({ ...group, project: 'group/sub' }, gitlabClaims()), 'not by a prefix of the path')
})

t.test('a Google publisher is address and issuer', async t => {
  const email = 'pub@proj.iam.gserviceaccount.com'
  const publisher: Publisher = { kind: 'google', label: 'g', email }
  t.ok(matches(publisher, googleClaims(email)))
  t.notOk(
    matches(publisher, googleClaims(email, { issuer: 'https://issuer.hello.coop' })),
    'another issuer of e-mail addresses',
  )
  t.notOk(matches(publisher, googleClaims(`x${email}`)), 'another address')
  t.notOk(matches(publisher, googleClaims(email, { san: { kind: 'uri', value: email } })), 'a URI that reads like it')
})

t.test('a proposed publisher always matches what it was made from', async t => {
  const signer = `${BUILDER}@refs/tags/v2`
  for (const claims of [
    githubClaims(),
    gitlabClaims(),
    googleClaims('a@b.c'),
    githubClaims({ buildSignerUri: signer, san: { kind: 'uri', value: signer } }),
    circleciClaims(),
    circleciClaims({
      issuer: 'https://oidc.circleci.com',
      sourceRepositoryUri: undefined,
      sourceRepositoryRef: undefined,
    }),
  ]) {
    const publisher = publisherFor(claims)
    t.ok(publisher !== undefined && matches(publisher, claims), claims.san.value)
  }
  t.equal(
    publisherFor(githubClaims({ buildTrigger: 'pull_request_target' })),
    undefined,
    'none for pull_request_target',
  )
  t.equal(publisherFor(circleciClaims({ runnerEnvironment: 'ssh-rerun' })), undefined, 'none for a rerun with SSH')
  t.equal(publisherFor(githubClaims({ issuer: 'https://elsewhere.example' })), undefined, 'none for an unknown issuer')
})
