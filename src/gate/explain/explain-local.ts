import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { SourceName } from '../../domain/base/source-name.ts'
import type { Step } from '../../domain/base/step.ts'
import { identityOfVerdict } from '../../domain/decide/decide.ts'
import type { Artifact, UpstreamUrl } from '../../domain/packaging/artifact.ts'
import { filePathOf } from '../../domain/packaging/file-path.ts'
import type { DistFilename } from '../../domain/packaging/filename.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Explanation } from './explanation.ts'

/** A distribution on this machine: its name parsed, its bytes hashed. */
export interface LocalFile {
  readonly filename: DistFilename
  readonly sha256: Sha256
  /** bytes */
  readonly size: number
}

/** What is known of a file that no index was asked about, of the source that its name is known to belong to: what speaks against it there is not known. */
export function localArtifact({ filename, sha256, size }: LocalFile, source?: SourceName): Artifact {
  const url = `file:///${filename.text}` as UpstreamUrl // nothing is fetched from it
  return {
    project: filename.project,
    ...(source === undefined ? {} : { source }),
    filename,
    path: filePathOf(url, sha256, filename.text),
    sha256,
    size,
    url,
    uploaded: undefined,
    yanked: false,
    status: 'active',
    coreMetadata: undefined,
    provenance: 'offered',
  }
}

const ONLY_THE_INDEX_KNOWS: ReadonlySet<string> = new Set(['project status', 'yanked'])
/** how a step says that only the index could have told */
export const NOT_ASKED = 'the index was not asked'

/** Nothing that only the index could say is told as if it had been looked at. */
export function skipIndexSteps(explanation: Explanation, policy: Policy): Explanation {
  const { file, outcome, steps, notes } = explanation
  if (outcome instanceof GateError) return explanation
  const others = steps.filter(({ check }) => !ONLY_THE_INDEX_KNOWS.has(check))
  const skipped = ['listed by the index with this sha256', ...ONLY_THE_INDEX_KNOWS].map(
    (check): Step => ({ mark: 'skip', check, found: NOT_ASKED }),
  )
  return { ...explanation, steps: [...skipped, ...others], notes: [...notes, ...deniedUnseen(file, policy)] }
}

/** What the rule denies and nobody looked at. */
function deniedUnseen({ project, source }: Explanation['file'], policy: Policy): readonly string[] {
  const rule = policy.ruleFor(project as Artifact['project'], source)
  if (rule === undefined) return []
  const denied = [
    ...(rule.yanked === 'deny' ? ['yanked files'] : []),
    ...(rule.status.archived === 'deny' ? ['archived projects'] : []),
    ...(rule.status.deprecated === 'deny' ? ['deprecated projects'] : []),
  ]
  if (denied.length === 0) return []
  return [`${rule.ref.id} denies ${denied.join(', ')}; without --provenance the index is asked about that.`]
}

/** The index lists the name with other bytes: whatever was proved of these, the gate would not serve them. */
export function contradictIndex(explanation: Explanation, listed: Sha256, policy: Policy): Explanation {
  const { file, outcome } = explanation
  const step: Step = { mark: 'fail', check: 'sha256 in the index', expected: listed, found: file.sha256 ?? 'unknown' }
  const steps = [step, ...explanation.steps]
  if (outcome instanceof GateError || outcome.kind === 'refused') return { ...explanation, steps }
  const detail = `The index lists ${file.filename} with the sha256 ${listed}, this file has ${file.sha256}.`
  return {
    ...explanation,
    steps,
    outcome: {
      kind: 'refused',
      code: 'digest-mismatch',
      file,
      rule: outcome.facts.rule,
      identity: identityOfVerdict(outcome),
      detail,
      admitWith: undefined,
      policyDigest: policy.digest,
      steps,
      notes: [],
    },
  }
}
