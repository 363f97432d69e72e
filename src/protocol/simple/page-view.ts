import type { ProjectStatus } from '../../domain/packaging/artifact.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
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
