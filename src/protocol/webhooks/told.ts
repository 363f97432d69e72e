import type { Instant } from '../../domain/base/instant.ts'

/** What is told, in words from anywhere. */
export interface Told {
  /** `msg_…` */
  readonly id: string
  /** `refused`, `alarm`, … */
  readonly type: string
  /** where the gate is, a URL */
  readonly source: string
  readonly at: Instant
  readonly subject: string
  readonly title: string
  readonly text: string
  readonly url: string | undefined
  readonly data: Readonly<Record<string, string | number | boolean | null>>
}

export interface Message {
  readonly contentType: string
  readonly body: string
}
