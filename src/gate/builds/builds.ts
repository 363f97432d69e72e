import { GateError, orGateError } from '../../domain/base/errors.ts'
import { Admitted } from '../../domain/decide/verdict.ts'
import { parseDependency } from '../../domain/packaging/dependency.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import { pythonsAllowed } from '../../domain/packaging/machine.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { type Targets, takeForTargets } from '../../domain/packaging/targets.ts'
import type { Version } from '../../domain/packaging/version.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Origin } from '../../ports/outward.ts'
import type { Lock, LockedPackage } from '../../protocol/lockfiles/lock.ts'
import type { Explain } from '../explain/explain.ts'
import { anyhow, bareExplanation, type LockedExplanation } from '../explain/explanation.ts'
import { fileKey, type Survey, type Surveyed } from '../explain/survey.ts'
import { type BuildConstraint, constraintsOf } from './constraints.ts'
import { createLookInside, type LookInside } from './look-inside.ts'
import {
  type BuildTarget,
  type Need,
  type Resolution,
  type ResolveParts,
  resolveNeeds,
  type Unmet,
} from './resolve-needs.ts'
import { createShelf } from './shelf.ts'

/** What was judged of locks, and for whom. */
export interface BuildOrder {
  readonly locks: readonly Lock[]
  readonly look: Survey
  readonly targets: Targets
  /** what this admits already goes before what is newer */
  readonly prefer?: Policy | undefined
  /** source distributions looked into so far, and all */
  readonly progress: (done: number, all: number) => void
}

/** A release that builds take. */
export interface BuildRelease {
  readonly project: ProjectName
  readonly version: Version
  readonly files: number
}

/** What building from source distributions of locks takes besides what the locks name (PEP 517, PEP 518). */
export interface BuildDependencies {
  /** source distributions that are built somewhere, and were looked into */
  readonly builds: readonly string[]
  /** as if a lock named it: files that builds take and no lock has, and what could not be had, with why */
  readonly added: Survey
  /** all that builds take, by name */
  readonly releases: readonly BuildRelease[]
  /** the same as versions that a build may be held to */
  readonly constraints: readonly BuildConstraint[]
  /** names that are asked of nobody here: whoever builds has them from an index of their own */
  readonly internal: readonly string[]
}

export interface Builds {
  /**
   * Reads from each admitted source distribution what its build needs, and looks for the newest admitted releases that serve. What a
   * backend asks for on its own when it runs is not known. Throws nothing that one file or one project is to blame for.
   */
  of(order: BuildOrder): Promise<BuildDependencies>
}

export const NO_BUILDS: BuildDependencies = { builds: [], added: [], releases: [], constraints: [], internal: [] }

export function createBuilds(explain: Pick<Explain, 'listed'>, origin: Origin): Builds {
  const shelf = createShelf(explain)
  const inside = createLookInside(origin)
  return {
    async of(order) {
      const builds = findBuilds(order)
      if (builds.length === 0) return NO_BUILDS
      const read = await readAll(builds, inside, order.progress)
      const parts = { shelf, inside, prefer: order.prefer }
      const resolutions = await Promise.all(
        targetsOf(builds).map(async target => ({
          target,
          resolution: await resolveTogether(read, target, oldestOf(order), parts),
        })),
      )
      return told(order, read, resolutions)
    },
  }
}

/** A source distribution of a lock, and those who build it. */
interface Build {
  readonly it: Surveyed<LockedExplanation>
  readonly verdict: Admitted
  readonly for: readonly Targets[]
}

interface ReadBuild extends Build {
  /** `demo 1.0` */
  readonly name: string
  readonly needs: readonly Need[]
  readonly unmet: readonly Unmet[]
}

/** Those that are admitted; of the others the verdict is told already, and nobody gets to build them. */
function findBuilds({ locks, look, targets }: BuildOrder): readonly Build[] {
  const found = new Map<string, Build>()
  for (const [locked, files] of Map.groupBy(look, it => it.package)) {
    const lock = locks.find(({ path }) => path === files[0]?.lock)
    const named = files.flatMap(it => {
      const filename = parseDistFilename(it.explanation.file.filename, locked.project)
      return filename === undefined ? [] : [{ filename, it }]
    })
    for (const { file, for: whom } of takeForTargets(named, targets, lock?.formats?.(locked.project)).builds) {
      const { outcome, file: about } = file.it.explanation
      const before = found.get(fileKey(about))
      const all = [...new Map([...(before?.for ?? []), ...whom].map(one => [nameOfTarget(one), one])).values()]
      if (Admitted.is(outcome)) found.set(fileKey(about), { it: file.it, verdict: outcome, for: all })
    }
  }
  return [...found.values()]
}

function nameOfTarget({ pythons, platforms }: Targets): string {
  return [...pythons, ...platforms].map(({ text }) => text).join(' ')
}

function targetsOf(builds: readonly Build[]): readonly Targets[] {
  return [...new Map(builds.flatMap(it => it.for).map(one => [nameOfTarget(one), one])).values()]
}

/** Where no Python is named, what is chosen must do for the oldest that a lock lets in. */
function oldestOf({ locks, targets }: BuildOrder): Targets {
  if (targets.pythons.length > 0) return { pythons: [], platforms: [] }
  const oldest = locks.flatMap(({ requiresPython }) => pythonsAllowed(requiresPython).slice(0, 1))
  const [first] = oldest.toSorted((a, b) => a.minor - b.minor)
  return { pythons: first === undefined ? [] : [first], platforms: [] }
}

async function readAll(
  builds: readonly Build[],
  inside: LookInside,
  progress: BuildOrder['progress'],
): Promise<readonly ReadBuild[]> {
  let done = 0
  return await Promise.all(
    builds.map(async build => {
      const read = await readOne(build, inside)
      done += 1
      progress(done, builds.length)
      return read
    }),
  )
}

async function readOne(build: Build, inside: LookInside): Promise<ReadBuild> {
  const { project, filename } = build.verdict.artifact
  const name = `${project} ${filename.version}`
  const read = await orGateError(inside.buildRequires(build.verdict))
  if (read instanceof GateError || typeof read === 'string') {
    const why = `what ${filename.text} needs to be built is not known: ${typeof read === 'string' ? read : read.detail}`
    const error = read instanceof GateError ? read : new GateError('not-listed', why)
    return { ...build, name, needs: [], unmet: [{ text: 'what it is built with', by: name, error }] }
  }
  return { ...build, name, needs: read.requires.map(text => ({ text, by: name })), unmet: [] }
}

/** One set of releases for all builds of a target, so that one constraint holds for each of them; each for itself only where there is none. */
async function resolveTogether(
  builds: readonly ReadBuild[],
  target: Targets,
  oldest: Targets,
  parts: ResolveParts,
): Promise<Resolution> {
  const [python] = target.pythons
  const [platform] = target.platforms
  const whom: BuildTarget = {
    wheels: target,
    pythons: python === undefined ? oldest : target,
    markers: { python, platform },
  }
  const own = builds.filter(it => it.for.some(one => nameOfTarget(one) === nameOfTarget(target)))
  const together = await resolveNeeds(
    own.flatMap(({ needs }) => needs),
    whom,
    parts,
  )
  const isWhole = together.unmet.every(({ error }) => error.code === 'internal')
  if (isWhole || own.length === 1) return together
  const apart = await Promise.all(own.map(({ needs }) => resolveNeeds(needs, whom, parts)))
  return { chosen: apart.flatMap(({ chosen }) => chosen), unmet: apart.flatMap(({ unmet }) => unmet) }
}

interface Resolved {
  readonly target: Targets
  readonly resolution: Resolution
}

function told({ look }: BuildOrder, builds: readonly ReadBuild[], resolved: readonly Resolved[]): BuildDependencies {
  const [first] = builds
  if (first === undefined) return NO_BUILDS
  const chosen = resolved.flatMap(({ resolution }) => resolution.chosen)
  const unmet = [...builds.flatMap(it => it.unmet), ...resolved.flatMap(({ resolution }) => resolution.unmet)]
  const here = new Set(look.map(({ explanation }) => fileKey(explanation.file)))
  const files = new Map(
    chosen.flatMap(({ project, version, files: own }) =>
      own.map(explanation => [fileKey(explanation.file), { project, version, explanation }] as const),
    ),
  )
  const added = [...files.values()].filter(({ explanation }) => !here.has(fileKey(explanation.file)))
  const each = [...new Map(unmet.map(it => [`${it.text} ${it.by}`, it])).values()]
  const internal = each.filter(({ error }) => error.code === 'internal')
  const missing = each.filter(it => !internal.includes(it))
  return {
    builds: builds.map(({ name }) => name).sort(),
    internal: [...new Set(internal.map(({ text }) => parseDependency(text)?.project ?? text))].sort(),
    added: [
      ...added.map(({ project, version, explanation }) => asLocked(first.it, project, version, explanation)),
      ...missing.map(it => asMissing(builds.find(({ name }) => name === it.by) ?? first, it)),
    ],
    releases: [...Map.groupBy(files.values(), ({ project, version }) => `${project} ${version}`)]
      .flatMap(([, [one, ...more]]) =>
        one === undefined ? [] : [{ project: one.project, version: one.version, files: 1 + more.length }],
      )
      .sort((a, b) => (a.project < b.project ? -1 : 1)),
    constraints: constraintsOf(
      resolved.flatMap(({ target, resolution }) =>
        resolution.chosen.map(({ project, version }) => ({ project, version, target })),
      ),
    ),
  }
}

/** At the line of a lock whose release is built. */
function asLocked(
  { lock, package: { line } }: Surveyed,
  project: ProjectName,
  version: Version,
  explanation: LockedExplanation,
): Surveyed<LockedExplanation> {
  const verdict = explanation.outcome
  const files = Admitted.is(verdict)
    ? [{ filename: verdict.artifact.filename.text, sha256: verdict.artifact.sha256, url: undefined }]
    : []
  return { lock, package: packageOf({ project, version, line, files }), explanation }
}

function asMissing({ it, verdict }: Build, { text, by, error }: Unmet): Surveyed<LockedExplanation> {
  const { project, filename } = verdict.artifact
  const named = parseDependency(text)?.project ?? project
  const about = { project: named, version: undefined, filename: `${text} (for ${by})`, sha256: undefined }
  return {
    lock: it.lock,
    package: packageOf({ project: named, version: filename.version, line: it.package.line, files: [] }),
    explanation: anyhow(bareExplanation(about, error)),
  }
}

function packageOf(known: Pick<LockedPackage, 'project' | 'version' | 'line' | 'files'>): LockedPackage {
  return { ...known, open: false, places: [], index: undefined, marker: undefined, identities: [] }
}
