import type { Sha256 } from '../domain/base/digest.ts'
import type { SourceName } from '../domain/base/source-name.ts'
import type { Facts, ProjectMemory } from '../domain/memory/project-memory.ts'
import type { FilePath } from '../domain/packaging/artifact.ts'
import type { ProjectName } from '../domain/packaging/name.ts'

/**
 * What is remembered of one source's projects, without end. Memories are values: whoever got one decides by it, whatever is
 * learned meanwhile. All methods throw `unknown-store` when it cannot be read.
 *
 * Where it is the memory of several sources, a project is that of the source that it belongs to, unless another one is named.
 */
export interface Memory {
  /**
   * Of a project of which nothing is known, an empty one. Costs a lookup while it is at hand. With `about`, the name of a file that may
   * be admitted by it, it is what everybody who shares the store has agreed on at this moment, and not what was known some time ago.
   */
  of(project: ProjectName, about?: string, source?: SourceName): Promise<ProjectMemory>
  /**
   * The same where it needs no waiting; `undefined` when it does. With `about`, also when nothing was agreed on about that file since
   * something was learned of the project's files.
   */
  atHand(project: ProjectName, about?: string, source?: SourceName): ProjectMemory | undefined
  /**
   * Takes facts in, by the rules of `domain/memory`, and answers with the memory as it is then, which holds whatever was learned
   * before by anybody. On disk within a second; repeating is harmless. Throws `unknown-store` while nothing can be written: then
   * nothing was learned.
   */
  learn(project: ProjectName, facts: Facts, source?: SourceName): Promise<ProjectMemory>
  /**
   * The project whose page lists a file under this path, or listed it there last, as far as the file's name could be one of that
   * project; of several the one that saw the file first.
   * `undefined` where none does. A file that is listed under another path now is found there alone.
   */
  projectOf(path: FilePath): Promise<ProjectName | undefined>
  /** Every project whose page was ever read, by name. */
  names(): Promise<readonly ProjectName[]>
  /** The files of all projects for which this sha256 was first given, in no order. */
  listedAs(sha256: Sha256): Promise<readonly ListedAs[]>
}

/** A file as a page names it. */
export interface ListedAs {
  readonly project: ProjectName
  readonly filename: string
}
