import t from 'tap'
import type { Claims } from '../../src/domain/identity/claims.ts'
import { matchPublisher, type Publisher, type PublisherMatch } from '../../src/domain/identity/publisher.ts'
import { claimsBuiltBy, githubClaims, gitlabClaims, googleClaims } from '../world/judging/claims.ts'
import { distFilename, type PublisherText, policyNaming } from '../world/vectors/vectors.ts'

/** What a rule with this publisher asks. */
function publisherOf(text: PublisherText): Publisher {
  const [publisher] = policyNaming(text).ruleFor(distFilename('pkg-1.0.tar.gz').project)?.publishers ?? []
  if (publisher === undefined) throw new Error('no publisher')
  return publisher
}

const DEMANDS = { ref: 'refs/tags/v1*', owner_id: '222', visibility: 'public', environment: 'pypi' }
const GITHUB = { kind: 'github', repository: 'acme/pkg', workflow: 'release.yml' }
const GITLAB = { kind: 'gitlab', project: 'group/sub/proj', config: '.gitlab-ci.yml' }
const SIGNER = 'acme/ci/.github/workflows/sign.yml'
const SIGNED = `https://github.com/${SIGNER}@refs/tags/v3`

type ClaimName = keyof Claims

const BUILT: readonly ClaimName[] = [
  'issuer',
  'san',
  'buildSignerUri',
  'sourceRepositoryUri',
  'sourceRepositoryRef',
  'buildConfigUri',
]
const DEMANDED: readonly ClaimName[] = [
  'sourceRepositoryId',
  'sourceRepositoryOwnerId',
  'sourceRepositoryVisibility',
  'deploymentEnvironment',
  'runnerEnvironment',
  'buildTrigger',
]

/** Each publisher, the claims that it names, and those of them that it rests on. */
const CASES: Readonly<Record<string, readonly [PublisherText, Claims, readonly ClaimName[]]>> = {
  'a workflow on GitHub': [GITHUB, githubClaims(), BUILT],
  'a workflow on GitHub, with everything that a rule may ask': [
    { ...GITHUB, ...DEMANDS, repository_id: '111', runner: 'github-hosted', trigger: 'release' },
    githubClaims({ deploymentEnvironment: 'pypi' }),
    [...BUILT, ...DEMANDED],
  ],
  'a reusable workflow on GitHub': [
    { ...GITHUB, signer: { workflow: SIGNER, ref: 'refs/tags/v3' } },
    githubClaims({ san: { kind: 'uri', value: SIGNED }, buildSignerUri: SIGNED }),
    BUILT,
  ],
  'a workflow on GitHub that ran again, without a ref': [
    GITHUB,
    claimsBuiltBy(`https://github.com/acme/pkg/.github/workflows/release.yml@${'a'.repeat(40)}`, {
      sourceRepositoryRef: undefined,
    }),
    ['issuer', 'san', 'buildSignerUri', 'sourceRepositoryUri', 'sourceRepositoryDigest', 'buildConfigUri'],
  ],
  'a pipeline on GitLab': [GITLAB, gitlabClaims(), BUILT],
  'a pipeline on GitLab, with everything that a rule may ask': [
    { ...GITLAB, ...DEMANDS, owner_id: '666', project_id: '555', runner: 'gitlab-hosted', trigger: 'push' },
    gitlabClaims({ deploymentEnvironment: 'pypi' }),
    [...BUILT, ...DEMANDED],
  ],
  'a Google account': [
    { kind: 'google', email: 'release@acme.iam.gserviceaccount.com' },
    googleClaims('release@acme.iam.gserviceaccount.com'),
    ['issuer', 'san'],
  ],
}

function textOf(claims: Claims, name: ClaimName): string {
  return (name === 'san' ? claims.san.value : claims[name]) ?? ''
}

function withClaim(claims: Claims, name: ClaimName, value: string | undefined): Claims {
  if (name === 'san') return { ...claims, san: { ...claims.san, value: value ?? '' } }
  return { ...claims, [name]: value }
}

/** The text with one character replaced, put in or taken out, everywhere; and in other case. */
function neighbours(text: string): readonly string[] {
  const everywhere = text.split('').flatMap((_, at) => {
    const [before, after] = [text.slice(0, at), text.slice(at + 1)]
    return [
      before + after,
      ...'x/@.*'.split('').flatMap(letter => [before + letter + after, before + letter + text.slice(at)]),
    ]
  })
  return [...everywhere, `${text}x`, `${text}/`, ` ${text}`, `${text}\n`, text.toUpperCase(), ''].filter(
    it => it !== text,
  )
}

function matches(publisher: Publisher, claims: Claims): PublisherMatch {
  return matchPublisher(publisher, { claims, root: 'sigstore' })
}

for (const [name, [text, claims, restsOn]] of Object.entries(CASES))
  t.test(`${name}: each claim that the rule rests on, changed alone, is somebody else’s`, async t => {
    const publisher = publisherOf(text)
    t.ok(matches(publisher, claims).matched, 'the claims as they are')
    let tried = 0
    for (const claim of restsOn) {
      t.notOk(matches(publisher, withClaim(claims, claim, undefined)).matched, `${claim} is absent`)
      for (const neighbour of neighbours(textOf(claims, claim))) {
        if (matches(publisher, withClaim(claims, claim, neighbour)).matched) t.fail(`${claim} = ${neighbour}`)
        tried += 1
      }
    }
    const otherKind = claims.san.kind === 'uri' ? 'email' : 'uri'
    t.notOk(
      matches(publisher, { ...claims, san: { ...claims.san, kind: otherKind } }).matched,
      'a name of another kind',
    )
    t.ok(tried > 300, `${tried} neighbours`)
    // what nobody asked for has no say; a ref has one as soon as it is there
    const others = Object.keys(claims).filter(
      (key): key is ClaimName => key !== 'sourceRepositoryRef' && !restsOn.some(claim => claim === key),
    )
    for (const claim of others) t.ok(matches(publisher, withClaim(claims, claim, 'other')).matched, claim)
  })
