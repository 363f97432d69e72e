import type { WorkloadClaims } from '../domain/access/workload.ts'

/** What an OIDC token proves, or why it proves nothing: the detail is for people, and holds nothing of the token. */
export type Identified =
  | { readonly claims: WorkloadClaims; readonly wrong?: undefined }
  | {
      readonly claims?: undefined
      readonly wrong: string
      /** it names no issuer of the configuration: it is none of ours */
      readonly isForeign?: true
    }

/** Who OIDC tokens are of: the issuers of the configuration answer for them. */
export interface Identities {
  /**
   * The claims of a token whose issuer is configured, whose signature holds, whose time it is, and whose audience some rule of that issuer
   * names; at once where it was looked at before. Throws `unknown-issuer` where the issuer cannot be asked.
   */
  verify(token: string): Identified | Promise<Identified>
}
