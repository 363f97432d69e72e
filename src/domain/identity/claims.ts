/**
 * Claims that a certificate may lack, each with the number of its extension below 1.3.6.1.4.1.57264.1
 * (github.com/sigstore/fulcio docs/oid-info.md). Findings are stored under these names: a name once given stays.
 */
const OPTIONAL_CLAIMS = {
  buildSignerUri: 9,
  buildSignerDigest: 10,
  runnerEnvironment: 11,
  sourceRepositoryUri: 12,
  sourceRepositoryDigest: 13,
  sourceRepositoryRef: 14,
  sourceRepositoryId: 15,
  sourceRepositoryOwnerUri: 16,
  sourceRepositoryOwnerId: 17,
  buildConfigUri: 18,
  buildConfigDigest: 19,
  buildTrigger: 20,
  runInvocationUri: 21,
  sourceRepositoryVisibility: 22,
  deploymentEnvironment: 23,
  tokenSubject: 24,
} as const

export type OptionalClaim = keyof typeof OPTIONAL_CLAIMS

/** `undefined` = the extension is absent. */
type OptionalClaims = { readonly [Name in OptionalClaim]: string | undefined }

/**
 * What a Fulcio certificate says of the signer. Everything is as the certificate has it: nothing is split, joined or
 * normalised.
 */
export interface Claims extends OptionalClaims {
  /** the one subject alternative name: a URI, or an e-mail address for `email` */
  readonly san: { readonly kind: 'uri' | 'email'; readonly value: string }
  /** .8 Issuer (V2) */
  readonly issuer: string
}

const ENTRIES = Object.entries(OPTIONAL_CLAIMS) as readonly (readonly [OptionalClaim, number])[]

/** Every name that claims may have, the two that are never absent first. */
export const CLAIM_NAMES: readonly (keyof Claims)[] = ['san', 'issuer', ...ENTRIES.map(([name]) => name)]

/** Reads each optional claim by its name, or by the number of its extension. */
export function optionalClaims(
  read: (name: OptionalClaim, extension: number) => string | undefined,
): Pick<Claims, OptionalClaim> {
  return Object.fromEntries(ENTRIES.map(([name, extension]) => [name, read(name, extension)])) as OptionalClaims
}

/** What .18 may end in: the ref (.14) or the commit (.13), as in a release that was run again; both are legitimate. */
export function buildEnds({ sourceRepositoryRef, sourceRepositoryDigest }: Claims): readonly string[] {
  return [sourceRepositoryRef, sourceRepositoryDigest].filter(end => end !== undefined)
}
