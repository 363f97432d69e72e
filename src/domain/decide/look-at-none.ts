import type { RefusalCode } from '../base/refusal.ts'
import type { AttestedFile, History } from '../memory/history.ts'
import type { Artifact } from '../packaging/artifact.ts'
import type { Rule } from '../policy/policy.ts'
import { type Look, object, pass } from './objection.ts'
import { tellAttested } from './story.ts'

const CHECK = 'attestation'

/**
 * A file that is known to have no provenance. Under `when-seen` that passes as long as nothing before it was attested;
 * afterwards it is a loss. Under `required` it never passes, and what came before is told.
 */
export function lookAtNone(artifact: Artifact, rule: Rule, history: History): Look {
  switch (rule.attestation) {
    case 'optional':
      return pass(CHECK, 'none, optional')
    case 'required':
      return lookAtRequired(artifact, rule, history)
    case 'when-seen':
      return lookAtRatchet(artifact, rule, history)
    default:
      return rule.attestation satisfies never
  }
}

function lookAtRequired(artifact: Artifact, rule: Rule, history: History): Look {
  const before = attestedSibling(artifact, history) ?? attestedBefore(artifact, rule, history)
  const story = before === undefined ? '' : ` Unlike this one, ${tellAttested(before)}.`
  const detail = `${artifact.filename.text} has no attestation, and ${rule.ref.id} requires one.${story}`
  return object('unattested', detail, { check: CHECK, expected: 'one that verifies', found: 'none' })
}

function lookAtRatchet(artifact: Artifact, rule: Rule, history: History): Look {
  const { lost, partial } = rule.regression
  const sibling = attestedSibling(artifact, history)
  if (sibling !== undefined && partial === 'deny') return fallenBehind('provenance-partial', artifact, rule, sibling)
  const before = attestedBefore(artifact, rule, history)
  if (before !== undefined && lost === 'deny') return fallenBehind('provenance-lost', artifact, rule, before)
  return pass(CHECK, before === undefined ? 'none, and none was seen before' : 'none, which the rule allows')
}

/** Another file of the release that was seen attested, or this one itself at another time. */
function attestedSibling({ filename }: Artifact, history: History): AttestedFile | undefined {
  return history.attestedInRelease(filename.version)
}

function attestedBefore({ filename }: Artifact, { regression }: Rule, history: History): AttestedFile | undefined {
  const { releaseLine, ignorePrereleases } = regression
  return history.attestedBefore(filename.version, releaseLine, ignorePrereleases ? 'prereleases apart' : 'together')
}

function fallenBehind(
  code: Extract<RefusalCode, 'provenance-lost' | 'provenance-partial'>,
  { filename }: Artifact,
  { ref }: Rule,
  before: AttestedFile,
): Look {
  const detail = `${filename.text} has no attestation, but ${tellAttested(before)}; ${ref.id} takes that for a loss.`
  return object(code, detail, { check: CHECK, expected: `one, as ${before.filename} has`, found: 'none' })
}
