import type { Sha256 } from '../../domain/base/digest.ts'
import { type Instant, instant } from '../../domain/base/instant.ts'
import { decide, needsFinding, waivesAttestation } from '../../domain/decide/decide.ts'
import type { Verdict } from '../../domain/decide/verdict.ts'
import type { AttestationFacts, Finding } from '../../domain/identity/attestation.ts'
import type { Claims } from '../../domain/identity/claims.ts'
import { createHistory, type History } from '../../domain/memory/history.ts'
import { type SeenProject, seenProject } from '../../domain/memory/project-memory.ts'
import type { Artifact, FilePath, ProjectStatus, UpstreamUrl } from '../../domain/packaging/artifact.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import { canonicalVersion, compareVersions, type Version } from '../../domain/packaging/version.ts'
import type { Policy, Rule } from '../../domain/policy/policy.ts'
import type { Records } from '../../ports/records.ts'
import { heldChange } from './held-change.ts'
import { WITHOUT } from './recorded-state.ts'

type SeenFile = SeenProject['files'][number]

/** What the policy says of a file by what is remembered of it; `unknown`: its provenance would have to be looked at first. */
export type VerdictNow =
  | { readonly outcome: 'admitted' | 'refused' | 'watched'; readonly code: string; readonly detail: string }
  | { readonly outcome: 'unknown' }

export interface FileNow {
  readonly filename: string
  readonly sha256: string | undefined
  readonly uploaded: Instant | undefined
  readonly firstSeen: Instant
  readonly yanked: boolean
  readonly verdict: VerdictNow
  /** of every attestation that was verified; empty where none was, or none is on record */
  readonly attestations: readonly AttestationFacts[]
}

export interface ReleaseNow {
  readonly version: Version
  /** when the first file of it came */
  readonly came: Instant
  readonly files: readonly FileNow[]
}

/** Somebody who signed files of the project. */
export interface SignerNow {
  readonly claims: Claims
  readonly since: Instant
  readonly files: number
  readonly newest: string
}

/** A project as a gate remembers it, judged by the policy in force. */
export interface ProjectNow {
  readonly project: ProjectName
  readonly status: ProjectStatus
  readonly lastRead: Instant
  readonly source: string | undefined
  readonly rule: Rule | undefined
  /** of all of them */
  readonly releases: number
  /** those that were asked for, the newest version first */
  readonly shown: readonly ReleaseNow[]
  /** the first that was proved first; more than one: the identity changed */
  readonly signers: readonly SignerNow[]
  /** the rule holds what the later ones signed */
  readonly isHeld: boolean
}

/** `undefined` where nothing of this name was ever seen. Nobody is asked for anything: what a gate would have to look at is `unknown` here. */
export async function projectNow(
  records: Pick<Records, 'project' | 'finding' | 'belonging'>,
  {
    name,
    policy,
    now,
    said,
    from,
    releases,
  }: {
    readonly name: string
    readonly policy: Policy
    readonly now: Instant
    /** the code of the latest verdict on these bytes; `undefined` where none is at hand */
    readonly said: (sha256: Sha256) => string | undefined
    /** how many of the newest releases are left out, and how many are shown */
    readonly from: number
    readonly releases: number
  },
): Promise<ProjectNow | undefined> {
  const project = tryProjectName(name)
  const seen = project === undefined ? undefined : seenProject(await records.project(project))
  if (project === undefined || seen === undefined) return undefined
  const source = records.belonging(project)
  const rule = policy.ruleFor(project, source)
  const byRelease = [...Map.groupBy(seen.files, ({ version }) => canonicalVersion(version)).values()].sort(
    (one, other) => compareVersions(versionOf(other), versionOf(one)),
  )
  const judging: Judging = { records, seen, policy, now, said, source, history: createHistory(seen.files) }
  const shown: ReleaseNow[] = []
  for (const files of byRelease.slice(from, from + releases)) shown.push(await releaseNow(files, judging))
  return {
    project,
    status: seen.status,
    lastRead: seen.lastRead,
    source,
    rule,
    releases: byRelease.length,
    shown,
    signers: signersOf(seen.files),
    isHeld: heldChange(seen.files, rule) !== undefined,
  }
}

function versionOf([file]: readonly SeenFile[]): Version {
  if (file === undefined) throw new TypeError('a release has a file')
  return file.version
}

interface Judging {
  readonly records: Pick<Records, 'finding'>
  readonly seen: SeenProject
  readonly policy: Policy
  readonly now: Instant
  readonly said: (sha256: Sha256) => string | undefined
  readonly source: ReturnType<Records['belonging']>
  readonly history: History
}

async function releaseNow(files: readonly SeenFile[], judging: Judging): Promise<ReleaseNow> {
  const told: FileNow[] = []
  for (const file of [...files].sort((one, other) => (one.filename < other.filename ? -1 : 1))) {
    const { filename, sha256, uploaded, firstSeen, yanked } = file
    const found =
      sha256 && (await judging.records.finding({ project: judging.seen.project, sha256, filename }))?.finding
    const finding = found ?? (sha256 && withoutAny(judging.said(sha256)))
    told.push({
      filename,
      sha256,
      uploaded,
      firstSeen,
      yanked: yanked !== undefined,
      verdict: verdictNow(file, finding, judging),
      attestations: factsOf(finding),
    })
  }
  const came = instant(Math.min(...files.map(({ uploaded, firstSeen }) => uploaded ?? firstSeen)))
  return { version: versionOf(files), came, files: told }
}

/** What is only said of a file without attestations: that it has none is not remembered for long, and was so when somebody asked last. */
function withoutAny(code: string | undefined): Finding | undefined {
  return WITHOUT.has(code?.replace(/^audit:/, '') ?? '') ? { kind: 'unattested', said: 'integrity' } : undefined
}

function factsOf(finding: Finding | undefined): readonly AttestationFacts[] {
  if (finding?.kind !== 'attested') return []
  return finding.bundles.flatMap(({ attestations }) => attestations.map(({ facts }) => facts))
}

function verdictNow(file: SeenFile, recorded: Finding | undefined, judging: Judging): VerdictNow {
  const { policy, history, now, said } = judging
  const artifact = artifactOf(file, judging)
  if (artifact === undefined) return { outcome: 'unknown' }
  // whatever it takes is waived for exactly these bytes, and did let them through
  const passed = said(artifact.sha256) === 'exemption'
  const isExempt = recorded === undefined && passed && waivesAttestation(artifact, policy, now)
  const finding: Finding | undefined = isExempt ? { kind: 'unasked' } : recorded
  if (finding === undefined && needsFinding(artifact, policy, history, now)) return { outcome: 'unknown' }
  return told(decide(artifact, finding ?? { kind: 'unattested', said: 'integrity' }, policy, history, now))
}

function told(verdict: Verdict): VerdictNow {
  if (verdict.kind === 'refused') return { outcome: 'refused', code: verdict.code, detail: verdict.detail }
  const { by, wouldRefuse, identity } = verdict.facts
  if (wouldRefuse !== undefined) return { outcome: 'watched', code: wouldRefuse.code, detail: wouldRefuse.detail }
  return { outcome: 'admitted', code: by, detail: identity === undefined ? '' : identity.san }
}

/** `undefined` for what no policy could ever admit. */
function artifactOf({ filename: text, sha256, uploaded, yanked }: SeenFile, judging: Judging): Artifact | undefined {
  const { seen, source } = judging
  const filename = parseDistFilename(text, seen.project)
  if (filename === undefined || sha256 === undefined) return undefined
  return {
    project: seen.project,
    ...(source === undefined ? {} : { source }),
    filename,
    path: `/packages/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256.slice(4)}/${text}` as FilePath,
    sha256,
    size: undefined,
    url: `file:///${encodeURIComponent(text)}` as UpstreamUrl,
    uploaded,
    yanked: yanked !== undefined,
    status: seen.status,
    coreMetadata: undefined,
    provenance: 'unsaid',
  }
}

function signersOf(files: readonly SeenFile[]): readonly SignerNow[] {
  const proved = files.filter(({ proof }) => proof !== undefined)
  const signers = [...Map.groupBy(proved, ({ proof }) => proof?.signer).values()].flatMap(
    (own): readonly SignerNow[] => {
      const [first] = [...own].sort((one, other) => (one.proof?.at ?? 0) - (other.proof?.at ?? 0))
      const newest = [...own].sort((one, other) => compareVersions(other.version, one.version))[0]
      if (first?.proof === undefined || newest === undefined) return []
      return [{ claims: first.proof.claims, since: first.proof.at, files: own.length, newest: newest.version }]
    },
  )
  return signers.sort((one, other) => one.since - other.since)
}
