import { type Facts, type Learned, learn, mergeMemories, type ProjectMemory } from './project-memory.ts'
import { mergeReading, type PageRead } from './sighting.ts'

/*
 * What was written down before sources were told apart was learned from one of them, and nobody wrote down from which. It is
 * nobody's, project by project, until a source gives evidence that it was learned from it; which source is asked first says
 * nothing. Until then it counts against whatever any source says of the project, and for nothing: it can refuse and stop, never
 * admit. Whichever source gives evidence is given all of it, a second one too that holds the same files: so none takes it from
 * another. What is learned beside it is kept apart from it, and once somebody was given it, it counts against nobody else.
 */

/** Nothing is known at all: then there is nothing to claim. */
export function isEmpty({ size, reading, serials }: ProjectMemory): boolean {
  return size === 0 && reading === undefined && serials === undefined
}

type Named = Pick<PageRead['files'][number], 'filename' | 'sha256'>

/** Whether a page is evidence: it lists a file of which the same sha256 is remembered under the same name. */
export function agrees(
  { sightings, settled }: ProjectMemory,
  page: { readonly files: readonly Named[] } | undefined,
): boolean {
  return (page?.files ?? []).some(({ filename, sha256 }) => {
    const known = settled.get(filename)?.sha256 ?? sightings.get(filename)?.sha256
    return sha256 !== undefined && sha256 === known
  })
}

/**
 * What a source's memory is decided by while some of the project is nobody's: what both know, but for findings, which are proof for a
 * file and no word against it: they are the source's own.
 */
export function withUnclaimed(own: ProjectMemory, unclaimed: ProjectMemory): ProjectMemory {
  return isEmpty(unclaimed) ? own : mergeMemories(own, unclaimed)
}

/**
 * Takes facts in beside what is nobody's, which stays as it is. A page counts as read after the one that was read then, so that a
 * file that it lists is no older than that.
 */
export function learnBeside(own: ProjectMemory, unclaimed: ProjectMemory, facts: Facts): Learned {
  const before = facts.page === undefined ? own.reading : mergeReading(own.reading, unclaimed.reading)
  return learn(own.with({ reading: before }), facts)
}
