import { Worker } from 'node:worker_threads'
import type { Config } from '../../config/schema.ts'
import { type ErrorCode, GateError } from '../../domain/base/errors.ts'
import type { Instant } from '../../domain/base/instant.ts'
import type { PolicyTexts } from '../../gate/policy/other-policy.ts'
import type { BroughtFound, BroughtLook } from '../../gate/records/brought-policy.ts'
import type { WhatIf } from '../../gate/records/what-if.ts'
import type { ApprovalDocument } from '../../protocol/policy/approval-layer.ts'
import type { TextFile } from '../../protocol/yaml/yaml-document.ts'
import type { Brought } from './load-brought.ts'

/** What a policy is tried against. */
interface TriedAgainst {
  readonly config: Config
  /** what the configuration calls it */
  readonly index: string
  /** of the policy in force */
  readonly texts: PolicyTexts
  /** what is approved at the index, and lies over the one as over the other */
  readonly approved: readonly ApprovalDocument[]
  readonly now: Instant
}

/** A policy that somebody tries. */
export interface WhatIfOrder extends TriedAgainst {
  readonly files: readonly TextFile[]
  readonly pins: string | undefined
}

/** A policy that somebody brings, and what is asked about it. */
export interface BroughtOrder extends TriedAgainst {
  readonly look: BroughtLook
  readonly brought: Brought
}

export type ThreadAnswer<Found> = { readonly found: Found } | { readonly code: ErrorCode; readonly detail: string }

/** ms, of which the journal has half at most: some policies take minutes to compile or to compare */
const LASTS = 30_000
const HEAP_MIB = 512

const WORKER = new URL('./what-if-worker.ts', import.meta.url)

/**
 * Tries a policy on a thread of its own, which ends with the answer or is ended: whatever somebody pastes, it keeps no package waiting. Throws
 * `unknown-store`, and `unknown-overloaded` where it takes too long or too much memory.
 */
export async function tryPolicy(order: WhatIfOrder, lasts = LASTS): Promise<WhatIf> {
  return await onThread<WhatIf>(order, lasts)
}

/** Looks at a policy that somebody brings, as `tryPolicy` does. */
export async function lookOnThread(order: BroughtOrder, lasts = LASTS): Promise<BroughtFound> {
  return await onThread<BroughtFound>(order, lasts)
}

async function onThread<Found>(order: WhatIfOrder | BroughtOrder, lasts: number): Promise<Found> {
  const worker = new Worker(WORKER, { workerData: order, resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB } })
  const { promise, resolve, reject } = Promise.withResolvers<ThreadAnswer<Found>>()
  const tooMuch = (cause?: unknown) =>
    reject(new GateError('unknown-overloaded', 'this policy takes more to try than there is here', { cause }))
  const timer = setTimeout(tooMuch, lasts)
  worker.once('message', resolve)
  worker.once('error', tooMuch)
  worker.once('exit', () => tooMuch())
  try {
    const answer = await promise
    if ('found' in answer) return answer.found
    throw new GateError(answer.code, answer.detail)
  } finally {
    clearTimeout(timer)
    await worker.terminate()
  }
}
