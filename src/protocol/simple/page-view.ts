import type { ProjectStatus } from '../../domain/packaging/artifact.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { inGroups, type Steps } from '../../flow/steps.ts'
import type { IndexFile, ProjectIndex } from './project-index.ts'

/** One file as a page shows it. */
export interface ViewedFile {
  readonly file: IndexFile
  /** at the gate */
  readonly url: string
  readonly yanked: string | boolean
  /** absolute, at the gate; null: there is none; `undefined`: the key is left out */
  readonly provenance: string | null | undefined
}

/** What a project page says, before it is JSON or HTML. */
export interface PageView {
  readonly name: ProjectName
  /** of api-version 1.x */
  readonly minor: ProjectIndex['minor']
  readonly status: ProjectStatus
  readonly statusReason: string | undefined
  readonly serial: number | undefined
  readonly versions: readonly string[] | undefined
  readonly files: readonly ViewedFile[]
}

/** Whether two views of one page, of one reading of the index, are the same to whoever sees them. */
export function* looksTheSame(one: PageView, other: PageView): Steps<boolean> {
  if (one.files.length !== other.files.length || !isSameList(one.versions, other.versions)) return false
  let at = 0
  for (const group of inGroups(one.files)) {
    for (const { file, url, yanked, provenance } of group) {
      const beside = other.files[at]
      if (file !== beside?.file || url !== beside.url || yanked !== beside.yanked) return false
      if (provenance !== beside.provenance) return false
      at += 1
    }
    yield
  }
  return true
}

function isSameList(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  if (one === other) return true
  return one?.length === other?.length && one?.every((text, at) => text === other?.[at]) === true
}
