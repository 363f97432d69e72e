import { GateError } from '../../domain/base/errors.ts'
import type { Instant } from '../../domain/base/instant.ts'
import { decide, needsFinding, type Outlook, outlook, waivesAttestation } from '../../domain/decide/decide.ts'
import { Admitted, type Verdict } from '../../domain/decide/verdict.ts'
import type { Finding } from '../../domain/identity/attestation.ts'
import type { RememberedFinding } from '../../domain/memory/findings.ts'
import type { ProjectMemory } from '../../domain/memory/project-memory.ts'
import { type Artifact, strangerSource } from '../../domain/packaging/artifact.ts'
import { isApproved } from '../../domain/policy/exemptions.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Asker } from '../../flow/asker.ts'
import type { Memory } from '../../ports/memory.ts'
import type { Trust } from '../../ports/trust.ts'
import type { Policies } from '../policy/policies.ts'
import type { Examine } from './examine.ts'

/** A verdict, and what it was decided by. */
export interface Weighed {
  readonly verdict: Verdict
  readonly finding: Finding
  /** why provenance could not be fetched or checked, where the verdict does without */
  readonly failure: GateError | undefined
}

interface Options {
  readonly examine: Examine
  readonly memory: Pick<Memory, 'of'>
  readonly policies: Pick<Policies, 'current' | 'unread'>
  readonly trust: Pick<Trust, 'fresh'>
  /** the present, for trust and for what is remembered; may throw unknown-clock */
  readonly now: () => Instant
  /** the moment at which it is decided; the present, unless somebody asks for another */
  readonly at: () => Instant
}

/** What a verdict without waiting is decided by. */
export interface AtHand {
  readonly memory: ProjectMemory
  readonly policy: Policy
  readonly now: Instant
}

/** From an artifact to a finding and a verdict: the one way for clients, commands and mirrors. */
export interface Weigh {
  /** By what is remembered, or else the file is examined. Never "don't know, so yes": throws unknown-…. */
  anyhow(artifact: Artifact, asker?: Asker): Promise<Weighed>
  /** The verdict on a file whose provenance makes no difference to it; `undefined` where it does. */
  unexamined(artifact: Artifact, known: AtHand): Verdict | undefined
  /** The verdict from what is known without waiting, or `undefined` when the file would have to be examined first. */
  foreseen(artifact: Artifact, known: AtHand): Verdict | undefined
  /** What that verdict would be, in the words that name it: for whoever looks at many files. */
  outlook(artifact: Artifact, known: AtHand): Outlook | undefined
  /** The verdict by what was known of its provenance at last, however long ago; `undefined` where nobody ever asked. */
  recalled(artifact: Artifact, known: AtHand): Verdict | undefined
  /** An admission by what is remembered, under a root that is fresh; `undefined` where it may be anything else. */
  admitted(artifact: Artifact, known: AtHand): Admitted | undefined
}

/** Unasked is unknown: it counts as a finding only for bytes that an exemption in force pins, or that are refused anyhow. */
const UNASKED = { kind: 'unasked' } as const satisfies Finding

/** Failures that leave provenance unfetched or unchecked, as opposed to a gate that is itself in trouble. */
const UNCHECKED: ReadonlySet<string> = new Set([
  'unknown-upstream',
  'unknown-upstream-timeout',
  'unknown-trust',
  'unknown-verifier',
])

export function createWeigh({ examine, memory, policies, trust, now, at }: Options): Weigh {
  async function anyhow(artifact: Artifact, asker?: Asker): Promise<Weighed> {
    try {
      const agreed = await memory.of(artifact.project, artifact.filename.text, strangerSource(artifact))
      const known = { memory: agreed, policy: policies.current(), now: now() }
      const remembered = lasting(artifact, known, at())
      if (remembered !== undefined) return assertTrusted(remembered)
      // asking takes time: what is in force and what is known when the answer is given decides
      const { finding, memory: learned } = await examine.anew(artifact, asker)
      const verdict = decide(artifact, finding, policies.current(), learned.history, at())
      return assertTrusted({ verdict, finding, failure: undefined })
    } catch (error) {
      if (!(error instanceof GateError) || !UNCHECKED.has(error.code)) throw error
      return await withoutFinding(artifact, error)
    }
  }

  /** The verdict by what is remembered, as long as that is to be believed. */
  function lasting(
    artifact: Artifact,
    { memory: known, policy, now: present }: AtHand,
    moment: Instant,
  ): Weighed | undefined {
    const remembered = examine.known(artifact, known, present)
    if (remembered === undefined) return undefined
    const { finding } = remembered
    const verdict = decide(artifact, finding, policy, known.history, moment)
    return examine.lasting(remembered, present, verdict.kind) ? { verdict, finding, failure: undefined } : undefined
  }

  /** Never against provenance that failed: a remembered failure counts until it is verified anew or found absent. */
  async function withoutFinding(artifact: Artifact, failure: GateError): Promise<Weighed> {
    const known = await memory.of(artifact.project, artifact.filename.text, strangerSource(artifact))
    const policy = policies.current()
    const moment = at()
    const needed = needsFinding(artifact, policy, known.history, moment)
    if (needed && !waivesAttestation(artifact, policy, moment)) throw failure
    const finding = examine.failure(artifact, known) ?? UNASKED
    return { verdict: decide(artifact, finding, policy, known.history, moment), finding, failure }
  }

  /** A verdict that rests on cryptography, a refusal too, needs a root that is fresh at this moment. */
  function assertTrusted(weighed: Weighed): Weighed {
    const { verdict, finding } = weighed
    const rests = Admitted.is(verdict)
      ? verdict.facts.restsOnAttestation
      : finding.kind === 'attested' || finding.kind === 'invalid'
    if (rests) trust.fresh(now())
    return weighed
  }

  /** Whether an approval pins the file while nobody can read whether that holds still. */
  function unread(artifact: Artifact): GateError | undefined {
    const failure = policies.unread?.()
    return failure !== undefined && isApproved(artifact, policies.current()) ? failure : undefined
  }

  function assertRead(artifact: Artifact): void {
    const failure = unread(artifact)
    if (failure !== undefined) throw failure
  }

  function unexamined(artifact: Artifact, { memory: known, policy, now: moment }: AtHand): Verdict | undefined {
    const inside = examine.metadataFinding(artifact, known)
    if (inside !== undefined) return decide(artifact, inside, policy, known.history, moment)
    const needed = needsFinding(artifact, policy, known.history, moment)
    return needed ? undefined : decide(artifact, UNASKED, policy, known.history, moment)
  }

  return {
    async anyhow(artifact, asker) {
      const weighed = await anyhow(artifact, asker)
      assertRead(artifact)
      return weighed
    },
    unexamined(artifact, known) {
      assertRead(artifact)
      return unexamined(artifact, known)
    },
    outlook(artifact, { memory: known, policy, now: moment }) {
      const inside = examine.metadataFinding(artifact, known)
      let remembered: RememberedFinding | undefined
      const found = (): Finding | undefined => {
        if (inside !== undefined) return inside
        remembered = examine.known(artifact, known, moment)
        return remembered?.finding
      }
      const anyhow = (): Finding => {
        const seen = inside === undefined ? examine.known(artifact, known, moment) : undefined
        return inside ?? (seen !== undefined && examine.lasting(seen, moment, 'refused') ? seen.finding : UNASKED)
      }
      const outcome = outlook(artifact, { anyhow, found }, policy, known.history, moment)
      if (outcome === undefined || remembered === undefined) return outcome
      const kind = outcome === 'admitted' ? outcome : 'refused'
      return examine.lasting(remembered, moment, kind) ? outcome : undefined
    },
    foreseen(artifact, known) {
      const refused = unexamined(artifact, known)
      if (refused !== undefined && examine.metadataFinding(artifact, known.memory) !== undefined) return refused
      // with who signed it, where that is known, a refusal can say what would admit the file
      return lasting(artifact, known, known.now)?.verdict ?? refused
    },
    recalled(artifact, { memory: known, policy, now: moment }) {
      const remembered = examine.known(artifact, known, moment)
      return remembered && decide(artifact, remembered.finding, policy, known.history, moment)
    },
    admitted(artifact, known) {
      if (examine.metadataFinding(artifact, known.memory) !== undefined) return undefined
      // what needs no finding to be refused is refused with one, too
      const verdict = lasting(artifact, known, known.now)?.verdict
      if (!Admitted.is(verdict) || unread(artifact) !== undefined) return undefined
      return verdict.facts.restsOnAttestation && !isFresh(known.now) ? undefined : verdict
    },
  }

  function isFresh(moment: Instant): boolean {
    try {
      trust.fresh(moment)
      return true
    } catch {
      return false // whoever waits for the verdict is told why
    }
  }
}
