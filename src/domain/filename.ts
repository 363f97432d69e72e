import type { ProjectName } from './name.ts'
import type { Version } from './version.ts'

/** A wheel's file name, parsed (binary distribution format, PEP 427 and PEP 440). */
export interface WheelFilename {
  readonly kind: 'wheel'
  /** exactly as listed */
  readonly text: string
  readonly project: ProjectName
  readonly version: Version
  /** '' when absent; else the number and the rest */
  readonly build: string
  /** expanded compressed tag sets, `py3-none-any` each, sorted and unique */
  readonly tags: readonly string[]
}

/** A source distribution's file name, parsed (PEP 625 and its lenient forerunners). */
export interface SdistFilename {
  readonly kind: 'sdist'
  readonly text: string
  readonly project: ProjectName
  readonly version: Version
  readonly extension: '.tar.gz' | '.zip'
}

export type DistFilename = WheelFilename | SdistFilename
