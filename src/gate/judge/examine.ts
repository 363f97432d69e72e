import { sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Instant, Millis } from '../../domain/base/instant.ts'
import type { Finding } from '../../domain/identity/attestation.ts'
import { proofOf } from '../../domain/memory/history.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import type { CustomRoot } from '../../domain/policy/policy.ts'
import { createLimit } from '../../flow/limit.ts'
import { createOnce } from '../../flow/once.ts'
import type { FindingKey, Findings, Histories, RememberedFinding } from '../../ports/memory.ts'
import type { Integrity } from '../../ports/outward.ts'
import type { Trust, Verifier } from '../../ports/trust.ts'
import type { Pep740Watch } from './pep740-watch.ts'

/** A failure stays known under this name of "whatever root was in force", until the file is fetched and verified anew. */
const ANY_ROOT = 'any'
const NO_ROOT = 'none'

type KnownFinding = Exclude<Finding, { kind: 'unasked' }>

/** A finding, and the trust roots under which it was made. */
interface Asked {
  readonly finding: KnownFinding
  readonly trustDigest: string
}

export interface Examine {
  /** What is known without waiting: remembered, or said by the index itself. */
  known(artifact: Artifact, now: Instant): RememberedFinding | undefined
  /** Asks the Integrity API and verifies, once however many ask. Throws unknown-…. */
  anew(artifact: Artifact, now: Instant): Promise<KnownFinding>
  /** True when what is remembered is still to be believed; an admission lives until a root changes, all else briefly. */
  lasting(remembered: RememberedFinding, now: Instant, outcome: 'admitted' | 'refused'): boolean
  /** The last failure on record, past its lifetime too. */
  failure(artifact: Artifact): KnownFinding | undefined
  rememberMetadataMismatch(artifact: Artifact, detail: string, now: Instant): void
  metadataMismatch(artifact: Artifact): KnownFinding | undefined
}

interface Options {
  readonly findings: Findings
  readonly histories: Histories
  readonly integrity: Integrity
  readonly verifier: Verifier
  readonly trust: Trust
  /** of the `custom` publishers of the policy in force */
  readonly customRoots: () => readonly CustomRoot[]
  readonly negativeTtl: Millis
  readonly watch: Pep740Watch
  readonly keepProvenance: (bytes: Uint8Array) => Promise<void>
  readonly learned: (artifact: Artifact) => void
}

export function createExamine(options: Options): Examine {
  const { findings, histories, integrity, verifier, trust, customRoots, negativeTtl, watch, keepProvenance, learned } =
    options
  const once = createOnce<KnownFinding>()
  const limit = createLimit({ running: 32, waiting: 2_000, what: 'verifications' })

  function keyOf(artifact: Artifact, trustDigest: string): FindingKey {
    return { sha256: artifact.sha256, filename: artifact.filename.text, trustDigest }
  }

  /** Digest over all roots in force: what was proved under some of them is not remembered as proved under others. */
  function rootsInForce(): string {
    const sigstore = trust.digest() ?? NO_ROOT
    const custom = customRoots()
    return custom.length === 0 ? sigstore : digestOf(sigstore, custom)
  }

  function remember(artifact: Artifact, { finding, trustDigest }: Asked, now: Instant): void {
    findings.put(keyOf(artifact, trustDigest), { finding, found: now })
    const anyRoot = keyOf(artifact, ANY_ROOT)
    if (finding.kind === 'invalid' || findings.get(anyRoot) !== undefined)
      findings.put(anyRoot, { finding, found: now })
    const proof = proofOf(finding, now)
    const { project, filename } = artifact
    if (proof !== undefined) histories.proved(project, { filename: filename.text, version: filename.version }, proof)
    learned(artifact)
  }

  /** `null` in the index is its word only where the Integrity API is its own. */
  function indexSaysNone(artifact: Artifact): boolean {
    return artifact.provenance === 'none' && integrity.ownOrigin
  }

  async function ask(artifact: Artifact, now: Instant): Promise<Asked> {
    const answer = await integrity.provenance(artifact.project, artifact.filename)
    if (answer.kind === 'absent') {
      if (artifact.provenance === 'offered')
        throw new GateError(
          'unknown-upstream',
          `the index offers provenance for ${artifact.filename.text}, the Integrity API has none`,
        )
      watch.absent(artifact)
      return { finding: { kind: 'unattested', said: 'integrity' }, trustDigest: rootsInForce() }
    }
    watch.present()
    const asked = await prove(artifact, answer.bytes, now)
    // who asked is told what the root in force proves, not one that went out while the verifier worked
    const latest = asked.trustDigest === rootsInForce() ? asked : await prove(artifact, answer.bytes, now)
    if (latest.finding.kind === 'attested') await keepProvenance(answer.bytes)
    return latest
  }

  async function prove(artifact: Artifact, bytes: Uint8Array, now: Instant): Promise<Asked> {
    const roots = { sigstore: trust.fresh(now), custom: customRoots() }
    // read in the same breath: a root that comes in while the verifier works must not inherit what an older one proved
    const trustDigest = rootsInForce()
    const { filename, sha256 } = artifact
    return { finding: await verifier.verify({ bytes, filename, sha256 }, roots), trustDigest }
  }

  return {
    known(artifact, now) {
      const remembered = findings.get(keyOf(artifact, rootsInForce()))
      if (remembered?.finding.kind === 'attested') return remembered
      if (indexSaysNone(artifact)) return { finding: { kind: 'unattested', said: 'index' }, found: now }
      // the index has learned of provenance since
      if (remembered?.finding.kind === 'unattested' && artifact.provenance === 'offered') return undefined
      return remembered
    },
    anew(artifact, now) {
      const { project, sha256, filename, provenance } = artifact
      return once(`${project} ${sha256} ${filename.text} ${provenance}`, async () => {
        const asked = await limit.run(() => ask(artifact, now))
        remember(artifact, asked, now)
        return asked.finding
      })
    },
    lasting(remembered, now, outcome) {
      if (remembered.finding.kind === 'attested' && outcome === 'admitted') return true
      const age = now - remembered.found
      return age >= 0 && age < negativeTtl
    },
    failure(artifact) {
      const remembered = findings.get(keyOf(artifact, ANY_ROOT))
      return remembered?.finding.kind === 'invalid' ? remembered.finding : undefined
    },
    rememberMetadataMismatch(artifact, detail, now) {
      const finding = { kind: 'invalid', why: 'metadata-mismatch', detail } as const
      findings.put(keyOf(artifact, metadataOf(artifact)), { finding, found: now })
      learned(artifact)
    },
    metadataMismatch(artifact) {
      return findings.get(keyOf(artifact, metadataOf(artifact)))?.finding
    },
  }
}

/** The policy's roots change with the policy, and their list with them. */
const digests = new WeakMap<readonly CustomRoot[], { readonly sigstore: string; readonly digest: string }>()

function digestOf(sigstore: string, custom: readonly CustomRoot[]): string {
  const known = digests.get(custom)
  if (known?.sigstore === sigstore) return known.digest
  const digest = sha256Of([sigstore, ...custom.map(root => root.digest)].join(' '))
  digests.set(custom, { sigstore, digest })
  return digest
}

/**
 * Where a wheel whose METADATA differs from its `.metadata` is remembered: no trust root has a say in it, and an index
 * that corrects what it gives out is believed.
 */
function metadataOf({ coreMetadata }: Artifact): string {
  return `metadata ${coreMetadata}`
}
