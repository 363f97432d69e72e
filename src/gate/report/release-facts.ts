import type { ErrorCode } from '../../domain/base/errors.ts'
import type { Instant } from '../../domain/base/instant.ts'
import type { RefusalCode } from '../../domain/base/refusal.ts'
import type { SignerKey } from '../../domain/identity/signer.ts'
import type { ProjectStatus } from '../../domain/packaging/artifact.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Version } from '../../domain/packaging/version.ts'

/** Whom the certificate of a verified attestation names. */
export interface Signer {
  /** two are the same exactly when these are equal */
  readonly key: SignerKey
  readonly issuer: string
  /** of the certificate: a URI, or an e-mail address */
  readonly san: string
  /** `owner/name` on GitHub and GitLab, else a URI */
  readonly repository: string | undefined
  readonly workflow: string | undefined
  readonly ref: string | undefined
  /** as people call it: the repository and its workflow, or the certificate's name */
  readonly name: string
}

/** What is known about who made a file. */
export type Evidence =
  | {
      readonly kind: 'attested'
      readonly signer: Signer
      /** by the log, or by a timestamp authority */
      readonly signedAt: Instant
      readonly logIndex: string
      /** whether a rule of a policy can name this signer, and would admit the file by it */
      readonly nameable: boolean
    }
  /** `silent`: only because the index's pages say nothing of provenance, and its Integrity API has none */
  | { readonly kind: 'unattested'; readonly silent: boolean }
  /** there is evidence, and it fails */
  | { readonly kind: 'failed'; readonly code: RefusalCode; readonly detail: string }
  /** the index's entry is such that no gate gives the file out */
  | { readonly kind: 'unsuited'; readonly code: RefusalCode; readonly detail: string }
  /** the index does not list it as the lock has it */
  | { readonly kind: 'missing'; readonly detail: string }
  | { readonly kind: 'unknown'; readonly code: ErrorCode; readonly detail: string }

export interface FileFacts {
  readonly filename: string
  readonly sha256: string | undefined
  readonly uploaded: Instant | undefined
  /** the reason, where there is one */
  readonly yanked: string | boolean
  readonly evidence: Evidence
}

/** A release with a file that the index offers provenance for, or offered when somebody looked. Nothing is proved by that. */
export interface OfferedRelease {
  readonly version: Version
  readonly uploaded: Instant | undefined
}

/** Since when the same signs: of releases that are offered with provenance those that were verified say so. */
export interface Tenure {
  /** the oldest release that is known to be signed by the same, with those between it and this one taken to be */
  readonly since: OfferedRelease
  /** attested releases from then on, this one among them */
  readonly releases: number
  /** who signed the attested release before, where somebody else did; `undefined`: `since` is the first that is attested */
  readonly before: { readonly release: OfferedRelease; readonly signer: Signer | undefined } | undefined
}

/** One release that locks name, as the index and its evidence have it. Ages are for whoever knows what time it is. */
export interface ReleaseFacts {
  readonly project: ProjectName
  readonly version: Version
  readonly status: ProjectStatus | undefined
  /** what the locks allow of it, in their order */
  readonly files: readonly FileFacts[]
  /** when its first file came, by the index's word */
  readonly released: Instant | undefined
  readonly tenure: Tenure | undefined
  /** why it is not known since when the same signs */
  readonly tenureUnknown: string | undefined
  /** the newest earlier release, and the oldest later one, that is or was offered with provenance */
  readonly attestedBefore: OfferedRelease | undefined
  readonly attestedAfter: OfferedRelease | undefined
}

export type Standing = 'attested' | 'partly' | 'unattested' | 'failed' | 'unsuited' | 'missing' | 'unknown'

/** A release by the worst of its files; `partly` where some are attested and the others have nothing. */
export function standingOf({ files }: Pick<ReleaseFacts, 'files'>): Standing {
  const kinds = new Set(files.map(({ evidence }) => evidence.kind))
  for (const kind of ['unknown', 'failed', 'missing', 'unsuited'] as const) if (kinds.has(kind)) return kind
  if (!kinds.has('attested')) return 'unattested'
  return kinds.has('unattested') ? 'partly' : 'attested'
}

/** Whether a policy could name who published every file of the release. */
export function isNameable({ files }: Pick<ReleaseFacts, 'files'>): boolean {
  return files.length > 0 && files.every(({ evidence }) => evidence.kind === 'attested' && evidence.nameable)
}

/** Each signer of its files once. */
export function signersOf({ files }: Pick<ReleaseFacts, 'files'>): readonly Signer[] {
  const signers = files.flatMap(({ evidence }) => (evidence.kind === 'attested' ? [evidence.signer] : []))
  return [...new Map(signers.map(signer => [signer.key, signer])).values()]
}

/** When a file came: an index cannot make it older than its signature. `undefined` where the index does not say. */
export function bornAt({ uploaded, evidence }: FileFacts): Instant | undefined {
  if (uploaded === undefined || evidence.kind !== 'attested') return uploaded
  return evidence.signedAt > uploaded ? evidence.signedAt : uploaded
}
