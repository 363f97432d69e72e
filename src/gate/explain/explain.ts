import type { NonEmpty } from '../../domain/base/brand.ts'
import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { type Clock, type Instant, type Millis, millis } from '../../domain/base/instant.ts'
import type { Step } from '../../domain/base/step.ts'
import type { Refused, RefusedFile, Verdict } from '../../domain/decide/verdict.ts'
import type { VerifiedAttestation } from '../../domain/identity/attestation.ts'
import type { Artifact, FilePath } from '../../domain/packaging/artifact.ts'
import type { DistFilename } from '../../domain/packaging/filename.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Version } from '../../domain/packaging/version.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Events } from '../../observe/events.ts'
import type { Findings, Histories, Sightings } from '../../ports/memory.ts'
import type { Index, Integrity } from '../../ports/outward.ts'
import type { Trust, Verifier } from '../../ports/trust.ts'
import type { LockedFile, LockedPackage } from '../../protocol/lockfiles/lock.ts'
import { artifactOf, refuseQuarantined } from '../find/artifacts.ts'
import { createIndexes, type KnownPage } from '../find/indexes.ts'
import { createLocate } from '../find/locate.ts'
import { createLimit } from '../flow/limit.ts'
import type { Policies } from '../policy/policies.ts'
import { anyhow, createExplainArtifact } from './explain-artifact.ts'
import { contradictIndex, localArtifact, skipIndexSteps } from './explain-local.ts'
import { filesOfRelease, spelledVersions } from './explain-release.ts'

/** A distribution on this machine: its name parsed, its bytes hashed. */
export interface LocalFile {
  readonly filename: DistFilename
  readonly sha256: Sha256
  /** bytes */
  readonly size: number
}

/** What the gate would say of one file, and everything that it rests on. */
export interface Explanation {
  readonly file: RefusedFile
  /** A GateError is "cannot tell". */
  readonly outcome: Verdict | GateError
  readonly steps: readonly Step[]
  /** `undefined` where no signature was proved. */
  readonly signed: Signed | undefined
  /** what a person should know besides */
  readonly notes: readonly string[]
  /** bytes, where the index tells */
  readonly size?: number | undefined
}

/** What becomes of a file that a lock allows, and what would under another policy. */
export interface LockedExplanation extends Explanation {
  /** The same look held against another policy, with what is remembered of the project by then. Nothing is asked again. */
  under(policy: Policy): Explanation
}

/** What a verified attestation proves besides who signed. */
export interface Signed {
  /** the publisher as a policy would write it, ids pinned; `undefined` where no kind fits */
  readonly publisher: string | undefined
  readonly attestations: NonEmpty<VerifiedAttestation>
  /** the latest time that a log or a timestamp authority signed */
  readonly at: Instant
  /** of the transparency log's entry, for people to look up */
  readonly logIndex: string
}

/**
 * Judges for a person instead of a client: nothing is remembered, and a file is examined even where the policy refuses it
 * without a look, so that whoever signed it can be told. What only a gate with a memory knows (a file that changed since it
 * was first seen, METADATA that differed in a download) is not known here. Methods throw when the file cannot be found.
 */
export interface Explain {
  /**
   * A file on this machine. With `provenance` the upstream is not asked; without, the file must be listed with the same
   * sha256. Throws no-project, not-listed, internal, unknown-….
   */
  local(file: LocalFile, provenance: Uint8Array | undefined): Promise<Explanation>
  /** A listed file by its name. Throws bad-request, not-listed, internal, unknown-…. */
  byName(filename: string): Promise<Explanation>
  /** A listed file by its path at the gate. Throws not-listed, internal, unknown-…. */
  byPath(path: FilePath): Promise<Explanation>
  /**
   * The files that a lock allows of a release, in its order; all files of the release where it pins none. A file that the
   * index does not list with this sha256 now is `not-listed`, and nothing here throws a GateError: each outcome has its own.
   */
  locked(locked: Pick<LockedPackage, 'project' | 'version' | 'files'>): Promise<readonly LockedExplanation[]>
  /** The policy that decides. */
  policy(): Policy
  /** Every listed file of a version, in the index's order. Throws no-project, not-listed, internal, unknown-…. */
  release(project: ProjectName, version: Version): Promise<readonly Promise<Explanation>[]>
}

export interface ExplainParts {
  readonly index: Index
  readonly integrity: Integrity
  readonly verifier: Verifier
  readonly trust: Trust
  readonly policies: Policies
  /** what is remembered of projects, as far as whoever asks has a memory */
  readonly sightings: Sightings
  readonly histories: Histories
  readonly findings: Findings
  /** how long what is no admission is remembered */
  readonly negativeTtl: Millis
  readonly events: Events
  /** the present: trust must be fresh now */
  readonly clock: Clock
}

export interface ExplainSettings {
  /** the moment at which exemptions are judged; `undefined` is now */
  readonly at: Instant | undefined
  /** bytes */
  readonly maxSize: number
  readonly isInternal: (project: ProjectName) => boolean
}

/** One command is one look: what it read stays good until it ends. */
const WHOLE_RUN = millis(600_000)

export function createExplain(parts: ExplainParts, settings: ExplainSettings): Explain {
  const { policies, sightings, events, clock } = parts
  const { maxSize, isInternal } = settings
  const indexes = createIndexes({
    index: parts.index,
    sightings,
    events,
    clock,
    maxAge: WHOLE_RUN,
    maxStale: millis(0),
    isInternal,
  })
  const locate = createLocate({ indexes, sightings, policies, maxSize, isInternal })
  const explain = createExplainArtifact(parts, settings)
  const pages = createLimit({ running: 8, waiting: 100_000, what: 'pages' })

  function explainLocated(located: Artifact | Refused, look = explain.anew): Promise<LockedExplanation> {
    if (!('kind' in located)) return look(located)
    const { file, steps } = located
    return Promise.resolve(anyhow({ file, outcome: located, steps, signed: undefined, notes: [] }))
  }

  return {
    async local(file, provenance) {
      if (provenance !== undefined) {
        const given = { ownOrigin: false, provenance: async () => ({ kind: 'provenance', bytes: provenance }) as const }
        const policy = policies.current()
        return skipIndexSteps(await explain.given(localArtifact(file), given), policy)
      }
      const { sha256, size, filename } = file
      const located = await orUnknown(firstListed(filename.text))
      if (located instanceof GateError) {
        const about = { project: filename.project, version: filename.version, filename: filename.text, sha256 }
        return { file: about, outcome: located, steps: [], signed: undefined, notes: [] }
      }
      if ('kind' in located) return await explainLocated(located)
      // judged for the bytes at hand, with all that the index says of the name
      const explanation = await explain.given({ ...located, sha256, size }, parts.integrity)
      return located.sha256 === sha256 ? explanation : contradictIndex(explanation, located.sha256, policies.current())
    },
    byName: async filename => await explainLocated(await firstListed(filename)),
    byPath: async path => await explainLocated(await locate.byPath(path)),
    policy: () => policies.current(),
    async locked({ project, version, files }) {
      const unlistedAll = (error: GateError): readonly LockedExplanation[] =>
        (files.length === 0 ? [{ filename: undefined, sha256: undefined }] : files).map(({ filename, sha256 }) =>
          unlisted({ project, version, filename: filename ?? `${project} ${version}`, sha256 }, error),
        )
      try {
        await parts.trust.settled() // what is remembered is remembered under a root
        const page = await pages(() => indexes.current(project))
        if (page === undefined) return unlistedAll(new GateError('not-listed', `the index does not know ${project}`))
        if (files.length > 0) return await Promise.all(files.map(file => explainLocked(page, version, file)))
        const rules = { policy: policies.current(), maxSize }
        const listed = filesOfRelease(page, version)
        if (listed.length > 0)
          return await Promise.all(
            listed.map(file => explainLocated(artifactOf(page, file, rules), explain.remembering)),
          )
        return unlistedAll(new GateError('not-listed', `the index lists no file of ${project} ${version}`))
      } catch (error) {
        if (error instanceof GateError) return unlistedAll(error)
        throw error
      }
    },
    async release(project, version) {
      const page = await indexes.current(project)
      if (page === undefined) throw new GateError('no-project', `the index does not know ${project}`)
      const files = filesOfRelease(page, version)
      if (files.length === 0)
        throw new GateError(
          'not-listed',
          `the index lists no file of ${project} ${version}${spelledVersions(page, version)}`,
        )
      const rules = { policy: policies.current(), maxSize }
      const explanations = files.map(file => explainLocated(artifactOf(page, file, rules), explain.remembering))
      for (const explanation of explanations) explanation.catch(() => {}) // whoever reads them stops at the first that fails
      return explanations
    },
  }

  /** A locked file as the page lists it; what it does not list so is an outcome of its own. */
  async function explainLocked(page: KnownPage, version: Version, locked: LockedFile): Promise<LockedExplanation> {
    const { filename, sha256 } = locked
    const { name } = page.index
    const file = page.index.files.find(
      listed => listed.sha256 === sha256 && (filename === undefined || listed.filename === filename),
    )
    if (file !== undefined && page.changed.has(file.filename)) {
      const changed = new GateError(
        'unknown-index-changed',
        `${file.filename} came back with another sha256 than it had`,
      )
      return unlisted({ project: name, version, filename: file.filename, sha256 }, changed)
    }
    if (file !== undefined)
      return await explainLocated(artifactOf(page, file, { policy: policies.current(), maxSize }), explain.remembering)
    const about = { project: name, version, filename: filename ?? `a file of ${name} ${version}`, sha256 }
    const other = filename === undefined ? undefined : page.byFilename.get(filename)
    const detail =
      other === undefined
        ? `the index lists no file of ${name} ${version} with the sha256 ${sha256}`
        : `the index lists ${filename} with the sha256 ${other.sha256 ?? '(none)'}, the lock has ${sha256}`
    return unlisted(about, new GateError('not-listed', detail))
  }

  /** The project of `foo-bar-1.0.tar.gz` is not known before an index lists it. */
  async function firstListed(filename: string): Promise<Artifact | Refused> {
    const rules = { policy: policies.current(), maxSize }
    for (const project of locate.readings(filename)) {
      const page = await indexes.current(project)
      const file = page?.byFilename.get(filename)
      if (page === undefined) continue
      if (file !== undefined) {
        await locate.assertNobodyElses(page, file)
        return artifactOf(page, file, rules)
      }
      if (page.index.status === 'quarantined') return refuseQuarantined(page, filename, rules.policy)
    }
    throw new GateError('not-listed', `the index does not list ${filename} now`)
  }
}

function unlisted(file: RefusedFile, outcome: GateError): LockedExplanation {
  return anyhow({ file, outcome, steps: [], signed: undefined, notes: [] })
}

/** "Cannot tell" as a value, for a file that is known apart from the index. */
async function orUnknown<Located>(locating: Promise<Located>): Promise<Located | GateError> {
  try {
    return await locating
  } catch (error) {
    if (error instanceof GateError && error.code.startsWith('unknown-')) return error
    throw error
  }
}
