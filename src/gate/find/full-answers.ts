import { isDeepStrictEqual } from 'node:util'
import type { Instant } from '../../domain/base/instant.ts'
import { lasted, SECOND_SIGHT } from '../../domain/memory/second-sight.ts'
import { inGroups, type Steps } from '../../flow/steps.ts'
import type { IndexFile, ProjectIndex } from '../../protocol/simple/project-index.ts'

/**
 * When a page came whole, under one ETag and saying the same each time. That a page is unchanged confirms what its ETag stands for:
 * of a page that came once, as one odd answer may, that is anything.
 */
export interface FullAnswers {
  readonly first: Instant
  readonly last: Instant
}

/** Whether it came often enough for that it is unchanged to be a reading of it: twice, {@link SECOND_SIGHT} apart. */
export function isSettled({ first, last }: FullAnswers): boolean {
  return lasted({ value: undefined, since: first }, last, SECOND_SIGHT)
}

/**
 * Whether it may be asked for by its ETag. What came once is asked for whole, so that an odd answer is gone with the next one, and
 * whole again when its second sight is due: two answers more for each new page.
 */
export function mayBeUnchanged(answers: FullAnswers, now: Instant): boolean {
  const { first, last } = answers
  return isSettled(answers) || (last > first && !lasted({ value: undefined, since: first }, now, SECOND_SIGHT))
}

/** What a file entry says; its name says what distribution it is. */
const FIELDS = [
  'filename',
  'path',
  'url',
  'sha256',
  'size',
  'uploadTime',
  'requiresPython',
  'yanked',
  'coreMetadata',
  'provenance',
] as const satisfies readonly (keyof IndexFile)[]

/** Whether two pages say the same. */
export function* saysTheSame(one: ProjectIndex, other: ProjectIndex): Steps<boolean> {
  if (!isDeepStrictEqual({ ...one, files: one.files.length }, { ...other, files: other.files.length })) return false
  let at = 0
  for (const group of inGroups(one.files)) {
    for (const file of group) {
      const beside = other.files[at]
      if (beside === undefined || !FIELDS.every(field => file[field] === beside[field])) return false
      if (!isDeepStrictEqual(file.hashes, beside.hashes)) return false
      at += 1
    }
    yield
  }
  return true
}
