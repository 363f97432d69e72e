import type { Claims } from '../../domain/identity/claims.ts'
import { isJsonObject } from '../../protocol/text/json.ts'
import { quote } from '../../protocol/text/quote.ts'
import type { Statement } from './statement.ts'

/** https://actions.github.io/buildtypes/workflow/v1: the one build type whose fields can be held against a certificate. */
const GITHUB_WORKFLOW = 'https://actions.github.io/buildtypes/workflow/v1'

interface Comparison {
  readonly path: readonly (string | number)[]
  readonly proved: string | undefined
  /** Older generators leave it out; what is there must agree all the same. */
  readonly optional?: true
}

/**
 * The first field in which a predicate contradicts the certificate that signed it, in words; `undefined` when it agrees.
 * The predicate is written by the signer, so it may repeat what Fulcio certified and add nothing to it. A publish/v1
 * predicate is empty (PEP 740). Of unknown types nothing is said.
 */
export function findContradiction(statement: Statement, claims: Claims): string | undefined {
  if (statement.predicateType === 'publish/v1') return publishContradiction(statement.predicate)
  if (statement.predicateType === 'slsa-provenance/v1') return slsaContradiction(statement.predicate, claims)
  return undefined
}

function publishContradiction(predicate: unknown): string | undefined {
  const empty =
    predicate === undefined || predicate === null || (isJsonObject(predicate) && Object.keys(predicate).length === 0)
  return empty ? undefined : `the publish/v1 predicate is ${quote(predicate)}, expected null or {}`
}

function slsaContradiction(predicate: unknown, claims: Claims): string | undefined {
  for (const { path, proved, optional } of comparisons(claims)) {
    const claimed = at(predicate, path)
    if (claimed === undefined && optional) continue
    if (claimed === undefined || claimed !== proved)
      return `${path.join('.')} is ${quote(claimed)}, the certificate says ${quote(proved)}`
  }
  return workflowContradiction(predicate, claims)
}

function comparisons(claims: Claims): readonly Comparison[] {
  const build = 'buildDefinition'
  return [
    { path: [build, 'buildType'], proved: GITHUB_WORKFLOW },
    { path: [build, 'externalParameters', 'workflow', 'repository'], proved: claims.sourceRepositoryUri },
    { path: [build, 'externalParameters', 'workflow', 'ref'], proved: claims.sourceRepositoryRef },
    { path: [build, 'internalParameters', 'github', 'repository_id'], proved: claims.sourceRepositoryId },
    { path: [build, 'internalParameters', 'github', 'repository_owner_id'], proved: claims.sourceRepositoryOwnerId },
    { path: [build, 'internalParameters', 'github', 'event_name'], proved: claims.buildTrigger },
    {
      path: [build, 'internalParameters', 'github', 'runner_environment'],
      proved: claims.runnerEnvironment,
      optional: true,
    },
    { path: [build, 'resolvedDependencies', 0, 'digest', 'gitCommit'], proved: claims.sourceRepositoryDigest },
    { path: ['runDetails', 'builder', 'id'], proved: claims.buildSignerUri },
    { path: ['runDetails', 'metadata', 'invocationId'], proved: claims.runInvocationUri, optional: true },
  ]
}

/** .18 is repository, path and ref in one; it is built from what the predicate says and compared, never split. */
function workflowContradiction(predicate: unknown, claims: Claims): string | undefined {
  const path = at(predicate, ['buildDefinition', 'externalParameters', 'workflow', 'path'])
  const built = `${claims.sourceRepositoryUri}/${String(path)}@`
  const ends = [claims.sourceRepositoryRef, claims.sourceRepositoryDigest].filter(end => end !== undefined)
  if (typeof path === 'string' && ends.some(end => `${built}${end}` === claims.buildConfigUri)) return undefined
  return `buildDefinition.externalParameters.workflow.path is ${quote(path)}, the certificate says ${quote(claims.buildConfigUri)}`
}

function at(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (typeof key === 'number') return Array.isArray(inner) ? inner[key] : undefined
    return isJsonObject(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined
  }, value)
}
