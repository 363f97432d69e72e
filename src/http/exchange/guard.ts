import type { IncomingMessage } from 'node:http'
import type { WholeAnswer } from './answer.ts'
import { ANONYMOUS, type Client } from './client.ts'

/** `open`: the route itself declares that it tells nothing that anybody may not know. */
export type Access = 'guarded' | 'open'

/** What a guard sees of a request: nothing that is not said before its body. */
export interface Knock {
  /** its `url` is the path that will be routed, whatever form the target had */
  readonly request: Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'rawHeaders'>
  readonly address: string
  /** the connection's own, whoever it is for */
  readonly peer: string
  readonly access: Access
}

/** Nobody enters, and this is said instead. */
export interface TurnedAway {
  readonly turnedAway: WholeAnswer
  /** who it was, for the log, where the guard knows */
  readonly known?: string
}

export type Entry = Client | TurnedAway

/**
 * Asked about every request before anything else is; where it answers at once, nothing waits. What it cannot tell it throws
 * as a GateError, and nobody enters then either.
 */
export type Guard = (knock: Knock) => Entry | Promise<Entry>

/** The gate is for everybody who reaches it. */
export function admitAnybody({ address }: Knock): Client {
  return { address, subject: ANONYMOUS }
}
