import type { Said, Told } from '../../protocol/api/operation.ts'
import type { OPERATIONS, OperationId } from '../../protocol/api/operations.ts'

type Operations = typeof OPERATIONS

/** Calls that only ask. */
export type AskableId = {
  readonly [Id in OperationId]: Operations[Id]['method'] extends 'GET' ? Id : never
}[OperationId]

type Texts<Of> = { readonly [Name in keyof Of]?: string | undefined }

/** A gate that runs elsewhere, asked through its API. */
export interface RemoteGate {
  /** `said`: what the path and the query say. Throws `unknown-gate` where it cannot be asked or cannot tell, `usage` for what it does not answer. */
  ask<Id extends AskableId>(
    id: Id,
    said: Texts<Said<Operations[Id]>['params']> & Texts<Said<Operations[Id]>['query']>,
  ): Promise<Told<Operations[Id]>>
  close(): Promise<void>
}
