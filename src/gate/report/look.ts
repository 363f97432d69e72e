import { GateError } from '../../domain/base/errors.ts'
import { type Instant, millis } from '../../domain/base/instant.ts'
import { tellUnknown } from '../../domain/decide/story.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { compareVersions } from '../../domain/packaging/version.ts'
import { OURSELVES } from '../../flow/asker.ts'
import { createLimit } from '../../flow/limit.ts'
import type { Looks } from '../../ports/looks.ts'
import type { Index } from '../../ports/outward.ts'
import type { IndexFile } from '../../protocol/simple/project-index.ts'
import { observingPolicy } from '../explain/observe-locks.ts'
import { createEvidenceOf, type EvidenceParts } from './evidence.ts'
import {
  allMissing,
  keyOf,
  type LookedFile,
  type LookedRelease,
  lookAtPage,
  type PageLook,
  type Wanted,
} from './page-look.ts'
import type { Evidence, FileFacts, OfferedRelease, ReleaseFacts, Signer } from './release-facts.ts'
import { tenureOf } from './tenure.ts'

export interface ReportParts extends EvidenceParts {
  readonly index: Index
  /** what earlier reports saw of pages */
  readonly looks: Looks<PageLook>
  /** bytes */
  readonly maxSize: number
}

/** releases done so far, and all */
export type ReportProgress = (done: number, all: number) => void

/**
 * Looks at releases that locks name, without a policy: the facts of each, in their order. What cannot be determined is said at the
 * file or release that it is of, and nothing here throws a GateError but `unknown-store`.
 */
export type LookAtReleases = (wanted: readonly Wanted[], progress: ReportProgress) => Promise<readonly ReleaseFacts[]>

/** Projects at once: the page of each is asked for once, whatever is wanted of it. */
const AT_ONCE = 16
/** As long as PyPI itself lets a page be kept. */
const PAGE_AGE = millis(600_000)

export function createReport(parts: ReportParts): LookAtReleases {
  const { index, looks, trust, clock, maxSize } = parts
  const evidenceOf = createEvidenceOf(parts)
  const limit = createLimit({ running: AT_ONCE, waiting: Number.POSITIVE_INFINITY, what: 'projects' })
  const policy = observingPolicy() // it marks what it says of an entry; nothing is decided

  /** `undefined`: the index does not know the project. */
  async function lookAt(project: ProjectName, wanted: readonly Wanted[]): Promise<PageLook | undefined> {
    const kept = await looks.read(project)
    const whole = kept !== undefined && wanted.every(it => kept.wanted[keyOf(it)] !== undefined) ? kept : undefined
    if (whole !== undefined && isYoung(whole.at, clock())) return whole
    const etag = whole?.etag === undefined ? undefined : { etag: whole.etag }
    const at = clock()
    const answer = await index.project(project, etag, { asker: OURSELVES })
    if (answer.kind === 'absent') return undefined
    if (answer.kind === 'unchanged') {
      if (whole === undefined) throw new GateError('unknown-upstream', 'the index answered 304 to no condition')
      const again = { ...whole, at }
      await looks.write(project, again)
      return again
    }
    const look = lookAtPage(answer, { wanted, before: kept, etag: answer.etag, policy, maxSize, at })
    await looks.write(project, look)
    return look
  }

  async function factsOfFile(file: LookedFile): Promise<FileFacts> {
    if ('unsuited' in file) return { ...file.listed, evidence: { kind: 'unsuited', ...file.unsuited } }
    if ('missing' in file) return missingFile(file, { kind: 'missing', detail: file.missing })
    const { filename, sha256, uploaded, yanked } = file.artifact
    return { filename: filename.text, sha256, uploaded, yanked, evidence: await evidenceOf(file.artifact) }
  }

  async function factsOfRelease(wanted: Wanted, look: PageLook): Promise<ReleaseFacts> {
    const { project, version } = wanted
    await trust.settled().catch(() => {}) // findings are remembered under a root; where there is none, each file says so
    const files = await Promise.all((look.wanted[keyOf(wanted)] ?? []).map(factsOfFile))
    const own = look.releases.find(it => compareVersions(it.version, version) === 0)
    const signer = firstSigner(files)
    const tenure = signer === undefined ? undefined : await tenureOf({ version, signer }, look.releases, evidenceOf)
    return {
      project,
      version,
      status: look.status,
      files,
      released: own?.uploaded,
      tenure: typeof tenure === 'string' ? undefined : tenure,
      tenureUnknown: typeof tenure === 'string' ? tenure : undefined,
      ...neighboursOf(wanted, look.releases),
    }
  }

  /** A name that its own source has lost and another one has by now is refused by every gate, which is worth knowing before somebody installs it. */
  async function missing({ project, version, files }: Wanted): Promise<Evidence> {
    const isMeant = ({ filename, sha256, dist }: IndexFile): boolean =>
      files.length === 0
        ? dist !== undefined && compareVersions(dist.version, version) === 0
        : files.some(file => (file.sha256 === undefined ? file.filename === filename : file.sha256 === sha256))
    const moved = await index.elsewhere?.(project, isMeant, { asker: OURSELVES })
    if (moved === undefined) return { kind: 'missing', detail: tellUnknown(project, index.whose?.(project)) }
    const found = moved.page.source ?? 'another source'
    const detail = `${project} belongs to the source ${moved.was}, which does not have it now; ${found} lists it: a gate refuses that (source-changed) until somebody decides whose it is`
    return { kind: 'missing', detail }
  }

  async function factsOfProject(project: ProjectName, wanted: readonly Wanted[]): Promise<readonly ReleaseFacts[]> {
    try {
      const look = await lookAt(project, wanted)
      if (look === undefined) return await Promise.all(wanted.map(async it => withoutPage(it, await missing(it))))
      return await Promise.all(wanted.map(it => factsOfRelease(it, look)))
    } catch (error) {
      if (!(error instanceof GateError)) throw error
      const { code, detail } = error
      return wanted.map(it => withoutPage(it, { kind: 'unknown', code, detail }))
    }
  }

  return async (wanted, progress) => {
    trust.settled().catch(() => {}) // meanwhile pages are asked for
    let done = 0
    const told = new Map<string, ReleaseFacts>()
    const unique = new Map(wanted.map(it => [keyOf(it), it]))
    const projects = Map.groupBy(unique.values(), ({ project }) => project)
    await Promise.all(
      [...projects].map(async ([project, own]) => {
        const facts = await limit.run(() => factsOfProject(project, own))
        for (const [at, it] of own.entries()) {
          const found = facts[at]
          if (found !== undefined) told.set(keyOf(it), found)
        }
        done += own.length
        progress(done, unique.size)
      }),
    )
    return wanted.flatMap(it => told.get(keyOf(it)) ?? [])
  }
}

function missingFile({ filename, sha256 }: Pick<FileFacts, 'filename' | 'sha256'>, evidence: Evidence): FileFacts {
  return { filename, sha256, uploaded: undefined, yanked: false, evidence }
}

function isYoung(at: Instant, now: Instant): boolean {
  const age = now - at
  return age >= 0 && age <= PAGE_AGE
}

/** A release of whose project there is no page. */
function withoutPage(wanted: Wanted, evidence: Evidence): ReleaseFacts {
  const files = allMissing(wanted, '').flatMap(it => ('missing' in it ? [it] : []))
  return {
    project: wanted.project,
    version: wanted.version,
    status: undefined,
    files: files.map(file => missingFile(file, evidence)),
    released: undefined,
    tenure: undefined,
    tenureUnknown: undefined,
    attestedBefore: undefined,
    attestedAfter: undefined,
  }
}

function firstSigner(files: readonly FileFacts[]): Signer | undefined {
  for (const { evidence } of files) if (evidence.kind === 'attested') return evidence.signer
  return undefined
}

function neighboursOf(
  { version }: Wanted,
  releases: readonly LookedRelease[],
): Pick<ReleaseFacts, 'attestedBefore' | 'attestedAfter'> {
  const offering = releases
    .filter(({ offered }) => offered !== undefined)
    .sort((a, b) => compareVersions(a.version, b.version))
  const toOffered = (it: LookedRelease | undefined): OfferedRelease | undefined =>
    it === undefined ? undefined : { version: it.version, uploaded: it.uploaded }
  return {
    attestedBefore: toOffered(offering.findLast(it => compareVersions(it.version, version) < 0)),
    attestedAfter: toOffered(offering.find(it => compareVersions(it.version, version) > 0)),
  }
}
