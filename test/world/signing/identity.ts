/** Numbers of Fulcio's extensions 1.3.6.1.4.1.57264.1.N to their text; `undefined` leaves one out. */
export type ClaimTexts = Readonly<Record<number, string | undefined>>

/** What any identity may change about the certificate that it gets. */
interface Overrides {
  /** certificate extensions by number, over everything below */
  readonly claims?: ClaimTexts
  /** the subject alternative name */
  readonly san?: string
  /** keys of the index's `publisher` object */
  readonly publisher?: Readonly<Record<string, unknown>>
}

interface BuildOverrides extends Overrides {
  /** default `refs/tags/v1.0.0` */
  readonly ref?: string
  /** default 40 × `a` */
  readonly commit?: string
  /** .15, default 111 */
  readonly repositoryId?: string
  /** .17, default 222 */
  readonly ownerId?: string
  /** .20, default push */
  readonly trigger?: string
  /** .22, default public */
  readonly visibility?: string
  /** .11 */
  readonly runner?: string
  /** .23, and the `publisher` object's */
  readonly environment?: string
  /** .21, default a run of the repository */
  readonly run?: string
}

export interface GithubIdentity extends BuildOverrides {
  readonly kind: 'github'
  readonly repository: string
  /** a file name in .github/workflows */
  readonly workflow: string
  /** `owner/repo/.github/workflows/file.yml@ref` of a reusable workflow that signs: the SAN and .9 */
  readonly signer?: string
}

export interface GitlabIdentity extends BuildOverrides {
  readonly kind: 'gitlab'
  readonly project: string
  /** default `.gitlab-ci.yml` */
  readonly config?: string
}

export interface GoogleIdentity extends Overrides {
  readonly kind: 'google'
  readonly email: string
}

export interface CircleciIdentity extends Overrides {
  readonly kind: 'circleci'
  readonly projectId: string
  readonly definitionId: string
  /** then the issuer is that of the organization */
  readonly organizationId?: string
  /** .12, default github.com/acme/pkg */
  readonly vcsOrigin?: string
  /** .14, default `refs/tags/v1.0.0` */
  readonly ref?: string
}

export type SigningIdentity = GithubIdentity | GitlabIdentity | GoogleIdentity | CircleciIdentity

/** An identity as a certificate spells it. */
export interface SpelledIdentity {
  readonly san: { readonly type: 'url' | 'email'; readonly value: string }
  readonly claims: ClaimTexts
  /** as PyPI writes it */
  readonly publisher: Readonly<Record<string, unknown>>
}

const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com'

/** Spells an identity as Fulcio does (docs/oid-info.md). */
export function spellIdentity(identity: SigningIdentity): SpelledIdentity {
  const spelled = spell(identity)
  return {
    san: { ...spelled.san, ...(identity.san === undefined ? {} : { value: identity.san }) },
    claims: { ...spelled.claims, ...identity.claims },
    publisher: { ...spelled.publisher, ...identity.publisher },
  }
}

function spell(identity: SigningIdentity): SpelledIdentity {
  switch (identity.kind) {
    case 'github':
      return spellGithub(identity)
    case 'gitlab':
      return spellGitlab(identity)
    case 'google':
      return {
        san: { type: 'email', value: identity.email },
        claims: { 1: 'https://accounts.google.com', 8: 'https://accounts.google.com' },
        publisher: { kind: 'Google', email: identity.email },
      }
    case 'circleci':
      return spellCircleci(identity)
    default:
      return identity satisfies never
  }
}

/** fulcio config/identity/config.yaml; what is empty there comes out as two quotes. */
function spellCircleci(identity: CircleciIdentity): SpelledIdentity {
  const {
    projectId,
    definitionId,
    organizationId,
    vcsOrigin = 'github.com/acme/pkg',
    ref = 'refs/tags/v1.0.0',
  } = identity
  const issuer = `https://oidc.circleci.com${organizationId === undefined ? '' : `/org/${organizationId}`}`
  const api = 'https://circleci.com/api/v2'
  const definition = `${api}/projects/${projectId}/pipeline-definitions/${definitionId}`
  return {
    san: { type: 'url', value: definition },
    claims: {
      1: issuer,
      8: issuer,
      9: definition,
      11: '""',
      12: vcsOrigin,
      14: ref,
      18: `${api}/pipeline/5034460f-c7c4-4c43-9457-de07e2029e7b/config`,
      21: `${api}/workflow/fda08377-fe7e-46b1-8992-3a7aaecac9c3/job`,
    },
    publisher: {
      kind: 'CircleCI',
      project_id: projectId,
      pipeline_definition_id: definitionId,
      vcs_origin: vcsOrigin,
      vcs_ref: ref,
    },
  }
}

function spellGithub(identity: GithubIdentity): SpelledIdentity {
  const { repository, workflow, ref = 'refs/tags/v1.0.0', commit = 'a'.repeat(40), trigger = 'push' } = identity
  const uri = `https://github.com/${repository}`
  const config = `${uri}/.github/workflows/${workflow}@${ref}`
  const signer = identity.signer === undefined ? config : `https://github.com/${identity.signer}`
  return {
    san: { type: 'url', value: signer },
    claims: {
      1: GITHUB_ISSUER,
      2: trigger,
      3: commit,
      4: 'release',
      5: repository,
      6: ref,
      8: GITHUB_ISSUER,
      9: signer,
      10: commit,
      11: identity.runner ?? 'github-hosted',
      ...buildClaims(identity, { uri, ref, commit, config, owner: uri.slice(0, uri.lastIndexOf('/')) }),
      20: trigger,
      21: identity.run ?? `${uri}/actions/runs/1/attempts/1`,
      24: `repo:${repository}:ref:${ref}`,
    },
    publisher: { kind: 'GitHub', repository, workflow, environment: identity.environment ?? null },
  }
}

function spellGitlab(identity: GitlabIdentity): SpelledIdentity {
  const { project, config = '.gitlab-ci.yml', ref = 'refs/tags/v1.0.0', commit = 'a'.repeat(40) } = identity
  const uri = `https://gitlab.com/${project}`
  const built = `${uri}//${config}@${ref}`
  return {
    san: { type: 'url', value: built },
    claims: {
      1: 'https://gitlab.com',
      8: 'https://gitlab.com',
      9: built,
      10: commit,
      11: identity.runner ?? 'gitlab-hosted',
      ...buildClaims(identity, { uri, ref, commit, config: built, owner: uri.slice(0, uri.lastIndexOf('/')) }),
      20: identity.trigger ?? 'push',
      21: identity.run ?? `${uri}/-/jobs/1`,
      24: `project_path:${project}:ref_type:tag:ref:${ref.split('/').at(-1) ?? ''}`,
    },
    publisher: {
      kind: 'GitLab',
      repository: project,
      workflow_filepath: config,
      environment: identity.environment ?? null,
    },
  }
}

function buildClaims(
  identity: BuildOverrides,
  built: Readonly<Record<'uri' | 'ref' | 'commit' | 'config' | 'owner', string>>,
): ClaimTexts {
  return {
    12: built.uri,
    13: built.commit,
    14: built.ref,
    15: identity.repositoryId ?? '111',
    16: built.owner,
    17: identity.ownerId ?? '222',
    18: built.config,
    19: built.commit,
    22: identity.visibility ?? 'public',
    23: identity.environment,
  }
}

/** A SLSA provenance predicate that says what the certificate says, as GitHub's own action writes it. */
export function slsaPredicate({ claims }: SpelledIdentity): unknown {
  const { 9: builder, 11: runner, 12: repository = '', 13: commit, 14: ref = '', 15: id, 17: owner } = claims
  const config = claims[18] ?? ''
  return {
    buildDefinition: {
      buildType: 'https://actions.github.io/buildtypes/workflow/v1',
      externalParameters: {
        workflow: { ref, repository, path: config.slice(repository.length + 1, -`@${ref}`.length) },
      },
      internalParameters: {
        github: { event_name: claims[20], repository_id: id, repository_owner_id: owner, runner_environment: runner },
      },
      resolvedDependencies: [{ uri: `git+${repository}@${ref}`, digest: { gitCommit: commit } }],
    },
    runDetails: { builder: { id: builder }, metadata: { invocationId: claims[21] } },
  }
}
