import type { NonEmpty } from '../../domain/base/brand.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Clock, Millis } from '../../domain/base/instant.ts'
import type { Finding, VerifiedAttestation } from '../../domain/identity/attestation.ts'
import type { Claims } from '../../domain/identity/claims.ts'
import { identityOf, publisherFor } from '../../domain/identity/identity.ts'
import { matchPublisher } from '../../domain/identity/publisher.ts'
import { signerKeyOf } from '../../domain/identity/signer.ts'
import { proofOf } from '../../domain/memory/history.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import { createLimit } from '../../flow/limit.ts'
import type { Events } from '../../observe/events.ts'
import type { Memory } from '../../ports/memory.ts'
import type { Integrity } from '../../ports/outward.ts'
import type { Trust, Verifier } from '../../ports/trust.ts'
import { createExamine } from '../judge/examine.ts'
import { createPep740Watch } from '../judge/pep740-watch.ts'
import type { Evidence, Signer } from './release-facts.ts'

export interface EvidenceParts {
  readonly integrity: Integrity
  readonly verifier: Verifier
  readonly trust: Trust
  /** findings alone are remembered here, and asked for */
  readonly memory: Memory
  /** how long what is no proof is remembered */
  readonly negativeTtl: Millis
  readonly events: Events
  readonly clock: Clock
}

/** What is known about who made a file, verified as at the door; "cannot tell" is a value here. */
export type EvidenceOf = (artifact: Artifact) => Promise<Evidence>

/** Documents at once. */
const AT_ONCE = 16

export function createEvidenceOf(parts: EvidenceParts): EvidenceOf {
  const { integrity, verifier, trust, memory, negativeTtl, events, clock } = parts
  const examine = createExamine({
    memory,
    integrity,
    verifier,
    trust,
    customRoots: () => [],
    negativeTtl,
    watch: createPep740Watch(events, integrity),
    keepProvenance: async () => {},
    now: clock,
  })

  // a lock has more files than the lines below have room for
  const limit = createLimit({ running: AT_ONCE, waiting: Number.POSITIVE_INFINITY, what: 'files' })

  async function find(artifact: Artifact): Promise<Finding> {
    const known = examine.known(artifact, await memory.of(artifact.project), clock())
    if (known === undefined || !examine.lasting(known, clock(), 'admitted'))
      return (await limit.run(() => examine.anew(artifact))).finding
    // what was proved once is believed under a root that is fresh, as at the door
    if (known.finding.kind !== 'unattested') trust.fresh(clock())
    return known.finding
  }

  return async artifact => {
    try {
      return evidenceIn(await find(artifact), artifact, integrity.isOwnOrigin(artifact.project))
    } catch (error) {
      if (error instanceof GateError) return { kind: 'unknown', code: error.code, detail: error.detail }
      throw error
    }
  }
}

function evidenceIn(finding: Finding, { provenance, filename }: Artifact, ownOrigin: boolean): Evidence {
  switch (finding.kind) {
    case 'attested':
      return attested(finding)
    case 'unattested':
      return { kind: 'unattested', silent: ownOrigin && provenance === 'unsaid' }
    case 'invalid':
      return { kind: 'failed', code: finding.why, detail: finding.detail }
    case 'unasked':
      return { kind: 'unknown', code: 'unknown-upstream', detail: `nobody was asked about ${filename.text}` }
    default:
      return finding satisfies never
  }
}

function attested(finding: Extract<Finding, { kind: 'attested' }>): Evidence {
  const proof = proofOf(finding, 0 as Parameters<typeof proofOf>[1])
  const bundle =
    finding.bundles.find(({ attestations }) => proof !== undefined && speaksOf(attestations, proof.claims)) ??
    finding.bundles[0]
  const { facts } =
    bundle.attestations.find(attestation => attestation.facts.predicateType === 'publish/v1') ?? bundle.attestations[0]
  return {
    kind: 'attested',
    signer: signerIn(facts),
    signedAt: facts.signedAt,
    logIndex: facts.logIndex,
    nameable: proof !== undefined && isNameable(bundle.attestations),
  }
}

function speaksOf(attestations: NonEmpty<VerifiedAttestation>, claims: Claims): boolean {
  return attestations.some(({ facts }) => facts.claims === claims)
}

/** Whether one publisher of a policy matches all of them. */
function isNameable(attestations: NonEmpty<VerifiedAttestation>): boolean {
  const publisher = publisherFor(attestations[0].facts.claims)
  return publisher !== undefined && attestations.every(({ facts }) => matchPublisher(publisher, facts).matched)
}

function signerIn({ claims, root }: VerifiedAttestation['facts']): Signer {
  const { repository, workflow, ref, issuer, san } = identityOf(claims)
  const name = repository === undefined || workflow === undefined ? san : `${repository} ${workflow}`
  return { key: signerKeyOf(claims, root), issuer, san, repository, workflow, ref, name }
}
