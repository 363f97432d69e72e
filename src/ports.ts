/**
 * Every seam that can be swapped, on one page. The contract stands in words on each port; a conformance suite holds
 * every adapter to it. All methods may throw a {@link GateError} with a code `unknown-…`; none of them ever turns
 * "cannot tell" into an answer.
 */
import type { Readable } from 'node:stream'
import type { Artifact, FilePath, ProjectStatus } from './domain/artifact.ts'
import type { Finding, Identity } from './domain/attestation.ts'
import type { Brand } from './domain/brand.ts'
import type { Sha256 } from './domain/digest.ts'
import { GateError } from './domain/errors.ts'
import type { DistFilename } from './domain/filename.ts'
import type { HeldFile } from './domain/held-file.ts'
import type { History, Proof, SeenFile } from './domain/history.ts'
import type { Instant, Millis } from './domain/instant.ts'
import type { ProjectName } from './domain/name.ts'
import type { CustomRoot } from './domain/policy.ts'
import type { Refused } from './domain/verdict.ts'
import type { Version } from './domain/version.ts'
import type { LegacyJson } from './protocol/legacy-json.ts'
import type { CarriedBlob, CarriedDocument, CarriedPart } from './protocol/mirror-manifest.ts'
import type { ProjectIndex } from './protocol/simple-json.ts'

/** Came from outside and was not checked; only `gate/` may unwrap it, and only through the digest gate. */
export type Untrusted<T> = Brand<{ readonly value: T }, 'Untrusted'>

export function untrusted<T>(value: T): Untrusted<T> {
  return { value } as Untrusted<T>
}

// ---------------------------------------------------------------- outward

/** The upstream's project pages, parsed strictly. One request per call; redirects only inside the origin. */
export interface Index {
  /** `absent` is the upstream's 404 for the project. `etag` is given back to revalidate. Throws unknown-upstream…. */
  project(
    name: ProjectName,
    known?: { readonly etag: string | undefined },
  ): Promise<
    | { readonly kind: 'page'; readonly index: ProjectIndex; readonly etag: string | undefined }
    | { readonly kind: 'unchanged' }
    | { readonly kind: 'absent' }
  >
  /** The legacy JSON API of a project or of one version (the version as the client spelled it, already grammar-checked). */
  legacy(
    name: ProjectName,
    version?: string,
  ): Promise<{ readonly kind: 'json'; readonly json: LegacyJson } | { readonly kind: 'absent' }>
}

/** PEP 740's Integrity API. `absent` is a 404 and nothing else; 403, 406, 5xx, a wrong type or a timeout throw. */
export interface Integrity {
  provenance(
    project: ProjectName,
    filename: DistFilename,
  ): Promise<{ readonly kind: 'provenance'; readonly bytes: Uint8Array } | { readonly kind: 'absent' }>
  /** True when the Integrity API lives on the index's own origin, so that the index's `provenance: null` is its word. */
  readonly ownOrigin: boolean
}

/** File bytes from the configured origins. Nothing here is checked against a digest. */
export interface Origin {
  /** A complete body (200, identity coding). `length` is the declared Content-Length. The stream errors on early end. */
  file(
    artifact: Artifact,
    signal: AbortSignal,
  ): Promise<Untrusted<{ readonly body: Readable; readonly length: number | undefined }>>
  /** The `.metadata` sibling, size-capped; `absent` on 404. */
  metadata(
    artifact: Artifact,
  ): Promise<{ readonly kind: 'metadata'; readonly bytes: Untrusted<Uint8Array> } | { readonly kind: 'absent' }>
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
  ): Promise<Untrusted<{ readonly body: Readable; readonly start: number; readonly length: number | undefined }>>
}

// ---------------------------------------------------------------- cryptography

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
  /** the last refresh that succeeded; of a root that nobody refreshes, when it was made */
  readonly refreshed: Instant | undefined
  /** since `refreshed` */
  readonly ageMs: Millis | undefined
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
   * or hangs, `unknown-overloaded` when the queue is full.
   */
  verify(
    document: { readonly bytes: Uint8Array; readonly filename: DistFilename; readonly sha256: Sha256 },
    trust: TrustRoots,
  ): Promise<Extract<Finding, { kind: 'attested' | 'invalid' }>>
  close(): Promise<void>
}

// ---------------------------------------------------------------- inward

export interface FindingKey {
  readonly sha256: Sha256
  readonly filename: string
  readonly trustDigest: string
}

export interface RememberedFinding {
  readonly finding: Exclude<Finding, { kind: 'unasked' }>
  readonly found: Instant
}

/** What cryptography proved. A row that cannot be decoded is absent. `get` may be served from memory. */
export interface Findings {
  get(key: FindingKey): RememberedFinding | undefined
  put(key: FindingKey, remembered: RememberedFinding): void
}

/** A file as a page lists it. */
export interface ListedFile {
  readonly path: FilePath
  readonly filename: string
  readonly sha256: Sha256 | undefined
  /** `undefined` for what is neither wheel nor sdist */
  readonly version: Version | undefined
  readonly uploaded: Instant | undefined
  /** the page offers provenance for it */
  readonly offered: boolean
  readonly yanked: boolean
}

/** Which project a path belongs to, and what a file name's sha256 was when first seen. */
export interface Sightings {
  projectOf(path: FilePath): ProjectName | undefined
  /** Whether the project's page ever listed a file of this name, under whatever path. */
  hasListed(project: ProjectName, filename: string): boolean
  /**
   * Records every file of a page that was read whole. Returns those whose name was seen before with another sha256. The
   * first sight stays; so does it that provenance was ever offered. A file that is new on a page that was read before, or
   * that was missing from it since, was absent until that last reading.
   */
  record(
    project: ProjectName,
    files: readonly ListedFile[],
    page: { readonly at: Instant; readonly status: ProjectStatus },
  ): { readonly changed: readonly string[] }
  /** The page was read again and is the same. */
  reread(project: ProjectName, at: Instant): void
  lastSerial(project: ProjectName): number | undefined
  raiseSerial(project: ProjectName, serial: number): void
}

/** What is remembered of each project's files and of who signed them, without end. */
export interface Histories {
  /** Costs a lookup while nothing new was recorded of the project. */
  of(project: ProjectName): History
  /** What `of` is made from. */
  seen(project: ProjectName): readonly SeenFile[]
  /** The first proof of a file stays; repeating is harmless. */
  proved(project: ProjectName, file: { readonly filename: string; readonly version: Version }, proof: Proof): void
}

export interface JournalEntry {
  readonly at: Instant
  readonly filename: string
  readonly project: string
  readonly sha256: string | undefined
  readonly outcome: 'admitted' | 'refused'
  /** refusal code, or what an admission rests on */
  readonly code: string
  readonly rule: string | undefined
  readonly identity: Identity | undefined
  readonly policyDigest: string
  readonly trustDigest: string | undefined
  readonly client: string
}

/** Append-only. On disk within a second and at `close`; equal entries of one second may share a row with a count. */
export interface Journal {
  record(entry: JournalEntry): void
  flush(): void
}

/** Refusals by their short id, for explain pages that survive a restart. */
export interface Refusals {
  put(id: string, refused: Refused, at: Instant): void
  get(id: string): { readonly refused: Refused; readonly at: Instant } | undefined
}

/** The newest time ever recorded: a clock that falls behind it by more than five minutes decides nothing. */
export interface Watermark {
  newest(): Instant
  raise(at: Instant): void
}

/** A row of the journal as it is read back; equal entries of one second are counted. */
export interface JournalRow extends JournalEntry {
  readonly count: number
}

/** What a project's page said when it was read last, for reports. */
export interface SeenProject {
  readonly project: ProjectName
  readonly status: ProjectStatus
  readonly statusSince: Instant
  readonly lastRead: Instant
  /** `yanked`: when it was first read as yanked */
  readonly files: readonly (SeenFile & { readonly sha256: Sha256 | undefined; readonly yanked: Instant | undefined })[]
}

/**
 * What a gate has written down, read-only, while it may be writing: for commands. Throws `unknown-store` when it cannot be
 * read.
 */
export interface Records {
  /** Entries from `since` on, oldest first. */
  journal(since: Instant): IterableIterator<JournalRow>
  /** Every project whose page was ever read, by name. */
  projects(): readonly ProjectName[]
  project(name: ProjectName): SeenProject | undefined
  /** The latest finding of exactly these bytes under this name, whatever root it was made under. */
  finding(file: { readonly sha256: Sha256; readonly filename: string }): RememberedFinding | undefined
  /** Every finding that proved something. */
  attested(): IterableIterator<{ readonly sha256: Sha256; readonly filename: string; readonly finding: Finding }>
  /** Whether the gate keeps these bytes. */
  holds(sha256: Sha256): boolean
  /** What was asked of a mirror in vain, by project and file name. */
  misses(): readonly Miss[]
  readonly refusals: Pick<Refusals, 'get'>
  close(): void
}

/** What somebody asked a mirror for and did not get. */
export interface Miss {
  readonly project: ProjectName
  /** `undefined`: the project's page */
  readonly filename: string | undefined
  readonly times: number
  readonly last: Instant
}

/** What a gate without an upstream looks things up in. */
export type HeldFiles = Pick<Holdings, 'of' | 'file'>

/** Requests that a mirror could not serve, so that they can be carried out. Bounded: of many, those that were asked for least go. */
export interface Misses {
  note(project: ProjectName, filename: string | undefined, at: Instant): void
}

/** One export, or one import, as it is remembered. */
export interface Passage {
  readonly sequence: number
  /** sha256 of the manifest */
  readonly manifest: Sha256
}

/** What a mirror holds. Nothing else about these files is believed because it stands here. */
export interface Holdings {
  projects(): readonly ProjectName[]
  of(project: ProjectName): readonly HeldFile[]
  file(project: ProjectName, filename: string): HeldFile | undefined
  /** By project and file name. */
  all(): readonly HeldFile[]
  /** All of them or none; a file of the same project and name gives way. On disk when it returns. */
  put(files: readonly HeldFile[], imported?: Passage & { readonly signer: string; readonly at: Instant }): void
  /** Of one signer, the latest last. */
  imports(signer: string): readonly Passage[]
  /** The latest last. */
  exports(): readonly Passage[]
  exported(passage: Passage): void
}

/** A download that was interrupted, and goes on. Its bytes are unchecked. */
export interface PartialFile {
  /** bytes that are there */
  readonly size: number
  append(chunk: Buffer): Promise<void>
  /** Everything that is there, from the beginning. */
  read(): AsyncIterable<Buffer>
  /** Begins anew. */
  clear(): Promise<void>
  close(): Promise<void>
}

/** Downloads that outlive the process; not for two processes at once. */
export interface PartialFiles {
  open(sha256: Sha256): Promise<PartialFile>
  remove(sha256: Sha256): Promise<void>
  /** Whatever is left of any file. */
  removeAll(): Promise<void>
}

/** The database as a whole. */
export interface Store {
  readonly findings: Findings
  readonly sightings: Sightings
  readonly histories: Histories
  readonly journal: Journal
  readonly refusals: Refusals
  readonly watermark: Watermark
  /** Throws `unknown-store` when a write does not go through. */
  probe(): void
  close(): void
}

export interface ByteRange {
  readonly start: number
  /** inclusive */
  readonly end: number
}

/** A blob that is open for reading; whoever got it closes it. Position reads only, so that many readers share one. */
export interface OpenBlob {
  readonly sha256: Sha256
  readonly size: number
  /** Reads into `buffer` at `position`; resolves to the count. */
  read(buffer: Buffer, position: number): Promise<number>
  /** The whole content when the blob is kept in memory. */
  readonly bytes: Buffer | undefined
  close(): void
}

/** The whole of a blob that holds no more than `most` bytes, `undefined` of a larger one; closes it. Throws unknown-store. */
export async function readBlob(blob: OpenBlob, most: number): Promise<Buffer | undefined> {
  try {
    if (blob.size > most) return undefined
    if (blob.bytes !== undefined) return blob.bytes
    const buffer = Buffer.allocUnsafe(blob.size)
    for (let done = 0; done < buffer.length; ) {
      const count = await blob.read(buffer.subarray(done), done)
      if (count === 0) throw new GateError('unknown-store', 'a stored file was cut short')
      done += count
    }
    return buffer
  } finally {
    blob.close()
  }
}

/** A write that is under way: nothing is visible until `commit`. */
export interface BlobWriter {
  write(chunk: Buffer): Promise<void>
  /** fsync, rename, directory fsync. The caller has compared the digest; the store compares its own once more. */
  commit(): Promise<void>
  abort(): Promise<void>
  /** Reads back what was written so far, for clients that read along. */
  read(buffer: Buffer, position: number, length: number): Promise<number>
}

/**
 * Bytes by content. Readers never see a partial blob; writing the same blob twice is harmless. Before a blob is opened
 * its stat record (device, inode, size, mtime, ctime) is compared with the remembered one and the blob is re-hashed when
 * they differ; a blob that fails is set aside and absent. Bounded by size, least recently used first.
 */
export interface Blobs {
  open(sha256: Sha256): Promise<OpenBlob | undefined>
  writer(sha256: Sha256): Promise<BlobWriter>
  remove(sha256: Sha256): Promise<void>
  /** Hashes a blob whatever its stat record says; false when it is not there, or fails and is set aside. */
  check(sha256: Sha256): Promise<boolean>
  totalBytes(): number
  close(): Promise<void>
}

// ---------------------------------------------------------------- carried from one network to another

/**
 * A folder that was carried here. Nothing in it is believed, and no link is followed. Methods throw ImportRefusal for what
 * is wrong with it, `unknown-store` for what the disk says.
 */
export interface CarriedFolder {
  /** Every file in it and its size in bytes; `entry-strange` for whatever is neither a file nor a folder. */
  files(): Promise<ReadonlyMap<string, number>>
  /** A document of at most `most` bytes; `entry-missing`, `part-mismatch`. */
  read(name: string, most: number): Promise<Buffer>
  /** `entry-missing` */
  sha256Of(name: string): Promise<Sha256>
  /**
   * Every blob of a part, in its order. The archive must hold exactly these, of exactly these sizes and digests; whoever
   * takes one reads it to its end, and has it whole before that is known. Throws `part-mismatch`, `entry-strange`,
   * `entry-missing`, `blob-mismatch`.
   */
  unpack(part: CarriedPart, take: (blob: CarriedBlob, body: AsyncIterable<Buffer>) => Promise<void>): Promise<void>
}

/**
 * A folder to be carried away. Until `finish` it says of itself that it is not whole; one that was interrupted is begun
 * anew, any other that is not empty is `usage`. What is written is on the disk before it has its name.
 */
export interface CarriedFolderWriter {
  document(name: string, bytes: Uint8Array): Promise<CarriedDocument>
  blob(name: string, blob: OpenBlob): Promise<CarriedDocument>
  /** An archive (tar, zstd) of `blobs/sha256/ab/<hex>`; the same blobs, the same bytes. */
  part(
    name: string,
    blobs: readonly CarriedBlob[],
    open: (blob: CarriedBlob) => Promise<OpenBlob>,
  ): Promise<CarriedPart>
  finish(): Promise<void>
}

/** Where the documents of an import stay, so that it can be shown later what was carried and who signed it. */
export interface Evidence {
  keep(manifest: Sha256, documents: readonly { readonly name: string; readonly bytes: Uint8Array }[]): Promise<void>
}
