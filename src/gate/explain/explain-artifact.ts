import { GateError } from '../../domain/base/errors.ts'
import type { Instant } from '../../domain/base/instant.ts'
import type { Step } from '../../domain/base/step.ts'
import { provedPublisher } from '../../domain/decide/admit-with.ts'
import { decide, identityOfVerdict, needsFinding, waivesAttestation } from '../../domain/decide/decide.ts'
import type { RefusedFile, Verdict } from '../../domain/decide/verdict.ts'
import type { Finding } from '../../domain/identity/attestation.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Findings } from '../../ports/memory.ts'
import type { Integrity } from '../../ports/outward.ts'
import { createLimit } from '../flow/limit.ts'
import { createExamine, type Examine } from '../judge/examine.ts'
import { UNASKED, UNCHECKED } from '../judge/judge.ts'
import { createPep740Watch } from '../judge/pep740-watch.ts'
import type { ExplainParts, ExplainSettings, Explanation, LockedExplanation, Signed } from './explain.ts'

/** Said of a file that counts as unattested because nobody asked an index that knows. */
export const NO_PROVENANCE_KEY =
  'The index’s pages have no `provenance` key. If it is a mirror without PEP 740, set upstream.integrity to an index that has it, such as the one it mirrors.'

/** Examines one file, decides, and says all that the decision rests on; "cannot tell" is an outcome here. */
export function createExplainArtifact(parts: ExplainParts, settings: ExplainSettings): ExplainArtifact {
  const { histories, policies, clock } = parts
  const limit = createLimit({ running: 8, waiting: 100_000, what: 'files' })

  async function explain(artifact: Artifact, evidence: Evidence): Promise<LockedExplanation> {
    const now = settings.at ?? clock()
    const policy = policies.current()
    try {
      const found = await findOrWaive(artifact, evidence, now)
      return { ...tell(artifact, found, policy, now), under: other => tell(artifact, found, other, now) }
    } catch (error) {
      return anyhow(cannotTell(artifact, error))
    }
  }

  function tell(artifact: Artifact, { finding, failure }: Found, policy: Policy, now: Instant): Explanation {
    try {
      const verdict = decide(artifact, finding, policy, histories.of(artifact.project), now)
      const stranger = policy.ruleFor(artifact.project) === undefined ? strangerSteps(finding) : []
      const silent = finding.kind === 'unattested' && artifact.provenance === 'unsaid'
      return {
        file: fileOf(artifact),
        size: artifact.size,
        outcome: failure === undefined ? verdict : withoutAdvice(verdict),
        steps: [...stepsOf(verdict), ...stranger],
        signed: finding.kind === 'attested' ? signedBy(finding, verdict) : undefined,
        notes: [
          ...(silent ? [NO_PROVENANCE_KEY] : []),
          ...(failure === undefined
            ? []
            : [`Who signed it could not be found out: ${failure.detail.replace(/\.$/, '')}.`]),
        ],
      }
    } catch (error) {
      return cannotTell(artifact, error)
    }
  }

  /** As the gate does: unknown counts as a finding only for bytes that an exemption pins, or that are refused anyhow. */
  async function findOrWaive(artifact: Artifact, evidence: Evidence, now: Instant): Promise<Found> {
    const policy = policies.current()
    try {
      return { finding: remembered(artifact, evidence, now) ?? (await limit(() => evidence.anew(artifact, now))) }
    } catch (error) {
      if (!(error instanceof GateError) || !UNCHECKED.has(error.code)) throw error
      const needed = needsFinding(artifact, policy, histories.of(artifact.project), now)
      if (needed && !waivesAttestation(artifact, policy, now)) throw error
      return { finding: UNASKED, failure: error }
    }
  }

  /** What is remembered, as long as the gate would believe it; a proof only under a root that is fresh now. */
  function remembered(artifact: Artifact, evidence: Evidence, now: Instant): Finding | undefined {
    const known = evidence.known(artifact, clock())
    if (known === undefined) return undefined
    const verdict = decide(artifact, known.finding, policies.current(), histories.of(artifact.project), now)
    if (!evidence.lasting(known, clock(), verdict.kind)) return undefined
    if (known.finding.kind !== 'unattested') parts.trust.fresh(clock())
    return known.finding
  }

  const remembering = createExamineFor(parts, parts.integrity, parts.findings)
  return {
    anew: artifact => explain(artifact, createExamineFor(parts, parts.integrity, NO_FINDINGS)),
    remembering: artifact => explain(artifact, remembering),
    given: (artifact, integrity) => explain(artifact, createExamineFor(parts, integrity, NO_FINDINGS)),
  }
}

export interface ExplainArtifact {
  /** By what the upstream says now. */
  anew(artifact: Artifact): Promise<LockedExplanation>
  /** The same, or by what is remembered of it: for many files at once, in a run that may be interrupted. */
  remembering(artifact: Artifact): Promise<LockedExplanation>
  /** By this evidence alone. */
  given(artifact: Artifact, integrity: Integrity): Promise<Explanation>
}

/** What was found, or why nothing could be. */
interface Found {
  readonly finding: Finding
  readonly failure?: GateError
}

type Evidence = Pick<Examine, 'known' | 'anew' | 'lasting'>

const NO_FINDINGS: Findings = { get: () => undefined, put: () => {} }

function createExamineFor(parts: ExplainParts, integrity: Integrity, findings: Findings): Examine {
  const { trust, verifier, events, clock } = parts
  return createExamine({
    findings,
    histories: parts.histories,
    integrity: {
      ownOrigin: integrity.ownOrigin,
      async provenance(project, filename) {
        const answer = await integrity.provenance(project, filename)
        if (answer.kind === 'provenance') await trust.settled() // a command may wait for its first root, a request never
        return answer
      },
    },
    verifier,
    trust: {
      fresh: () => trust.fresh(clock()), // exemptions may be judged at another moment, trust never
      digest: () => trust.digest(),
      status: () => trust.status(clock()),
      settled: () => trust.settled(),
      close: () => trust.close(),
    },
    customRoots: () => parts.policies.current().roots,
    negativeTtl: parts.negativeTtl,
    watch: createPep740Watch(events),
    keepProvenance: async () => {},
    learned: () => {},
  })
}

/** No policy has a say in it. */
export function anyhow(explanation: Explanation): LockedExplanation {
  return { ...explanation, under: () => explanation }
}

function cannotTell(artifact: Artifact, error: unknown): Explanation {
  if (!(error instanceof GateError)) throw error
  return { file: fileOf(artifact), size: artifact.size, outcome: error, steps: [], signed: undefined, notes: [] }
}

function fileOf({ project, filename, sha256 }: Artifact): RefusedFile {
  return { project, version: filename.version, filename: filename.text, sha256 }
}

function stepsOf(verdict: Verdict): readonly Step[] {
  return verdict.kind === 'admitted' ? verdict.facts.steps : verdict.steps
}

/** Nobody knows what would admit a file whose provenance was not seen. */
function withoutAdvice(verdict: Verdict): Verdict {
  return verdict.kind === 'admitted' ? verdict : { ...verdict, admitWith: undefined }
}

/** Without a rule nothing is compared; who signed is told all the same, so that a rule can be written. */
function strangerSteps(finding: Finding): readonly Step[] {
  const check = 'attestation'
  switch (finding.kind) {
    case 'attested':
      return [
        { mark: 'pass', check, found: 'verifies' },
        { mark: 'skip', check: 'publisher', found: 'no rule to compare it with' },
      ]
    case 'unattested':
      return [{ mark: 'skip', check, found: 'none' }]
    case 'unasked':
      return [{ mark: 'skip', check, found: 'could not be fetched or checked' }]
    case 'invalid':
      return [{ mark: 'fail', check, expected: 'verifies', found: finding.detail }]
    default:
      return finding satisfies never
  }
}

/** Of several bundles, the one that the verdict tells of. */
function signedBy(finding: Extract<Finding, { kind: 'attested' }>, verdict: Verdict): Signed {
  const told = identityOfVerdict(verdict)?.san
  const bundle =
    finding.bundles.find(({ attestations: [first] }) => first.facts.claims.san.value === told) ?? finding.bundles[0]
  const { signedAt, logIndex } = bundle.attestations[0].facts
  return { publisher: provedPublisher(bundle.attestations), attestations: bundle.attestations, at: signedAt, logIndex }
}
