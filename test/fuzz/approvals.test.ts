import fc from 'fast-check'
import t from 'tap'
import { type NonEmpty, nonEmpty } from '../../src/domain/base/brand.ts'
import { instant } from '../../src/domain/base/instant.ts'
import { REFUSALS, type Waiver } from '../../src/domain/base/refusal.ts'
import { decide } from '../../src/domain/decide/decide.ts'
import { NO_HISTORY } from '../../src/domain/memory/history.ts'
import type { Artifact } from '../../src/domain/packaging/artifact.ts'
import type { Policy } from '../../src/domain/policy/policy.ts'
import { approvalText } from '../../src/domain/requests/approval.ts'
import { type ApprovalDocument, documentBeside, layApprovals } from '../../src/protocol/policy/approval-layer.ts'
import { loadPolicy } from '../../src/protocol/policy/policy-yaml.ts'
import type { TextFile } from '../../src/protocol/yaml/yaml-document.ts'
import { ARTIFACTS, acmeRoot, admits, FINDINGS, HISTORIES, policies } from '../world/judging/any-policy.ts'
import { NOW } from '../world/judging/judging.ts'
import { narrowed, type Tree } from '../world/judging/narrowed.ts'

// the work is measured in runs, whatever time a busy machine takes for them
t.setTimeout(0)

const RUNS = { numRuns: 60 }
const WAIVERS = [...new Set(Object.values(REFUSALS).flatMap(entry => ('waive' in entry ? [entry.waive] : [])))]

interface Approving {
  readonly artifact: number
  readonly waive: readonly Waiver[]
  readonly needsRule: boolean
}

/** Whatever somebody may have approved of these files, once upon a time and under another policy. */
const approvals = fc.array(
  fc.record({
    artifact: fc.nat(ARTIFACTS.length - 1),
    waive: fc.oneof(fc.constant(WAIVERS), fc.subarray([...WAIVERS], { minLength: 1 })),
    needsRule: fc.boolean(),
  }),
  { minLength: 1, maxLength: 4 },
)

function documentOf({ artifact: at, waive, needsRule }: Approving, number: number): ApprovalDocument {
  const artifact = ARTIFACTS[at]
  if (artifact === undefined) throw new TypeError('there is such a file')
  const { project, filename, sha256 } = artifact
  const id = `r${number}`
  const yaml = approvalText({
    id,
    project,
    version: filename.version,
    files: [{ filename: filename.text, sha256, waive: nonEmpty(waive) as NonEmpty<Waiver> }],
    needsRule,
    reason: 'r',
    owner: 'o',
    ticket: undefined,
    ends: instant(NOW + 86_400_000),
  })
  return { id, project, yaml }
}

interface Layered {
  readonly base: Policy
  readonly policy: Policy
  /** approvals that are in force */
  readonly taken: readonly ApprovalDocument[]
}

function layered(tree: unknown, documents: readonly ApprovalDocument[]): Layered | undefined {
  const file = { path: 'p', text: JSON.stringify(tree) } // JSON is YAML
  const load = (more: readonly TextFile[]) => loadPolicy([file, ...more], NOW, acmeRoot)
  const base = load([])
  if ('diagnostics' in base) return undefined
  const { policy, leftOut } = layApprovals(base.policy, documents, load)
  return { base: base.policy, policy, taken: documents.filter(({ id }) => !leftOut.has(id)) }
}

/** Every file, finding and history that a policy admits. */
function admittedBy(policy: Policy | undefined): ReadonlySet<string> {
  const admitted = new Set<string>()
  if (policy === undefined) return admitted
  for (const [a, artifact] of ARTIFACTS.entries())
    for (const [f, finding] of FINDINGS.entries())
      for (const [h, history] of HISTORIES.entries())
        if (admits(artifact, finding, policy, history)) admitted.add(`${a} ${f} ${h}`)
  return admitted
}

function isAsleep(artifact: Artifact | undefined, { ruleFor, exemptionsFor }: Policy): boolean {
  if (artifact === undefined) return false
  return ruleFor(artifact.project) === undefined && exemptionsFor(artifact.project).length > 0
}

const copyOf = (policy: unknown) => JSON.parse(JSON.stringify(policy)) as Tree

t.test('an approval admits what it pins and the policy refuses softly, and nothing else', async t => {
  let more = 0
  fc.assert(
    fc.property(policies, approvals, (tree, approved) => {
      const both = layered(tree, approved.map(documentOf))
      if (both === undefined) return
      const { base, policy, taken } = both
      for (const artifact of ARTIFACTS)
        for (const finding of FINDINGS) {
          const [before, after] = [admits(artifact, finding, base), admits(artifact, finding, policy)]
          if (before && !after) throw new Error('an approval took something away')
          if (before || !after) continue
          more += 1
          const { filename, sha256, project } = artifact
          if (
            !taken.some(
              ({ yaml, project: its }) => its === project && yaml.includes(`"${filename.text}": "sha256:${sha256}"`),
            )
          )
            throw new Error(`${filename.text} passes, and nobody approved it`)
          if (finding.kind === 'unasked') continue
          const verdict = decide(artifact, finding, base, NO_HISTORY, NOW)
          if (verdict.kind !== 'refused' || REFUSALS[verdict.code].hard) throw new Error('a hard refusal was waived')
        }
    }),
    { numRuns: 200 },
  )
  t.ok(more > 0, 'and approvals do something', { more })
})

t.test('an approval does what the same words do in a file of the policy, and no more', async t => {
  let compared = 0
  fc.assert(
    fc.property(policies, approvals, (tree, approved) => {
      const documents = approved.map(documentOf)
      const both = layered(tree, documents)
      if (both === undefined) return
      const files = [
        { path: 'p', text: JSON.stringify(tree) },
        ...documents.map(document => ({ path: document.id, text: documentBeside(document, both.base).text })),
      ]
      const written = loadPolicy(files, NOW, acmeRoot)
      if ('diagnostics' in written) return
      compared += 1
      const inFile = new Set(admittedBy(written.policy))
      for (const pair of admittedBy(both.policy))
        if (!inFile.delete(pair)) throw new Error(`only the layer admits ${pair}`)
      // a rule in a file of the policy wakes what the policy exempts of a project that it names nowhere: that of an approval does not
      for (const pair of inFile)
        if (!isAsleep(ARTIFACTS[Number.parseInt(pair, 10)], both.base)) throw new Error(`only the file admits ${pair}`)
    }),
    RUNS,
  )
  t.ok(compared > 0, 'and some load', { compared })
})

t.test('an approval taken away never admits more', async t => {
  let less = 0
  fc.assert(
    fc.property(policies, approvals, (tree, approved) => {
      const documents = approved.map(documentOf)
      const before = admittedBy(layered(tree, documents)?.policy)
      for (const gone of documents) {
        const after = admittedBy(
          layered(
            tree,
            documents.filter(other => other !== gone),
          )?.policy,
        )
        if ([...after].some(pair => !before.has(pair))) throw new Error(`without ${gone.id} it admits more`)
        if (after.size < before.size) less += 1
      }
    }),
    RUNS,
  )
  t.ok(less > 0, 'and most are missed', { less })
})

/** Approved where nothing decided its project, which nothing does again: it has its own rule then, as when somebody approved it. */
function wakesRule(document: ApprovalDocument, before: Policy, after: Policy): boolean {
  const { text } = documentBeside(document, after)
  return text !== documentBeside(document, before).text && text === document.yaml
}

t.test('a permission taken away below approvals never admits more', async t => {
  let effects = 0
  fc.assert(
    fc.property(policies, approvals, (policy, approved) => {
      const documents = approved.map(documentOf)
      const tree = copyOf(policy)
      const both = layered(tree, documents)
      if (both === undefined) return
      const before = admittedBy(both.policy)
      for (const { what, policy: narrow } of narrowed(tree)) {
        const under = layered(narrow, documents)
        if (under !== undefined && documents.some(document => wakesRule(document, both.base, under.base))) continue
        const after = admittedBy(under?.policy)
        if (after.size < before.size) effects += 1
        if ([...after].some(pair => !before.has(pair))) throw new Error(`without ${what} it admits more`)
      }
    }),
    { numRuns: 30 },
  )
  t.ok(effects > 0, 'and narrowings do something', { effects })
})
