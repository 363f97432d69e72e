import type { Claims } from '../domain/claims.ts'
import { createHistory, type SeenFile } from '../domain/history.ts'
import { type Instant, instant } from '../domain/instant.ts'
import type { Rule } from '../domain/policy.ts'
import { matchPublisher } from '../domain/publisher.ts'

/** A signer of a project, and what it signed, oldest first. */
export interface SeenSigner {
  readonly claims: Claims
  readonly files: readonly SeenFile[]
  /** when it was proved first */
  readonly since: Instant
}

export interface HeldChange {
  readonly first: SeenSigner
  /** signers after the first that the rule does not name */
  readonly others: readonly [SeenSigner, ...SeenSigner[]]
}

/** The signers of a project whom a rule that takes the first seen would hold; `undefined` when there are none. */
export function heldChange(files: readonly SeenFile[], rule: Rule | undefined): HeldChange | undefined {
  const { first } = createHistory(files)
  if (first === undefined) return undefined
  const bySigner = Map.groupBy(
    files.filter(({ proof }) => proof !== undefined),
    ({ proof }) => proof?.signer,
  )
  const signers = [...bySigner.values()].flatMap(own => signerOf(own) ?? []).sort((a, b) => a.since - b.since)
  const one = signers.find(({ files: own }) => own.some(({ filename }) => filename === first.filename))
  const [next, ...others] = signers.filter(signer => signer !== one && !isNamed(signer, rule))
  return one === undefined || next === undefined ? undefined : { first: one, others: [next, ...others] }
}

function signerOf(files: readonly SeenFile[]): SeenSigner | undefined {
  const sorted = [...files].sort((a, b) => (a.proof?.at ?? 0) - (b.proof?.at ?? 0))
  const proof = sorted[0]?.proof
  return proof === undefined ? undefined : { claims: proof.claims, files: sorted, since: instant(proof.at) }
}

function isNamed({ files }: SeenSigner, rule: Rule | undefined): boolean {
  return files.some(({ proof }) =>
    (rule?.publishers ?? []).some(publisher => proof !== undefined && matchPublisher(publisher, proof).matched),
  )
}
