import type { AttestationFacts } from '../../domain/identity/attestation.ts'
import { buildEnds, type Claims } from '../../domain/identity/claims.ts'
import { isJsonObject } from '../../protocol/text/json.ts'
import { quote } from '../../protocol/text/quote.ts'
import type { Statement } from './statement.ts'

type Compared = Pick<AttestationFacts, 'contradiction' | 'uncompared'>
type Path = readonly (string | number)[]

/** What a field of a predicate must be, and what it means that it is left out. */
interface Comparison {
  readonly path: Path
  /** any of which agrees; an `undefined` among them, a claim that is absent, agrees with nothing */
  readonly proved: readonly unknown[]
  /** default: it could not be compared. The build type demands it: contradicts. Older generators leave it out: agrees. */
  readonly absence?: 'contradicts' | 'agrees'
}

const AGREES: Compared = { contradiction: undefined, uncompared: undefined }
const BUILD = 'buildDefinition'
const EXTERNAL = [BUILD, 'externalParameters'] as const
const INTERNAL = [BUILD, 'internalParameters'] as const
const DEPENDENCIES = [BUILD, 'resolvedDependencies'] as const
const BUILDER = ['runDetails', 'builder', 'id'] as const
const INVOCATION = ['runDetails', 'metadata', 'invocationId'] as const

/**
 * Holds a predicate against the certificate that signed it. The predicate is written by the signer, so it may repeat what
 * Fulcio certified and add nothing to it. A publish/v1 predicate is empty (PEP 740). Of unknown types nothing is said.
 */
export function comparePredicate(statement: Statement, claims: Claims): Compared {
  if (statement.predicateType === 'publish/v1') return comparePublish(statement.predicate)
  if (statement.predicateType === 'slsa-provenance/v1') return compareSlsa(statement.predicate, claims)
  return AGREES
}

function comparePublish(predicate: unknown): Compared {
  const empty =
    predicate === undefined || predicate === null || (isJsonObject(predicate) && Object.keys(predicate).length === 0)
  return empty ? AGREES : contradicts(`the publish/v1 predicate is ${quote(predicate)}, expected null or {}`)
}

/** Build types say what their parameters mean; of an unknown one nothing can be compared, and nothing contradicts. */
function compareSlsa(predicate: unknown, claims: Claims): Compared {
  const buildType = at(predicate, [BUILD, 'buildType'])
  if (typeof buildType !== 'string' || buildType === '')
    return contradicts(`buildDefinition.buildType is ${quote(buildType)}, expected a URI`)
  const comparisons = BUILD_TYPES.find(([type]) => type.test(buildType))?.[1]
  if (comparisons === undefined)
    return { ...AGREES, uncompared: `buildDefinition.buildType ${quote(buildType)} is not known` }
  const compared = comparisons(claims, predicate).map(comparison => compare(comparison, predicate))
  return {
    contradiction: compared.find(({ contradiction }) => contradiction !== undefined)?.contradiction,
    uncompared: compared.find(({ uncompared }) => uncompared !== undefined)?.uncompared,
  }
}

function compare({ path, proved, absence }: Comparison, predicate: unknown): Compared {
  const claimed = at(predicate, path)
  const known = proved.filter(value => value !== undefined)
  if (claimed === undefined && absence === undefined) return { ...AGREES, uncompared: `${path.join('.')} is absent` }
  if (claimed === undefined ? absence === 'agrees' : known.includes(claimed)) return AGREES
  return contradicts(`${path.join('.')} is ${quote(claimed)}, the certificate says ${quote(known[0])}`)
}

// ---------------------------------------------------------------- build types

const BUILD_TYPES: readonly (readonly [
  type: RegExp,
  comparisons: (claims: Claims, predicate: unknown) => readonly Comparison[],
])[] = [
  [/^https:\/\/actions\.github\.io\/buildtypes\/workflow\/v1$/, githubComparisons],
  // what actions/attest wrote until June 2024, and what its document describes
  [/^https:\/\/slsa-framework\.github\.io\/github-actions-buildtypes\/workflow\/v1$/, oldGithubComparisons],
  [/^https:\/\/docs\.gitlab\.com\/ci\/pipeline_security\/slsa\/provenance_v1\/?$/, gitlabComparisons],
  [/^https:\/\/gitlab\.com\/gitlab-org\/gitlab-runner\/-\/blob\/[^/]+\/PROVENANCE\.md$/, gitlabComparisons],
]

/** https://actions.github.io/buildtypes/workflow/v1: the builder is the workflow that signed. */
function githubComparisons(claims: Claims, predicate: unknown): readonly Comparison[] {
  return workflowComparisons(claims, predicate, [claims.buildSignerUri])
}

/** The builder may be the runner as well. */
function oldGithubComparisons(claims: Claims, predicate: unknown): readonly Comparison[] {
  const { buildSignerUri, runnerEnvironment } = claims
  const runner = runnerEnvironment && `https://github.com/actions/runner/${runnerEnvironment}`
  return workflowComparisons(claims, predicate, [buildSignerUri, runner])
}

function workflowComparisons(
  claims: Claims,
  predicate: unknown,
  builders: readonly (string | undefined)[],
): readonly Comparison[] {
  const { sourceRepositoryUri } = claims
  const workflow = [...EXTERNAL, 'workflow']
  const github = [...INTERNAL, 'github']
  const source = dependencyOn(uri => uri.startsWith(`git+${sourceRepositoryUri}@`), predicate)
  return [
    { path: [...workflow, 'repository'], proved: [sourceRepositoryUri], absence: 'contradicts' },
    { path: [...workflow, 'ref'], proved: refsOf(claims), absence: 'contradicts' },
    { path: [...github, 'repository_id'], proved: [claims.sourceRepositoryId] },
    { path: [...github, 'repository_owner_id'], proved: [claims.sourceRepositoryOwnerId] },
    { path: [...github, 'event_name'], proved: [claims.buildTrigger] },
    { path: [...github, 'runner_environment'], proved: [claims.runnerEnvironment], absence: 'agrees' },
    { path: [...source, 'gitCommit'], proved: [claims.sourceRepositoryDigest] },
    { path: BUILDER, proved: builders, absence: 'contradicts' },
    { path: INVOCATION, proved: [claims.runInvocationUri], absence: 'agrees' },
    { path: [...workflow, 'path'], proved: pathsOf(claims, predicate), absence: 'contradicts' },
  ]
}

/**
 * The ref (.14); the commit (.13) where there is none, or where .18 ends in it. Generators of 2024 cut a ref off at its first
 * `@`, as tags of monorepos have it.
 */
function refsOf(claims: Claims): readonly string[] {
  const { sourceRepositoryRef: ref, buildConfigUri } = claims
  const ends = buildEnds(claims).filter(end => ref === undefined || end === ref || buildConfigUri?.endsWith(`@${end}`))
  return ends.flatMap(end => [end, end.replace(/@.*$/s, '')])
}

/** .18 is repository, path and ref in one; it is built from what the predicate says and compared, never split. */
function pathsOf(claims: Claims, predicate: unknown): readonly unknown[] {
  const path = at(predicate, [...EXTERNAL, 'workflow', 'path'])
  const built = `${claims.sourceRepositoryUri}/${String(path)}@`
  const agrees = buildEnds(claims).some(end => `${built}${end}` === claims.buildConfigUri)
  return typeof path === 'string' && agrees ? [path] : [{ '.18': claims.buildConfigUri }]
}

/**
 * https://docs.gitlab.com/ci/pipeline_security/slsa/provenance_v1, and what the runner itself writes. The builder is a runner,
 * which no certificate names; the job stands at the end of .21, and the runner calls a commit sha256.
 */
function gitlabComparisons(claims: Claims, predicate: unknown): readonly Comparison[] {
  const { sourceRepositoryUri, sourceRepositoryDigest, runInvocationUri } = claims
  const head = `${sourceRepositoryUri}/-/jobs/`
  const job = runInvocationUri?.startsWith(head) ? runInvocationUri.slice(head.length) : undefined
  const jobs = job === undefined ? [] : [job, Number(job)]
  const source = dependencyOn(uri => uri === sourceRepositoryUri, predicate)
  const commit = ['gitCommit', 'sha1', 'sha256'].find(name => at(predicate, [...source, name]) !== undefined)
  return [
    { path: [...EXTERNAL, 'source'], proved: [sourceRepositoryUri], absence: 'contradicts' },
    { path: [...INTERNAL, 'job'], proved: jobs },
    { path: [...source, commit ?? 'gitCommit'], proved: [sourceRepositoryDigest] },
    { path: INVOCATION, proved: jobs, absence: 'agrees' },
  ]
}

/** Where the digests of the source stand among the dependencies: those of the one that names it, else of the first. */
function dependencyOn(isSource: (uri: string) => boolean, predicate: unknown): Path {
  const list = at(predicate, DEPENDENCIES)
  const index = Array.isArray(list)
    ? list.findIndex(dependency => {
        const uri = at(dependency, ['uri'])
        return typeof uri === 'string' && isSource(uri)
      })
    : 0
  return [...DEPENDENCIES, Math.max(index, 0), 'digest']
}

// ---------------------------------------------------------------- reading

/** `undefined` for what is absent: left out, or null, as protobuf's JSON has it. What stands in the way agrees with nothing. */
function at(value: unknown, path: Path): unknown {
  const [key, ...rest] = path
  if (value === undefined || value === null) return undefined
  if (key === undefined) return value
  if (typeof key === 'number') return Array.isArray(value) ? at(value[key], rest) : { misplaced: value }
  if (!isJsonObject(value)) return { misplaced: value }
  return Object.hasOwn(value, key) ? at(value[key], rest) : undefined
}

function contradicts(contradiction: string): Compared {
  return { ...AGREES, contradiction }
}
