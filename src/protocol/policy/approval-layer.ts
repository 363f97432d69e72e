import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import { approvalFile, requestOf } from '../../domain/policy/approval-files.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import { withoutRule } from '../../domain/requests/approval.ts'
import { formatDiagnostic } from '../yaml/diagnostic.ts'
import { readYamlDocuments, type TextFile } from '../yaml/yaml-document.ts'
import type { LoadedPolicy } from './policy-yaml.ts'

/** What somebody approved, as it was written down. */
export interface ApprovalDocument {
  /** of the request */
  readonly id: string
  readonly project: ProjectName
  readonly yaml: string
}

export interface LayeredPolicy {
  readonly policy: Policy
  /** all that was read; `undefined` where no approval was taken in */
  readonly loaded: GoodPolicy | undefined
  /** approvals that do not load beside the policy, and why, by the id of their request */
  readonly leftOut: ReadonlyMap<string, string>
}

type GoodPolicy = Extract<LoadedPolicy, { readonly policy: Policy }>

/** A policy that loads, with what was approved beside it. */
export interface LaidPolicy extends GoodPolicy {
  /** what its own files say */
  readonly below: Policy
  /** approvals that were taken in */
  readonly taken: number
  /** those that do not load beside it, and why, by the id of their request */
  readonly leftOut: ReadonlyMap<string, string>
}

/** Reads the files of the policy once more, with these beside them. */
export type LoadBeside = (files: readonly TextFile[]) => LoadedPolicy

/**
 * A policy with what was approved beside it, each approval read by the strict loader as one file more. One that says anything but what an
 * approval may say, or that does not load, is left out: it never keeps the policy or another approval from being loaded.
 */
export function layApprovals(policy: Policy, approvals: readonly ApprovalDocument[], load: LoadBeside): LayeredPolicy {
  const leftOut = new Map<string, string>()
  const files = approvals.flatMap(approval => {
    const why = objectionTo(approval)
    if (why === undefined) return [documentBeside(approval, policy)]
    leftOut.set(approval.id, why)
    return []
  })
  let taken: readonly TextFile[] = []
  let layered: GoodPolicy | undefined

  /** Takes all of them, without those in which something is wrong; where nothing says in which, they are found by halves. */
  function take(some: readonly TextFile[]): void {
    const [first] = some
    if (first === undefined) return
    const loaded = load([...taken, ...some])
    if ('policy' in loaded) {
      taken = [...taken, ...some]
      layered = loaded
      return
    }
    const wrong = new Map(loaded.diagnostics.toReversed().map(diagnostic => [diagnostic.file, diagnostic]))
    const others = some.filter(({ path }) => !wrong.has(path))
    for (const file of some) {
      const diagnostic = wrong.get(file.path)
      if (diagnostic !== undefined) leftOut.set(requestOf(file.path), formatDiagnostic(diagnostic))
    }
    if (others.length < some.length) take(others)
    else if (some.length === 1) leftOut.set(requestOf(first.path), formatDiagnostic(loaded.diagnostics[0]))
    else {
      const half = Math.ceil(some.length / 2)
      take(some.slice(0, half))
      take(some.slice(half))
    }
  }

  take(files)
  return { policy: layered?.policy ?? policy, loaded: layered, leftOut }
}

/** Reads a policy and lays over it what was approved, as a gate does that goes by it. */
export function loadLaid(
  approvals: readonly ApprovalDocument[],
  load: LoadBeside,
): LaidPolicy | Exclude<LoadedPolicy, GoodPolicy> {
  const own = load([])
  if (!('policy' in own)) return own
  const { loaded, leftOut } = layApprovals(own.policy, approvals, load)
  return { ...(loaded ?? own), below: own.policy, taken: approvals.length - leftOut.size, leftOut }
}

/** An approval as it is read beside a policy: where that decides the project by itself, it brings no rule. */
export function documentBeside({ id, project, yaml }: ApprovalDocument, policy: Policy): TextFile {
  const decided = [undefined, ...policy.sources].some(source => policy.ruleFor(project, source) !== undefined)
  return { path: approvalFile(id), text: decided ? withoutRule(yaml, project) : yaml }
}

/** What an approval says that none may say: it pins files of its project by their sha256, and brings at most a rule under which nothing else passes. */
function objectionTo({ id, project, yaml }: ApprovalDocument): string | undefined {
  const read = readYamlDocuments({ path: approvalFile(id), text: yaml })
  if ('diagnostics' in read) return formatDiagnostic(read.diagnostics[0])
  const [{ value }, ...others] = read
  if (others.length > 0) return 'an approval is one document'
  const { version, projects, exemptions, ...more } = mapping(value)
  const [other] = Object.keys(more)
  if (other !== undefined) return `an approval has no "${other}"`
  if (version !== 1) return 'an approval has version 1'
  if (projects !== undefined && !isBareRule(projects, project)) return 'an approval brings no rule that admits anything'
  if (!Array.isArray(exemptions) || exemptions.length === 0) return 'an approval has exemptions'
  return exemptions.every(exemption => isOf(mapping(exemption), project))
    ? undefined
    : `an approval pins files of ${project} by name and sha256, and nothing else`
}

function isBareRule(projects: unknown, project: ProjectName): boolean {
  const [rule, ...others] = Array.isArray(projects) ? projects.map(mapping) : []
  if (rule === undefined || others.length > 0 || Object.keys(rule).length !== 3) return false
  return rule['match'] === project && rule['attestation'] === 'required' && rule['identity'] === 'declared'
}

/** `pins` would name a file beside the policy, `match` what it may pin: neither is of one project. */
function isOf(exemption: Readonly<Record<string, unknown>>, project: ProjectName): boolean {
  const { project: named, files, pins, match } = exemption
  if (pins !== undefined || match !== undefined || typeof named !== 'string') return false
  return tryProjectName(named) === project && Object.keys(mapping(files)).length > 0
}

function mapping(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

/** What stands in the place of documents where nothing is approved; it loads, and says nothing. */
export const NO_APPROVALS = `---
# Nothing is approved.
version: 1
`
