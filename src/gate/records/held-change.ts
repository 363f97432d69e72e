import { type Instant, instant } from '../../domain/base/instant.ts'
import type { Claims } from '../../domain/identity/claims.ts'
import { publisherFor } from '../../domain/identity/identity.ts'
import { matchPublisher } from '../../domain/identity/publisher.ts'
import { publisherList } from '../../domain/identity/publisher-text.ts'
import { createHistory, type SeenFile } from '../../domain/memory/history.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Rule } from '../../domain/policy/policy.ts'
import type { Records } from '../../ports/records.ts'

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

/**
 * The signers after the first whom the rule of the project holds: those that are not the first seen, or that it does not
 * name. `undefined` when there are none, or when it is not for who signs that files are refused.
 */
export function heldChange(files: readonly SeenFile[], rule: Rule | undefined): HeldChange | undefined {
  const { first } = createHistory(files)
  if (first === undefined || !holds(rule)) return undefined
  const bySigner = Map.groupBy(
    files.filter(({ proof }) => proof !== undefined),
    ({ proof }) => proof?.signer,
  )
  const signers = [...bySigner.values()].flatMap(own => signerOf(own) ?? []).sort((a, b) => a.since - b.since)
  const one = signers.find(({ files: own }) => own.some(({ filename }) => filename === first.filename))
  const [next, ...others] = signers.filter(signer => signer !== one && !isNamed(signer, rule))
  return one === undefined || next === undefined ? undefined : { first: one, others: [next, ...others] }
}

function holds(rule: Rule | undefined): boolean {
  if (rule === undefined || rule.deny !== undefined) return false
  if (rule.publishers !== undefined) return true
  return rule.identity === 'first-seen' && rule.regression.publisherChanged === 'deny'
}

/** The rule that accepts a change, in YAML: the first signer stays, for the files that it signed, unless the rule names publishers already. */
export function heldRule(project: string, rule: Rule | undefined, { first, others }: HeldChange): string {
  const signers = rule?.publishers === undefined ? [first, ...others] : others
  const list = publisherList(...signers.flatMap(({ claims }) => publisherFor(claims) ?? [])).replace(/^/gm, '    ')
  return ['projects:', `  - match: ${project}`, list].join('\n')
}

/** What was refused for who signed, or would have been. */
export interface HeldRequests {
  readonly requests: number
  readonly clients: number
}

export async function heldRequests(
  records: Pick<Records, 'journal'>,
  project: ProjectName,
  { others: [{ since }] }: HeldChange,
): Promise<HeldRequests> {
  let requests = 0
  const clients = new Set<string>()
  for await (const row of records.journal(since)) {
    if (row.project !== project || !HELD.has(row.code.replace(/^audit:/, ''))) continue
    requests += row.count
    clients.add(row.client)
  }
  return { requests, clients: clients.size }
}

const HELD: ReadonlySet<string> = new Set(['publisher-changed', 'publisher-mismatch'])

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
