import type { Sha256 } from '../domain/base/digest.ts'
import type { Admitted, Refused, Verdict } from '../domain/decide/verdict.ts'
import type { SeenFile } from '../domain/memory/history.ts'
import type { Artifact, FilePath } from '../domain/packaging/artifact.ts'
import type { DistFilename } from '../domain/packaging/filename.ts'
import type { ProjectName } from '../domain/packaging/name.ts'
import type { PythonTarget } from '../domain/packaging/targets.ts'
import type { Version } from '../domain/packaging/version.ts'
import type { Policy } from '../domain/policy/policy.ts'
import type { Asker } from '../flow/asker.ts'
import type { Asked, KeptRefusal } from '../ports/store.ts'
import type { IndexFile } from '../protocol/simple/project-index.ts'
import type { MetadataBytes } from './files/metadata.ts'
import type { OpenFile } from './files/open-file.ts'
import type { OpenedMetadata } from './files/open-metadata.ts'
import type { FileFacts } from './files/vault.ts'
import type { Vouched } from './judge/vouch.ts'
import type { Passing } from './pages/alternatives.ts'
import type { PageBody } from './pages/page-body.ts'

export interface Check {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
  /** true: worth a warning, but does not make the gate unready */
  readonly warning?: boolean
}

/**
 * Everything that http and cli may ask. Throws GateError for "cannot tell" and for 4xx answers. What may have to wait takes the
 * turn of whoever asks; without one it is the gate itself, or a command.
 */
export interface Gate {
  /** Project page, built from what is known without waiting for verifications. Throws no-project, internal, unknown-…. */
  page(project: ProjectName, form: 'json' | 'html', asker?: Asker): Promise<PageBody>
  /** As `page`, `locate` and `judge`, where they need no waiting; `undefined` when they do, and for whatever is not admitted. */
  readonly atHand: {
    page(project: ProjectName, form: 'json' | 'html'): PageBody | undefined
    locate(path: FilePath): Artifact | Refused | undefined
    judge(artifact: Artifact): Admitted | undefined
  }
  /** The legacy JSON API, refused files omitted, URLs at the gate. Throws no-project, not-found (no such version). */
  legacy(project: ProjectName, version: string | undefined, asker?: Asker): Promise<PageBody>
  /** Finds the listed file behind a path. Throws not-listed, listed-otherwise, internal, unknown-…. */
  locate(path: FilePath, asker?: Asker): Promise<Artifact | Refused>
  /** Finds a file by name in a project's page. */
  locateByName(project: ProjectName, filename: DistFilename, asker?: Asker): Promise<Artifact | Refused>
  judge(artifact: Artifact, asker?: Asker): Promise<Verdict>
  /**
   * The listed file with these bytes that is admitted now, and what that rests on; of several, the first by name. `undefined`: none is, as far as
   * pages were read; with a file name, as far as the index says. Nothing is fetched of the file. Throws unknown-….
   */
  vouch(sha256: Sha256, filename: string | undefined, asker?: Asker): Promise<Vouched | undefined>
  /** Opens the bytes of an admitted file: stored and verified, or being fetched with the last chunk withheld. */
  open(verdict: Admitted, asker?: Asker): Promise<OpenFile>
  /** What of an admitted file is known without its bytes, for HEAD: nothing is fetched. Throws what `open` is known to throw. */
  describe(verdict: Admitted): Promise<FileFacts>
  /**
   * The wheel's `.metadata`: it has the index's hash and is core metadata of exactly this release, or it is refused. Throws
   * not-listed where the index offers none.
   */
  metadata(verdict: Admitted, asker?: Asker): Promise<MetadataBytes | Refused>
  /** The same as a document that is sent from the disk, so that many who ask hold little; whoever gets it closes it. */
  openMetadata(verdict: Admitted, asker?: Asker): Promise<OpenedMetadata | Refused>
  /** The provenance bytes that were verified. Throws no-provenance. */
  provenance(project: ProjectName, filename: DistFilename, asker?: Asker): Promise<Buffer>
  /**
   * The newest file of the project that would pass instead, for a Python where one is known; `undefined` where none is known to. It
   * throws nothing that is foreseen.
   */
  passing(refused: Refused, python?: PythonTarget, asker?: Asker): Promise<Passing | undefined>
  /** Keeps a refusal under a short stable id and returns the id. */
  keep(refused: Refused): string
  explained(id: string): Promise<KeptRefusal | undefined>
  /** One line in the journal, and the event. Throws `unknown-store` where nothing can be written down: then nothing leaves. */
  journal(verdict: Verdict, asked: Asked, startedMs: number): void
  /** The line alone, before anything leaves; what it returns is the event, for when it has. */
  record(verdict: Verdict, asked: Asked): (startedMs: number) => void
  readiness(): Promise<readonly Check[]>
  policy(): Policy
}

/** A gate, and what whoever opened it may ask besides. */
export interface RunningGate extends Gate {
  /** What the page that located a file says of it; `undefined` when that page is not at hand any more. */
  listed(artifact: Artifact): IndexFile | undefined
  /** Every wheel and source distribution of a release that is listed now, and those of its refusals that need no look at who signed. */
  release(project: ProjectName, version: Version, asker?: Asker): Promise<readonly (Artifact | Refused)[]>
  /** Every file of the project that was ever seen. */
  seen(project: ProjectName): Promise<readonly SeenFile[]>
  /** Resolves when no verification is queued behind a listing. */
  settled(): Promise<void>
  close(): void
}
