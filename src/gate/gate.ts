import type { Sha256 } from '../domain/base/digest.ts'
import type { Instant } from '../domain/base/instant.ts'
import type { Admitted, Refused, Verdict } from '../domain/decide/verdict.ts'
import type { Artifact, FilePath } from '../domain/packaging/artifact.ts'
import type { DistFilename } from '../domain/packaging/filename.ts'
import type { ProjectName } from '../domain/packaging/name.ts'
import type { Policy } from '../domain/policy/policy.ts'
import type { OpenBlob } from '../ports/blobs.ts'
import type { VerifiedFile } from './files/verified-file.ts'

/** One prebuilt answer for a page of the index or of its JSON API: same bytes for everybody who asks for it. */
export interface PageBody {
  readonly contentType: string
  readonly identity: Buffer
  /** built once, in the background of the first answer */
  readonly gzip: Buffer | undefined
  readonly zstd: Buffer | undefined
  /** strong, one per coding: over policy digest, verdicts and body */
  readonly etag: { readonly identity: string; readonly gzip: string; readonly zstd: string }
  readonly serial: number | undefined
}

export interface Check {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
  /** true: worth a warning, but does not make the gate unready */
  readonly warning?: boolean
}

/** Everything that http and cli may ask. Throws GateError for "cannot tell" and for 4xx answers. */
export interface Gate {
  /** Project page, built from what is known without waiting for verifications. Throws no-project, internal, unknown-…. */
  page(project: ProjectName, form: 'json' | 'html'): Promise<PageBody>
  /** As `page`, `locate` and `judge`, where they need no waiting; `undefined` when they do, and for whatever is not admitted. */
  readonly atHand: {
    page(project: ProjectName, form: 'json' | 'html'): PageBody | undefined
    locate(path: FilePath): Artifact | Refused | undefined
    judge(artifact: Artifact): Admitted | undefined
  }
  /** The legacy JSON API, refused files omitted, URLs at the gate. Throws no-project, not-found (no such version). */
  legacy(project: ProjectName, version: string | undefined): Promise<PageBody>
  /** Finds the listed file behind a path. Throws not-listed, internal, unknown-…. */
  locate(path: FilePath): Promise<Artifact | Refused>
  /** Finds a file by name in a project's page. */
  locateByName(project: ProjectName, filename: DistFilename): Promise<Artifact | Refused>
  judge(artifact: Artifact): Promise<Verdict>
  /** Opens the bytes of an admitted file: stored and verified, or being fetched with the last chunk withheld. */
  open(verdict: Admitted): Promise<OpenFile>
  /** The wheel's `.metadata`, checked against the index's hash. Throws not-listed where the index offers none. */
  metadata(verdict: Admitted): Promise<{ readonly bytes: Buffer; readonly sha256: Sha256 }>
  /** The provenance bytes that were verified. Throws no-provenance. */
  provenance(project: ProjectName, filename: DistFilename): Promise<Buffer>
  /** Keeps a refusal under a short stable id and returns the id. */
  keep(refused: Refused): string
  explained(id: string): { readonly refused: Refused; readonly at: Instant } | undefined
  /** One line in the journal, and the event. */
  journal(verdict: Verdict, client: string, startedMs: number): void
  readiness(): readonly Check[]
  policy(): Policy
}

/**
 * An opened file: either a stored, verified blob (ranges may be cut from it), or an ingest that is under way.
 */
export type OpenFile =
  | { readonly kind: 'stored'; readonly file: VerifiedFile; readonly blob: OpenBlob }
  | {
      readonly kind: 'flowing'
      readonly file: VerifiedFile
      /** Settles when the whole file is stored and verified, or fails with integrity-mismatch/unknown-…. */
      readonly stored: Promise<void>
      /**
       * The bytes as they come; the last chunk only after size and sha256 agree. Throws when they do not: the socket
       * must then be reset. Several readers may read side by side.
       */
      chunks(): AsyncIterable<Buffer>
    }
