import type { Sha256 } from '../../domain/base/digest.ts'
import type { ErrorCode } from '../../domain/base/errors.ts'
import type { DistFilename } from '../../domain/packaging/filename.ts'
import type { TrustRoots } from '../../ports/trust.ts'

/** One document for a worker. The roots themselves go along only when the worker said that it lacks one. */
export interface VerifyRequest {
  readonly id: number
  readonly bytes: Uint8Array
  readonly filename: DistFilename
  readonly sha256: Sha256
  readonly rootDigests: { readonly sigstore: string; readonly custom: readonly Sha256[] }
  readonly roots: TrustRoots | undefined
}

/** What a worker may make ready before the first document comes. It is not answered. */
export interface WarmUp {
  readonly kind: 'warm-up'
  readonly roots: TrustRoots
}

/** A worker's answer: an encoded finding, a wish for the roots, or a failure that says nothing about the document. */
export type VerifyAnswer =
  | { readonly id: number; readonly kind: 'finding'; readonly finding: string }
  | { readonly id: number; readonly kind: 'trust-wanted' }
  | { readonly id: number; readonly kind: 'failed'; readonly code: ErrorCode; readonly detail: string }
