import { formatInstant, type Instant } from '../../domain/base/instant.ts'
import { refusalEntry } from '../../domain/base/refusal.ts'
import type { Step } from '../../domain/base/step.ts'
import { remedyFor, whyNothingAdmits } from '../../domain/decide/admit-with.ts'
import { notesBeside } from '../../domain/decide/story.ts'
import type { Refused } from '../../domain/decide/verdict.ts'
import type { Identity } from '../../domain/identity/attestation.ts'
import type { Contact } from '../../domain/policy/contact.ts'
import { describeRule } from '../../domain/policy/rule-ref.ts'
import { type Help, NO_HELP } from '../../protocol/answers/problem.ts'

interface Kept {
  readonly refused: Refused
  readonly at: Instant
  /** what the configuration calls the index that refused, where the refusal does not say it */
  readonly index?: string | undefined
}

/** One check, absent values null. */
export interface ToldStep {
  readonly mark: Step['mark']
  readonly check: string
  readonly expected: string | null
  readonly found: string | null
}

/** All that is known of a refusal, as JSON; absent values are null. */
export interface ToldRefusal {
  readonly id: string
  readonly url: string
  readonly outcome: 'refused'
  readonly code: string
  readonly title: string
  readonly meaning: string
  readonly detail: string
  readonly remedy: string
  readonly project: string
  /** whose page lists the file, where that is known */
  readonly source: string | null
  /** that another source owns, and that the project's name could be taken for */
  readonly lookalike: string | null
  /** that refused it */
  readonly index: string | null
  readonly version: string | null
  readonly filename: string
  readonly sha256: string | null
  /** its id, and `file:line` */
  readonly rule: string | null
  readonly identity: Readonly<Record<Exclude<keyof Identity, 'commit'>, string | null>> | null
  readonly steps: readonly ToldStep[]
  /** what a person should know besides, as it was when the file was first refused */
  readonly notes: readonly string[]
  /** the YAML that would admit the file and nothing else: a document that loads beside the policy */
  readonly admit_with: string | null
  /** why there is none */
  readonly nothing_admits: string | null
  /** whom to ask, filled in */
  readonly contact: Contact | null
  /** the newest file of the project that passes */
  readonly passes: { readonly version: string; readonly filename: string } | null
  readonly policy: string
  /** the policy only watched: the file was let through */
  readonly watched: boolean
  /** that it was let through before, while a policy only watched */
  readonly let_through: { readonly at: string; readonly policy: string } | null
  /** when it was refused for this reason by this policy, or would have been */
  readonly at: string
}

export function tellRefusal(id: string, url: string, { refused, at, index }: Kept, help: Help = NO_HELP): ToldRefusal {
  const { code, file, rule, identity, letThrough } = refused
  const { title, meaning } = refusalEntry(code)
  return {
    id,
    url,
    outcome: 'refused',
    code,
    title,
    meaning,
    detail: refused.detail,
    remedy: remedyFor(refused),
    project: file.project,
    source: file.source ?? null,
    lookalike: file.lookalike ?? null,
    index: refused.index ?? index ?? null,
    version: file.version ?? null,
    filename: file.filename,
    sha256: file.sha256 ?? null,
    rule: rule === undefined ? null : describeRule(rule),
    identity: identity === undefined ? null : toldIdentity(identity),
    steps: refused.steps.map(({ mark, check, expected, found }) => ({
      mark,
      check,
      expected: expected ?? null,
      found: found ?? null,
    })),
    notes: notesBeside(refused.notes, help.passes),
    admit_with: refused.admitWith ?? null,
    nothing_admits: whyNothingAdmits(refused) ?? null,
    contact: help.contact ?? null,
    passes: help.passes ?? null,
    policy: refused.policyDigest,
    watched: refused.watched === true,
    let_through:
      letThrough === undefined ? null : { at: formatInstant(letThrough.at), policy: letThrough.policyDigest },
    at: formatInstant(at),
  }
}

function toldIdentity({ issuer, san, repository, workflow, ref }: Identity): ToldRefusal['identity'] {
  return { issuer, san, repository: repository ?? null, workflow: workflow ?? null, ref: ref ?? null }
}
