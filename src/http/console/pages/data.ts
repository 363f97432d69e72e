import type { Clock, Instant } from '../../../domain/base/instant.ts'
import type { Policy } from '../../../domain/policy/policy.ts'
import type { Revocation } from '../../../domain/policy/revocation.ts'
import type { Asker } from '../../../flow/asker.ts'
import type { ProjectNow } from '../../../gate/records/project-now.ts'
import type { WhatIf } from '../../../gate/records/what-if.ts'
import type { RecentAlarm, RecentUnknown } from '../../../observe/readers/recent.ts'
import type { AuditRecords } from '../../../ports/console/audit-log.ts'
import type { DownloadSums, Ledger } from '../../../ports/console/ledger.ts'
import type { GoesBy, OtherGate } from '../../../ports/store.ts'
import type { TrustStatus } from '../../../ports/trust.ts'
import type { TextFile } from '../../../protocol/yaml/yaml-document.ts'

/** An index, as its pages show it. */
export interface ShownIndex {
  /** what the configuration calls it */
  readonly name: string
  /** in force, approvals included */
  policy(): Policy
  /** why the last reload was kept back; `undefined` where what is on disk is in force */
  keptBack(): string | undefined
  /** Releases of a project from the newest on, judged by what is remembered; nobody is asked. Throws `unknown-store`. */
  project(name: string, page: { readonly from: number; readonly releases: number }): Promise<ProjectNow | undefined>
  /** Whether a revocation names a file that somebody got. Throws `unknown-store`. */
  isRevoked(file: Pick<DownloadSums, 'project' | 'filename' | 'sha256'>, by: Revocation): Promise<boolean | 'unknown'>
  /** What another policy would change; nothing is put in force or kept. Throws `unknown-store`, `unknown-overloaded`. */
  whatIf(policy: readonly TextFile[], pins: string | undefined, asker: Asker): Promise<WhatIf>
}

/** Gates that share a store, as this one sees the others. */
export interface ShownGates {
  /** what this one says to them; `undefined`: nothing yet */
  readonly own: GoesBy | undefined
  readonly others: readonly OtherGate[]
  /** how many others have gone by something else for longer than a roll-out takes */
  readonly apart: number
  readonly warnings: readonly string[]
}

/** What the pages show. */
export interface PageData {
  readonly ledger: Ledger
  readonly audit: Pick<AuditRecords, 'rows'>
  readonly indexes: readonly [ShownIndex, ...ShownIndex[]]
  readonly clock: Clock
  trust(): TrustStatus
  /** How many requests of people wait for a decision, and no more than `most`. Throws `unknown-store`. */
  openRequests(most: number): Promise<number>
  /** `undefined`: the gate is alone */
  gates(): ShownGates | undefined
  /** since when the policy of this digest is in force here; `undefined` where nobody heard */
  inForceSince(digest: string): Instant | undefined
  /** when this gate began to take notes of the two below */
  readonly began: Instant
  /** the latest first */
  alarms(): readonly RecentAlarm[]
  unknowns(): readonly RecentUnknown[]
}
