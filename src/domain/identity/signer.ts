import type { Brand } from '../base/brand.ts'
import type { TrustRootName } from './attestation.ts'
import type { Claims } from './claims.ts'
import { workflowOf } from './identity.ts'

/** A signer as one text: two are the same signer exactly when their keys are equal. */
export type SignerKey = Brand<string, 'SignerKey'>

/**
 * Who signs, without what changes from release to release (ref, commit, run): the root that vouches, the issuer, the
 * repository with its immutable ids, the workflow, and the reusable workflow where one signed for it. Of identities that
 * no build stands behind, the certificate's name.
 */
export function signerKeyOf(claims: Claims, root: TrustRootName): SignerKey {
  const built = [
    claims.sourceRepositoryUri,
    claims.sourceRepositoryId,
    claims.sourceRepositoryOwnerId,
    workflowOf(claims),
    builderOf(claims),
  ]
  const who = claims.buildConfigUri === undefined ? [claims.san.kind, claims.san.value] : built
  return JSON.stringify([root, claims.issuer, ...who.map(part => part ?? null)]) as SignerKey
}

/** As {@link signerKeyOf}, whatever reusable workflow signed: for SLSA provenance of a builder that the rule names. */
export function signerKeyApart(claims: Claims, root: TrustRootName): SignerKey {
  return signerKeyOf({ ...claims, buildSignerUri: claims.buildConfigUri }, root)
}

/**
 * The path of the reusable workflow that signed (.9) up to its ref, `undefined` where the workflow signed for itself. No
 * owner, repository or file name has an `@`, so what stands before the first is never part of a ref.
 */
function builderOf({ buildSignerUri, buildConfigUri }: Claims): string | undefined {
  if (buildSignerUri === undefined || buildSignerUri === buildConfigUri) return undefined
  const at = buildSignerUri.indexOf('@')
  return at < 0 ? buildSignerUri : buildSignerUri.slice(0, at)
}
