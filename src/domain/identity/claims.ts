/**
 * What a Fulcio certificate says of the signer, decoded from the extensions 1.3.6.1.4.1.57264.1.*
 * (github.com/sigstore/fulcio docs/oid-info.md). Everything is as the certificate has it: nothing is split, joined or
 * normalised. `undefined` = the extension is absent.
 */
export interface Claims {
  /** the one subject alternative name: a URI, or an e-mail address for `email` */
  readonly san: { readonly kind: 'uri' | 'email'; readonly value: string }
  /** .8 Issuer (V2) */
  readonly issuer: string
  /** .9 */ readonly buildSignerUri: string | undefined
  /** .10 */ readonly buildSignerDigest: string | undefined
  /** .11 */ readonly runnerEnvironment: string | undefined
  /** .12 */ readonly sourceRepositoryUri: string | undefined
  /** .13 */ readonly sourceRepositoryDigest: string | undefined
  /** .14 */ readonly sourceRepositoryRef: string | undefined
  /** .15 */ readonly sourceRepositoryId: string | undefined
  /** .16 */ readonly sourceRepositoryOwnerUri: string | undefined
  /** .17 */ readonly sourceRepositoryOwnerId: string | undefined
  /** .18 */ readonly buildConfigUri: string | undefined
  /** .19 */ readonly buildConfigDigest: string | undefined
  /** .20 */ readonly buildTrigger: string | undefined
  /** .21 */ readonly runInvocationUri: string | undefined
  /** .22 */ readonly sourceRepositoryVisibility: string | undefined
  /** .23 */ readonly deploymentEnvironment: string | undefined
  /** .24 */ readonly tokenSubject: string | undefined
}

/** What .18 may end in: the ref (.14) or the commit (.13), as in a release that was run again; both are legitimate. */
export function buildEnds({ sourceRepositoryRef, sourceRepositoryDigest }: Claims): readonly string[] {
  return [sourceRepositoryRef, sourceRepositoryDigest].filter(end => end !== undefined)
}
