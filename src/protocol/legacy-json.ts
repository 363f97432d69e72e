import type { ProjectName } from '../domain/name.ts'

/** PyPI's legacy JSON API object, parsed to a plain JSON value; `serial` from X-PyPI-Last-Serial or `last_serial`. */
export interface LegacyJson {
  readonly project: ProjectName
  readonly document: Readonly<Record<string, unknown>>
  readonly serial: number | undefined
}
