import { GateError } from '../../../../domain/base/errors.ts'
import { formatInstant, type Instant, millis } from '../../../../domain/base/instant.ts'
import type { ProjectName } from '../../../../domain/packaging/name.ts'
import type { Version } from '../../../../domain/packaging/version.ts'
import { fillContact } from '../../../../domain/policy/contact.ts'
import type { Policy } from '../../../../domain/policy/policy.ts'
import { createLimit } from '../../../../flow/limit.ts'
import type { Explain } from '../../../../gate/explain/explain.ts'
import type { Explanation } from '../../../../gate/explain/explanation.ts'
import { tellExplanation } from '../../../../gate/explain/told-explanation.ts'
import { type Help, NO_HELP } from '../../../../protocol/answers/problem.ts'
import { parseTarget, type Target } from '../../../../protocol/api/target.ts'
import type { ApiParts } from '../api-parts.ts'
import type { Call, Handlers } from '../call.ts'
import { maySee } from '../caller.ts'
import { indexAsked } from './index-of.ts'

/** looks at once, and of one who asks; each reads pages, and may have much to verify */
const LOOKS = { running: 4, each: 2, waiting: 64, patience: millis(10_000), what: 'explanations' }
/** files of a release that are judged in one call */
const MOST_FILES = 400

/** What the gate says of something that somebody names, as `explain` prints it. */
export function explainHandlers(parts: ApiParts): Handlers<'explain'> {
  const looks = createLimit(LOOKS)

  return {
    async explain({ query, caller, asker }) {
      const target = targetIn(query.target)
      if (target.kind === 'refusal') return await recorded(target.id, query.index, caller)
      const index = indexAsked(parts, caller, query.index)
      return await looks.run(async () => {
        const look = index.explain()
        const policy = look.policy()
        const release =
          target.kind === 'project'
            ? { project: target.project, version: await look.newest(target.project), chosen: 'the newest' as const }
            : target.kind === 'release'
              ? { project: target.project, version: target.version, chosen: 'as named' as const }
              : null
        const found = release === null ? [await one(look, target)] : await ofRelease(look, release)
        const files = await Promise.all(
          found.map(async explanation => tellExplanation(explanation, await helpFor(explanation, look, index.name))),
        )
        return { index: index.name, policy: named(policy), release, recorded: null, files }
      }, asker)
    },
  }

  /** As it was told then; nothing is judged again. */
  async function recorded(id: string, asked: string | undefined, caller: Call<'explain'>['caller']) {
    const mine = asked === undefined ? parts.indexes : [indexAsked(parts, caller, asked)]
    for (const index of mine) {
      const kept = await index.gate.explained(id)
      const refusing = kept?.refused.index ?? index.name
      if (kept === undefined || !maySee(caller, refusing)) continue
      const { refused, at } = kept
      const { policy } = await index.policy()
      const explanation = {
        file: refused.file,
        outcome: refused,
        steps: refused.steps,
        signed: undefined,
        notes: [`Recorded ${formatInstant(at)}, under the policy ${refused.policyDigest.slice(0, 12)}.`],
      }
      const help = { contact: contactIn(policy, explanation, id), passes: undefined }
      const files = [tellExplanation(explanation, { help, index: refusing })]
      return {
        index: refusing,
        policy: named(policy),
        release: null,
        recorded: formatInstant(at satisfies Instant),
        files,
      }
    }
    throw new GateError('not-found', 'no refusal has this id')
  }
}

/** @throws GateError `bad-call` */
function targetIn(text: string): Target {
  try {
    // a path of a file is what its URL has, whatever the host
    return parseTarget(text.startsWith('/packages/') ? `https://localhost${text}` : text)
  } catch (error) {
    if (error instanceof GateError && error.code === 'usage') throw new GateError('bad-call', `target: ${error.detail}`)
    throw error
  }
}

async function one(look: Explain, target: Target): Promise<Explanation> {
  if (target.kind === 'filename') return await look.byName(target.filename)
  if (target.kind === 'path') return await look.byPath(target.path)
  throw new TypeError('a release has files')
}

async function ofRelease(
  look: Explain,
  { project, version }: { readonly project: ProjectName; readonly version: Version },
): Promise<readonly Explanation[]> {
  return await Promise.all(await look.release(project, version, names => new Set(names.slice(0, MOST_FILES))))
}

async function helpFor(explanation: Explanation, look: Explain, index: string) {
  const { outcome } = explanation
  if (outcome instanceof GateError || outcome.kind === 'admitted') return { help: NO_HELP, index }
  const help = { contact: contactIn(look.policy(), explanation, undefined), passes: await look.passing(outcome) }
  return { help, index }
}

function contactIn(policy: Policy, { outcome }: Explanation, refusal: string | undefined): Help['contact'] {
  if (outcome instanceof GateError || outcome.kind === 'admitted') return undefined
  const { code, file } = outcome
  const contact = policy.contactFor(file.project as ProjectName, file.source)
  return contact && fillContact(contact, { ...file, code, refusal })
}

function named({ digest, files }: Pick<Policy, 'digest' | 'files'>) {
  return { digest, files: files.map(file => file.slice(file.lastIndexOf('/') + 1)) }
}
