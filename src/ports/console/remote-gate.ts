import type { z } from 'zod'
import type { Said, Told } from '../../protocol/api/operation.ts'
import type { OPERATIONS, OperationId } from '../../protocol/api/operations.ts'

type Operations = typeof OPERATIONS

/** Calls that only ask. */
export type AskableId = {
  readonly [Id in OperationId]: Operations[Id]['method'] extends 'GET' ? Id : never
}[OperationId]

/** Calls that change something. */
export type TellableId = Exclude<OperationId, AskableId>

type Texts<Of> = { readonly [Name in keyof Of]?: string | undefined }

/** A gate that runs elsewhere, asked through its API. */
export interface RemoteGate {
  /** `said`: what the path and the query say. Throws `unknown-gate` where it cannot be asked or cannot tell, `usage` for what it does not answer. */
  ask<Id extends AskableId>(
    id: Id,
    said: Texts<Said<Operations[Id]>['params']> & Texts<Said<Operations[Id]>['query']>,
  ): Promise<Told<Operations[Id]>>
  /** The same with a body, for what changes something. */
  tell<Id extends TellableId>(
    id: Id,
    said: Texts<Said<Operations[Id]>['params']>,
    body: Operations[Id] extends { readonly body: z.ZodType } ? z.input<Operations[Id]['body']> : undefined,
  ): Promise<Told<Operations[Id]>>
  close(): Promise<void>
}
