import { GateError } from '../../domain/base/errors.ts'
import type { Clock, Instant, Millis } from '../../domain/base/instant.ts'
import type { Step } from '../../domain/base/step.ts'
import { provedPublisher } from '../../domain/decide/admit-with.ts'
import { decide, identityOfVerdict } from '../../domain/decide/decide.ts'
import type { RefusedFile, Verdict } from '../../domain/decide/verdict.ts'
import type { Finding } from '../../domain/identity/attestation.ts'
import { type Artifact, strangerSource } from '../../domain/packaging/artifact.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import { createLimit } from '../../flow/limit.ts'
import type { Events } from '../../observe/events.ts'
import type { Memory } from '../../ports/memory.ts'
import { INTEGRITY_SETTING, type Index, type Integrity } from '../../ports/outward.ts'
import type { Trust, Verifier } from '../../ports/trust.ts'
import { besideMemory } from '../judge/beside-memory.ts'
import { createExamine } from '../judge/examine.ts'
import { createPep740Watch } from '../judge/pep740-watch.ts'
import { createWeigh, type Weigh, type Weighed } from '../judge/weigh.ts'
import type { Policies } from '../policy/policies.ts'
import {
  anyhow,
  bareExplanation,
  type Explanation,
  type LockedExplanation,
  type Signed,
  stepsOf,
} from './explanation.ts'
import { askingAnew, leavingNoTrace } from './recall.ts'

/** Said of a file that counts as unattested because nobody asked an index that knows. */
const noProvenanceKey = (setting: string): string =>
  `The index’s pages have no \`provenance\` key. If it is a mirror without PEP 740, set ${setting} to an index that has it, such as the one it mirrors.`

/** Explains one file by some evidence; "cannot tell" is an outcome here. */
export interface ExplainArtifact {
  /** For files that are looked at for advice alone: what is learned of them goes no further. */
  readonly beside: { readonly weigh: Weigh; readonly memory: Memory }
  /** By what the upstream says now. */
  anew(artifact: Artifact): Promise<LockedExplanation>
  /** The same, or by what is remembered of it: for many files at once, in a run that may be interrupted. */
  remembering(artifact: Artifact): Promise<LockedExplanation>
  /** By this evidence alone. */
  given(artifact: Artifact, integrity: Integrity): Promise<Explanation>
}

export interface ExplainParts {
  readonly index: Index
  readonly integrity: Integrity
  readonly verifier: Verifier
  readonly trust: Trust
  readonly policies: Policies
  /** what is remembered of projects, as far as whoever asks has a memory */
  readonly memory: Memory
  /** how long what is no admission is remembered */
  readonly negativeTtl: Millis
  readonly events: Events
  /** the present: trust must be fresh now */
  readonly clock: Clock
}

/** Examines one file, decides, and says all that the decision rests on. `at`: the moment it is decided for; `undefined` is now. */
export function createExplainArtifact(parts: ExplainParts, at: Instant | undefined): ExplainArtifact {
  const { policies, memory, integrity } = parts
  const limit = createLimit({ running: 8, waiting: 100_000, what: 'files' })

  const moment = () => at ?? parts.clock()

  async function explain(artifact: Artifact, weigh: Weigh): Promise<LockedExplanation> {
    try {
      const weighed = await limit.run(() => weigh.anyhow(artifact))
      return {
        ...tell(artifact, weighed, policies.current()),
        under: policy => explainUnder(artifact, weighed, policy),
      }
    } catch (error) {
      return anyhow(cannotTell(artifact, error))
    }
  }

  async function explainUnder(artifact: Artifact, weighed: Weighed, policy: Policy): Promise<Explanation> {
    try {
      const { history } = await memory.of(artifact.project, undefined, strangerSource(artifact))
      const verdict = decide(artifact, weighed.finding, policy, history, moment())
      return tell(artifact, { ...weighed, verdict }, policy)
    } catch (error) {
      return cannotTell(artifact, error)
    }
  }

  /** Where another index than this one is asked for provenance, its word is the last. */
  function tell(artifact: Artifact, weighed: Weighed, policy: Policy): Explanation {
    const told = tellWeighed(artifact, weighed, policy)
    const { finding } = weighed
    const [project, stranger] = [artifact.project, strangerSource(artifact)] as const
    const silent =
      finding.kind === 'unattested' && artifact.provenance === 'unsaid' && integrity.isOwnOrigin(project, stranger)
    const setting = integrity.settingOf?.(project, stranger) ?? INTEGRITY_SETTING
    return silent ? { ...told, notes: [noProvenanceKey(setting), ...told.notes], silentUnder: setting } : told
  }

  const aside = besideMemory(memory)
  const anew = createWeighFor(parts, { integrity, memory: askingAnew(memory), at })
  const remembering = createWeighFor(parts, { integrity, memory, at })
  return {
    beside: { weigh: createWeighFor(parts, { integrity, memory: aside, at }), memory: aside },
    anew: artifact => explain(artifact, anew),
    remembering: artifact => explain(artifact, remembering),
    given: (artifact, evidence) =>
      explain(artifact, createWeighFor(parts, { integrity: evidence, memory: leavingNoTrace(memory), at })),
  }
}

interface Evidence {
  readonly integrity: Integrity
  readonly memory: Memory
  readonly at: Instant | undefined
}

function createWeighFor(parts: ExplainParts, { integrity, memory, at }: Evidence): Weigh {
  const { trust, verifier, events, clock, policies, negativeTtl } = parts
  const examine = createExamine({
    memory,
    integrity: afterTrust(integrity, trust),
    verifier,
    trust,
    customRoots: () => policies.current().roots,
    negativeTtl,
    watch: createPep740Watch(events, integrity),
    keepProvenance: async () => {},
    now: clock,
  })
  // exemptions may be judged at another moment, trust never
  return createWeigh({ examine, memory, policies, trust, now: clock, at: () => at ?? clock() })
}

/** A command may wait for its first root, a request never. */
function afterTrust(integrity: Integrity, trust: Trust): Integrity {
  return {
    isOwnOrigin: (project, source) => integrity.isOwnOrigin(project, source),
    async provenance(project, filename, asking) {
      const answer = await integrity.provenance(project, filename, asking)
      if (answer.kind === 'provenance') await trust.settled()
      return answer
    },
  }
}

function tellWeighed(artifact: Artifact, { verdict, finding, failure }: Weighed, policy: Policy): Explanation {
  const stranger = policy.ruleFor(artifact.project, artifact.source) === undefined ? strangerSteps(finding) : []
  return {
    file: fileOf(artifact),
    size: artifact.size,
    outcome: verdict,
    steps: [...stepsOf(verdict), ...stranger],
    signed: finding.kind === 'attested' ? signedBy(finding, verdict) : undefined,
    notes: failure === undefined ? [] : [`Who signed it could not be found out: ${failure.detail.replace(/\.$/, '')}.`],
  }
}

function cannotTell(artifact: Artifact, error: unknown): Explanation {
  if (!(error instanceof GateError)) throw error
  return { ...bareExplanation(fileOf(artifact), error), size: artifact.size }
}

function fileOf({ project, source, filename, sha256 }: Artifact): RefusedFile {
  const its = source === undefined ? {} : { source }
  return { project, ...its, version: filename.version, filename: filename.text, sha256 }
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
