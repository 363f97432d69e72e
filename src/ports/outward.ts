import type { Readable } from 'node:stream'
import type { Brand } from '../domain/base/brand.ts'
import type { Millis } from '../domain/base/instant.ts'
import type { SourceName } from '../domain/base/source-name.ts'
import type { Artifact } from '../domain/packaging/artifact.ts'
import type { DistFilename } from '../domain/packaging/filename.ts'
import type { ProjectName } from '../domain/packaging/name.ts'
import type { Asker } from '../flow/asker.ts'
import type { LegacyJson } from '../protocol/legacy/legacy-json.ts'
import type { IndexFile, ProjectIndex } from '../protocol/simple/project-index.ts'

/** Came from outside and was not checked; only `gate/` may unwrap it, and only through the digest gate. */
export type Untrusted<T> = Brand<{ readonly value: T }, 'Untrusted'>

export function untrusted<T>(value: T): Untrusted<T> {
  return { value } as Untrusted<T>
}

/** For whom the upstream is asked. A question that nobody waits for any more before it has a place is not asked. */
export interface Asking {
  readonly asker: Asker
  /** `first`: nothing is known of the project. Such questions have places of their own. */
  readonly sight?: 'first' | 'known'
  /** until there is a place; absent: as long as the upstream may take for an answer */
  readonly patience?: Millis
  /** where several may be asked: the one that lists the file, if that is another than the one that the project belongs to */
  readonly source?: SourceName | undefined
}

/** The upstream's project pages, parsed strictly. One request per call; redirects only inside the origin, and to no other source's place there. */
export interface Index {
  /** `absent` is the upstream's 404 for the project. `etag` is given back to revalidate. Throws unknown-upstream…. */
  project(
    name: ProjectName,
    known?: { readonly etag: string | undefined },
    asking?: Asking,
  ): Promise<
    | { readonly kind: 'page'; readonly index: ProjectIndex; readonly etag: string | undefined }
    | { readonly kind: 'unchanged' }
    | { readonly kind: 'absent' }
  >
  /**
   * Where several may be asked: another source than the one that a name was found at, which has lost it or may not be asked any more,
   * and that has such a file now, with its page. Nobody is asked about a name that is owned. Throws nothing.
   */
  elsewhere?(
    project: ProjectName,
    isMeant: (file: IndexFile) => boolean,
    asking?: Asking,
  ): Promise<{ readonly was: SourceName; readonly page: ProjectIndex } | undefined>
  /** Where several may be asked: the source that a project belongs to, as far as it is known without asking. */
  sourceOf?(project: ProjectName): SourceName | undefined
  /** Where several may be asked: whose the name is and why, or who is asked in which order; a clause, for whoever is told that there is nothing. */
  whose?(project: ProjectName): string | undefined
  /** Where several may be asked: a name that another source owns, as far as it is known now, and that this one could be taken for. */
  lookalike?(project: ProjectName): string | undefined
  /** The legacy JSON API of a project or of one version (the version as the client spelled it, already grammar-checked). */
  legacy(
    name: ProjectName,
    version?: string,
    asking?: Asking,
  ): Promise<{ readonly kind: 'json'; readonly json: LegacyJson } | { readonly kind: 'absent' }>
}

/** PEP 740's Integrity API. `absent` is a 404 and nothing else; 403, 406, 5xx, a wrong type or a timeout throw. */
export interface Integrity {
  provenance(
    project: ProjectName,
    filename: DistFilename,
    asking?: Asking,
  ): Promise<{ readonly kind: 'provenance'; readonly bytes: Uint8Array } | { readonly kind: 'absent' }>
  /** True when the Integrity API lives on the project's index's own origin, so that the index's `provenance: null` is its word. */
  isOwnOrigin(project: ProjectName, source?: SourceName): boolean
  /** What the configuration calls it, for advice: `sources.acme.integrity`. Absent: {@link INTEGRITY_SETTING}. */
  settingOf?(project: ProjectName, source?: SourceName): string
}

/** Of the one upstream. */
export const INTEGRITY_SETTING = 'upstream.integrity'

/** Told once of a chunk of a body that nobody looks at any more: its memory is used again. One that it is not told of stays as it is. */
export type Recycle = (chunk: Buffer) => void

/** File bytes from the configured origins. Nothing here is checked against a digest. */
export interface Origin {
  /**
   * A complete body (200, identity coding). `length` is the declared Content-Length. The stream errors on early end. Where there is
   * `recycle`, whoever is done with a chunk may say so.
   */
  file(
    artifact: Artifact,
    signal: AbortSignal,
    asking?: Asking,
  ): Promise<
    Untrusted<{ readonly body: Readable; readonly length: number | undefined; readonly recycle?: Recycle | undefined }>
  >
  /**
   * The `.metadata` sibling, size-capped, as it comes: `take` reads it to its end, and is called once more where the connection
   * broke. `absent` on 404. What `take` throws is thrown.
   */
  metadata<Taken>(
    artifact: Artifact,
    take: (body: Untrusted<AsyncIterable<Buffer>>) => Promise<Taken>,
    asking?: Asking,
  ): Promise<{ readonly kind: 'metadata'; readonly taken: Taken } | { readonly kind: 'absent' }>
}

/** An origin that can go on in the middle of a file. */
export interface ResumableOrigin extends Origin {
  /**
   * The body from byte `from` on, or from an earlier one where the origin gives no such part: `start` says where it begins.
   * `length` is that of the whole file, where it is declared.
   */
  rest(
    artifact: Artifact,
    from: number,
    signal: AbortSignal,
  ): Promise<
    Untrusted<{
      readonly body: Readable
      readonly start: number
      readonly length: number | undefined
      readonly recycle?: Recycle | undefined
    }>
  >
}

/** The list of all projects, as it comes: JSON (PEP 691) of tens of megabytes, to be rebuilt by whoever passes it on. */
export interface OpenedRootList {
  readonly kind: 'list'
  /** ends early with an error; whoever opened it reads it to the end or destroys it */
  readonly body: Readable
  readonly coding: 'gzip' | 'identity'
  /** X-PyPI-Last-Serial, as it was said */
  readonly serial: string | undefined
  /** given back to revalidate */
  readonly etag: string | undefined
}

/** Where the list of all projects comes from. */
export interface RootList {
  /** It looks itself at how old that is which it has, so that nobody else needs to: it is asked each time, and its tag tells whether that is another. */
  readonly looksAtAge?: boolean
  /**
   * `unchanged` since it had the tag `known`; `other-form`: there is one, in HTML alone. Throws `not-found` where there is no such list,
   * unknown-upstream….
   */
  open(
    known: string | undefined,
  ): Promise<OpenedRootList | { readonly kind: 'unchanged' } | { readonly kind: 'other-form' }>
}
