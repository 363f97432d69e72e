import type { MessagePort } from 'node:worker_threads'
import type { ErrorCode } from '../domain/base/errors.ts'
import type { LegacyContext, LegacyJson } from '../protocol/legacy/legacy-json.ts'
import type { PageContext } from '../protocol/simple/page-entries.ts'
import type { ProjectIndex } from '../protocol/simple/project-index.ts'
import type { CodedDocument } from './coded.ts'

/** What is to be read. */
export type ParseOrder =
  | { readonly kind: 'page'; readonly mediaType: string; readonly context: PageContext }
  | { readonly kind: 'legacy'; readonly context: LegacyContext }

/** One document for a worker. What it lists comes through `port` in pieces, all of which are there when the answer is. */
export interface ParseRequest {
  readonly id: number
  readonly document: CodedDocument
  readonly order: ParseOrder
  readonly port: MessagePort
}

/** Files of the legacy API as they go from one thread to another. */
export interface LegacyColumns {
  readonly filename: readonly string[]
  readonly sha256: readonly (string | undefined)[]
  /** two for each file */
  readonly places: Float64Array
}

/** A document without its files, or why there is none. */
export type ParseAnswer =
  | { readonly id: number; readonly kind: 'page'; readonly page: Omit<ProjectIndex, 'files'> }
  | {
      readonly id: number
      readonly kind: 'legacy'
      readonly json: Omit<LegacyJson, 'releases' | 'urls'>
      /** each with how many of the files that come through the port are its own */
      readonly releases:
        | readonly { readonly version: string; readonly hadFiles: boolean; readonly count: number }[]
        | undefined
    }
  | {
      readonly id: number
      readonly kind: 'failed'
      readonly code: ErrorCode
      readonly detail: string
      readonly untrusted: string | undefined
      /** the project's status cannot be read */
      readonly status: boolean
    }
