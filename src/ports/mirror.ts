import type { Sha256 } from '../domain/base/digest.ts'
import type { Instant } from '../domain/base/instant.ts'
import type { HeldFile } from '../domain/packaging/held-file.ts'
import type { ProjectName } from '../domain/packaging/name.ts'

/** What a gate without an upstream looks things up in. */
export type HeldFiles = Pick<Holdings, 'of'>

/** The same, with what there is of all. */
export type HeldProjects = Pick<Holdings, 'of' | 'projects'>

/** Requests that a mirror could not serve, so that they can be carried out. Bounded: of many, those that were asked for least go. */
export interface Misses {
  /** `index`: what the configuration calls the one that was asked, where it has several */
  note(project: ProjectName, filename: string | undefined, at: Instant, index?: string): void
}

/** One export, or one import, as it is remembered. */
export interface Passage {
  readonly sequence: number
  /** sha256 of the manifest */
  readonly manifest: Sha256
}

/** An import, and who signed it. */
export interface ImportedPassage extends Passage {
  readonly signer: string
  readonly at: Instant
}

/** What a mirror holds. Nothing else about these files is believed because it stands here. */
export interface Holdings {
  projects(): Promise<readonly ProjectName[]>
  of(project: ProjectName): Promise<readonly HeldFile[]>
  /** By project, file name and source. */
  all(): Promise<readonly HeldFile[]>
  /**
   * All of them or none; a file of the same project, name and source gives way, and one with the same bytes of which nobody wrote down
   * the source to one that says it, whichever comes first. On disk when it resolves.
   */
  put(files: readonly HeldFile[], imported?: ImportedPassage): Promise<void>
  /** Of one signer, the latest last. */
  imports(signer: string): Promise<readonly Passage[]>
  /** The latest last. */
  exports(): Promise<readonly Passage[]>
  exported(passage: Passage): Promise<void>
}

/** Downloads that outlive the process; not for two processes at once. */
export interface PartialFiles {
  open(sha256: Sha256): Promise<PartialFile>
  remove(sha256: Sha256): Promise<void>
  /** Whatever is left of any file. */
  removeAll(): Promise<void>
}

/** A download that was interrupted, and goes on. Its bytes are unchecked. */
export interface PartialFile {
  /** bytes that are there */
  readonly size: number
  /** The chunk is the caller's again when it resolves. */
  append(chunk: Buffer): Promise<void>
  /** Everything that is there, from the beginning. */
  read(): AsyncIterable<Buffer>
  /** Begins anew. */
  clear(): Promise<void>
  close(): Promise<void>
}
