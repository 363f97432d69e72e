import type { Facts, Learned, ProjectMemory } from '../../domain/memory/project-memory.ts'
import { learn } from '../../domain/memory/project-memory.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'

/** A project's memory as everybody who shares it has it, and which of all that it has been that is. */
export interface Agreed {
  readonly memory: ProjectMemory
  /** rises whenever something is learned of the project's files or its serials; 0: nothing was */
  readonly version: number
  /** characters of its findings that are kept as text */
  readonly characters: number
}

/**
 * What several gates know of one source. Whatever is learned of a project is learned in one order, the same for all. Throws
 * `unknown-store` when it cannot be asked.
 */
export interface Ledger {
  /** All of one moment. */
  load(project: ProjectName): Promise<Agreed>
  version(project: ProjectName): Promise<number>
  /**
   * Takes facts in by {@link takeIn} while nobody else learns anything of the project, and answers with what it is then; written down for
   * good when it resolves. `known` saves reading it, where it is still that.
   */
  learn(project: ProjectName, facts: Facts, known: Agreed | undefined): Promise<Agreed>
}

/** What facts change in what was agreed on. */
export interface TakenIn extends Learned {
  readonly changes: 'nothing' | 'the reading' | 'what is known'
}

/**
 * What was had of a file counts while its sha256 is the one that was agreed on: whoever read the page before another took its place
 * may say so late.
 */
export function takeIn(memory: ProjectMemory, facts: Facts): TakenIn {
  const settled = facts.settled?.filter(({ filename, sha256 }) => {
    const seen = memory.sightings.get(filename)?.sha256
    return seen === undefined || seen === sha256
  })
  const learned = learn(memory, settled === undefined ? facts : { ...facts, settled })
  const { sightings, proofs, findings, serials, reading } = learned
  const isKnown = sightings.length + proofs.length + learned.settled.length + findings.length === 0
  const changes =
    isKnown && serials === undefined ? (reading === undefined ? 'nothing' : 'the reading') : 'what is known'
  return { ...learned, changes }
}
