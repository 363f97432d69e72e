import type { Asker } from '../../../flow/asker.ts'
import type { Said, Told } from '../../../protocol/api/operation.ts'
import type { OPERATIONS, OperationId } from '../../../protocol/api/operations.ts'
import type { Caller } from './caller.ts'

/** One call, once it is known who makes it and that it makes sense. */
export type Call<Id extends OperationId> = Said<(typeof OPERATIONS)[Id]> & {
  readonly caller: Caller
  /** whose turn it takes where it has to wait */
  readonly asker: Asker
}

/** What answers some of the calls. */
export type Handlers<Ids extends OperationId = OperationId> = {
  readonly [Id in Ids]: (call: Call<Id>) => Promise<Told<(typeof OPERATIONS)[Id]>>
}
