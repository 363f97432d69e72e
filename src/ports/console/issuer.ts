/** What a sign-in that is under way is recognised by when it comes back; the browser keeps it meanwhile, and nobody else sees it. */
export interface SignInProof {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

/** Whom the issuer says that somebody is. */
export interface SignedIn {
  /** `sub`: never another's */
  readonly subject: string
  /** one that the issuer says it verified */
  readonly email: string | undefined
  /** one that it says nothing of, or that it did not: whoever signs in may have typed another's */
  readonly claimed: string | undefined
  readonly name: string | undefined
  readonly groups: readonly string[]
}

/** The issuer at which people sign in: OpenID Connect, the authorization code with PKCE. */
export interface SignInIssuer {
  /** Where a browser is sent, to come back to `callback`. Throws `unknown-issuer`. */
  begin(callback: string): Promise<{ readonly url: string; readonly proof: SignInProof }>
  /**
   * Who came back, by the URL that he came back with. `wrong`: why that proves nothing, in words of ours. Throws `unknown-issuer` where
   * the issuer cannot be asked, or answers what makes no sense.
   */
  finish(came: URL, proof: SignInProof): Promise<SignedIn | { readonly wrong: string }>
  close(): Promise<void>
}
