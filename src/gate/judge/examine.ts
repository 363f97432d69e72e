import { sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { type Instant, type Millis, millis } from '../../domain/base/instant.ts'
import type { Finding, InvalidFinding } from '../../domain/identity/attestation.ts'
import type { FindingKey, RememberedFinding } from '../../domain/memory/findings.ts'
import { proofOf } from '../../domain/memory/history.ts'
import type { Facts, ProjectMemory } from '../../domain/memory/project-memory.ts'
import { type Artifact, strangerSource } from '../../domain/packaging/artifact.ts'
import type { CustomRoot } from '../../domain/policy/policy.ts'
import { type Asker, OURSELVES } from '../../flow/asker.ts'
import { createLimit } from '../../flow/limit.ts'
import { createOnce } from '../../flow/once.ts'
import { oneForAll } from '../../flow/one-for-all.ts'
import type { Leases } from '../../ports/among-gates.ts'
import type { Memory } from '../../ports/memory.ts'
import type { Integrity } from '../../ports/outward.ts'
import type { Trust, Verifier } from '../../ports/trust.ts'
import type { Pep740Watch } from './pep740-watch.ts'

/** A failure stays known under this name of "whatever root was in force", until the file is fetched and verified anew. */
const ANY_ROOT = 'any'
const NO_ROOT = 'none'
/** Files that are asked about and verified at once; of one client's not so many that nobody else's begins. */
const AT_ONCE = { running: 32, each: 24, waiting: 2_000, what: 'verifications', name: 'judging' } as const

/** How long one waits for what another gate verifies, before one does it too. */
const PATIENCE = millis(8_000)

type KnownFinding = Exclude<Finding, { kind: 'unasked' }>

/** A finding, and the trust roots under which it was made. */
interface Asked {
  readonly finding: KnownFinding
  readonly trustDigest: string
}

export interface Examine {
  /** What is known without waiting: remembered, or said by the index itself. */
  known(artifact: Artifact, memory: ProjectMemory, now: Instant): RememberedFinding | undefined
  /** Asks the Integrity API and verifies, once however many ask; with the memory that has learned of it. Throws unknown-…. */
  anew(artifact: Artifact, asker?: Asker): Promise<{ readonly finding: KnownFinding; readonly memory: ProjectMemory }>
  /** True when what is remembered is still to be believed; an admission lives until a root changes, all else briefly. */
  lasting(remembered: RememberedFinding, now: Instant, outcome: 'admitted' | 'refused'): boolean
  /** The last failure on record, past its lifetime too. */
  failure(artifact: Artifact, memory: ProjectMemory): KnownFinding | undefined
  /** What was found inside a wheel, against it. */
  rememberMetadata(artifact: Artifact, finding: InvalidFinding): Promise<void>
  metadataFinding(artifact: Artifact, memory: ProjectMemory): KnownFinding | undefined
}

type Examined = Awaited<ReturnType<Examine['anew']>>

interface Options {
  readonly memory: Memory
  readonly integrity: Integrity
  readonly verifier: Verifier
  readonly trust: Pick<Trust, 'fresh' | 'digest'>
  /** of the `custom` publishers of the policy in force */
  readonly customRoots: () => readonly CustomRoot[]
  readonly negativeTtl: Millis
  readonly watch: Pep740Watch
  readonly keepProvenance: (bytes: Uint8Array) => Promise<void>
  /** where several gates share the memory: one of them asks and verifies for all. Default: each does */
  readonly leases?: Leases | undefined
  /** the present; may throw unknown-clock */
  readonly now: () => Instant
}

export function createExamine(options: Options): Examine {
  const { memory, integrity, verifier, trust, customRoots, negativeTtl, watch, keepProvenance, leases, now } = options
  const once = createOnce<Examined>()
  const limit = createLimit(AT_ONCE)

  function keyOf(artifact: Artifact, trustDigest: string): FindingKey {
    return { sha256: artifact.sha256, filename: artifact.filename.text, trustDigest }
  }

  /** Digest over all roots in force: what was proved under some of them is not remembered as proved under others. */
  function rootsInForce(): string {
    const sigstore = trust.digest() ?? NO_ROOT
    const custom = customRoots()
    return custom.length === 0 ? sigstore : digestOf(sigstore, custom)
  }

  async function remember(artifact: Artifact, { finding, trustDigest }: Asked, found: Instant): Promise<ProjectMemory> {
    const { project, filename } = artifact
    const source = strangerSource(artifact)
    const known = await memory.of(project, undefined, source)
    const anyRoot = keyOf(artifact, ANY_ROOT)
    const failed = finding.kind === 'invalid' || known.findings.get(anyRoot) !== undefined
    const keys = [keyOf(artifact, trustDigest), ...(failed ? [anyRoot] : [])]
    const proof = proofOf(finding, found)
    const facts: Facts = {
      findings: keys.map(key => ({ key, finding, found })),
      proofs: proof === undefined ? [] : [{ filename: filename.text, version: filename.version, proof }],
    }
    return await memory.learn(project, facts, source)
  }

  /** `null` in the index is its word only where the Integrity API is its own. */
  function indexSaysNone(artifact: Artifact): boolean {
    return artifact.provenance === 'none' && integrity.isOwnOrigin(artifact.project, strangerSource(artifact))
  }

  async function ask(artifact: Artifact, asker: Asker): Promise<Asked> {
    const answer = await integrity.provenance(artifact.project, artifact.filename, {
      asker,
      source: strangerSource(artifact),
    })
    if (answer.kind === 'absent') {
      if (artifact.provenance === 'offered')
        throw new GateError(
          'unknown-upstream',
          `the index offers provenance for ${artifact.filename.text}, the Integrity API has none`,
        )
      watch.absent(artifact)
      return { finding: { kind: 'unattested', said: 'integrity' }, trustDigest: rootsInForce() }
    }
    watch.present(artifact)
    const asked = await prove(artifact, answer.bytes, asker)
    // who asked is told what the root in force proves, not one that went out while the verifier worked
    const latest = asked.trustDigest === rootsInForce() ? asked : await prove(artifact, answer.bytes, asker)
    if (latest.finding.kind === 'attested') await keepProvenance(answer.bytes)
    return latest
  }

  async function prove(artifact: Artifact, bytes: Uint8Array, { names }: Asker): Promise<Asked> {
    const roots = { sigstore: trust.fresh(now()), custom: customRoots() }
    // read in the same breath: a root that comes in while the verifier works must not inherit what an older one proved
    const trustDigest = rootsInForce()
    const { project, filename, sha256 } = artifact
    const turn = [names[0] ?? '', project] as const
    return { finding: await verifier.verify({ bytes, filename, sha256 }, roots, turn), trustDigest }
  }

  const known: Examine['known'] = (artifact, { findings }, at) => {
    const remembered = findings.get(keyOf(artifact, rootsInForce()))
    if (remembered?.finding.kind === 'attested') return remembered
    if (indexSaysNone(artifact)) return { finding: { kind: 'unattested', said: 'index' }, found: at }
    // the index has learned of provenance since
    if (remembered?.finding.kind === 'unattested' && artifact.provenance === 'offered') return undefined
    return remembered
  }

  function isFresh({ found }: RememberedFinding, at: Instant): boolean {
    const age = at - found
    return age >= 0 && age < negativeTtl
  }

  async function examined(artifact: Artifact, asker: Asker): Promise<Examined> {
    const asked = await limit.run(() => ask(artifact, asker), asker)
    return { finding: asked.finding, memory: await remember(artifact, asked, now()) }
  }

  /** What another gate has found just now is as good as what would be found here: the same roots were in force. */
  async function examinedBySomebody(artifact: Artifact, asker: Asker, its: Leases): Promise<Examined> {
    const { project, sha256, filename, provenance } = artifact
    const source = strangerSource(artifact)
    return await oneForAll<Examined>({
      leases: its,
      key: `finding ${project} ${sha256} ${filename.text} ${provenance} ${source ?? ''} ${rootsInForce()}`,
      patience: PATIENCE,
      async look() {
        const agreed = await memory.of(project, filename.text, source)
        const remembered = agreed.findings.get(keyOf(artifact, rootsInForce()))
        const isThere = remembered !== undefined && isFresh(remembered, now())
        return isThere && known(artifact, agreed, now()) === remembered
          ? { finding: remembered.finding, memory: agreed }
          : undefined
      },
      async work(lease) {
        try {
          return await examined(artifact, asker)
        } finally {
          await lease?.release()
        }
      },
    })
  }

  return {
    known,
    anew(artifact, asker = OURSELVES) {
      const { project, sha256, filename, provenance } = artifact
      const start = (everybody: Asker) =>
        leases === undefined ? examined(artifact, everybody) : examinedBySomebody(artifact, everybody, leases)
      const stranger = strangerSource(artifact) ?? ''
      return once(`${project} ${sha256} ${filename.text} ${provenance} ${stranger}`, start, asker)
    },
    lasting(remembered, at, outcome) {
      return (remembered.finding.kind === 'attested' && outcome === 'admitted') || isFresh(remembered, at)
    },
    failure(artifact, { findings }) {
      const remembered = findings.get(keyOf(artifact, ANY_ROOT))
      return remembered?.finding.kind === 'invalid' ? remembered.finding : undefined
    },
    async rememberMetadata(artifact, finding) {
      const facts = { findings: [{ key: keyOf(artifact, metadataOf(artifact)), finding, found: now() }] }
      await memory.learn(artifact.project, facts, strangerSource(artifact))
    },
    metadataFinding: (artifact, { findings }) =>
      withoutDigest(findings.get(keyOf(artifact, metadataOf(artifact)))?.finding),
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

/** What was written down before told whoever asked the sha256 of what lies inside. */
function withoutDigest(finding: KnownFinding | undefined): KnownFinding | undefined {
  if (finding?.kind !== 'invalid' || !COMPUTED.test(finding.detail)) return finding
  return { ...finding, detail: finding.detail.replace(COMPUTED, ', inside the wheel it is another text') }
}

const COMPUTED = /, inside the wheel it is [0-9a-f]{64}$/

/**
 * Where it is remembered what was found in a wheel against its `.metadata`: no trust root has a say in it, and an index
 * that corrects what it gives out is believed. Under `metadata …` stand those of a reader that knew fewer forms of wheels:
 * they are not asked for, and whoever downloads such a wheel has it looked into again.
 */
function metadataOf({ coreMetadata }: Artifact): string {
  return `inside ${coreMetadata}`
}
