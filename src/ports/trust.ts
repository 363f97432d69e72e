import type { Sha256 } from '../domain/base/digest.ts'
import type { Instant, Millis } from '../domain/base/instant.ts'
import type { Finding } from '../domain/identity/attestation.ts'
import type { DistFilename } from '../domain/packaging/filename.ts'
import type { CustomRoot } from '../domain/policy/policy.ts'

/** A Sigstore trust root in force: immutable; a refresh makes a new one. */
export interface TrustMaterial {
  /** sha256 of the canonical trusted_root.json */
  readonly digest: string
  /** the trusted_root.json document, for workers */
  readonly json: string
}

export interface TrustStatus {
  readonly source: 'tuf' | 'embedded' | 'pinned'
  readonly digest: string | undefined
  /** the last refresh that succeeded; `undefined` also of a root that nobody refreshes */
  readonly refreshed: Instant | undefined
  /** since `refreshed` */
  readonly ageMs: Millis | undefined
  /** of a root that nobody refreshes: it was made since, and nobody knows when */
  readonly newestKey?: Instant
  readonly fresh: boolean
  readonly detail: string
}

export interface Trust {
  /** The root in force, fresh at `now`; throws `unknown-trust` with what to allow or pin when there is none or it is too old. */
  fresh(now: Instant): TrustMaterial
  /** Digest of all trust roots in force, for keys; `undefined` while there is none. */
  digest(): string | undefined
  status(now: Instant): TrustStatus
  /** Resolves when the first attempt to refresh has ended, well or not; at once where nothing is refreshed. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** Every root in force: Sigstore's, and those of `custom` publishers. */
export interface TrustRoots {
  readonly sigstore: TrustMaterial
  readonly custom: readonly CustomRoot[]
}

export interface Verifier {
  /**
   * Judges one provenance document against one file. Each attestation is verified under Sigstore's root or, where that
   * does not vouch for it, under exactly one of the others, and says which. Throws `unknown-verifier` when a worker dies
   * or hangs, `unknown-overloaded` when the queue is full. Documents wait by `turn`: for whom, then of which project.
   */
  verify(
    document: { readonly bytes: Uint8Array; readonly filename: DistFilename; readonly sha256: Sha256 },
    trust: TrustRoots,
    turn?: readonly [asker: string, project: string],
  ): Promise<Extract<Finding, { kind: 'attested' | 'invalid' }>>
  close(): Promise<void>
}
