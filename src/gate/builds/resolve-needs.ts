import { GateError, orGateError } from '../../domain/base/errors.ts'
import { Admitted } from '../../domain/decide/verdict.ts'
import { type Dependency, parseDependency } from '../../domain/packaging/dependency.ts'
import { type MarkerTarget, mayHold } from '../../domain/packaging/marker.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { allowsPython, fitsTargets, type Targets } from '../../domain/packaging/targets.ts'
import { compareVersions, isPrerelease, parseVersion, type Version } from '../../domain/packaging/version.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { LockedExplanation } from '../explain/explanation.ts'
import type { LookInside } from './look-inside.ts'
import type { Shelf, ShelvedRelease, ShelvedWheel } from './shelf.ts'

/** For whom something is built. */
export interface BuildTarget {
  /** whose wheels are taken */
  readonly wheels: Targets
  /** whom a release must allow */
  readonly pythons: Targets
  readonly markers: MarkerTarget
}

/** What somebody needs, and who. */
export interface Need {
  /** as written */
  readonly text: string
  /** `demo 1.0` */
  readonly by: string
}

/** A release that was chosen, with all its wheels that the target may take: every one is admitted. */
export interface Chosen {
  readonly project: ProjectName
  readonly version: Version
  readonly files: readonly LockedExplanation[]
}

/** What could not be had: `error` is `not-listed` where it is known that nothing serves, `internal` where nobody is asked. */
export interface Unmet extends Need {
  readonly error: GateError
}

export interface Resolution {
  readonly chosen: readonly Chosen[]
  readonly unmet: readonly Unmet[]
}

export interface ResolveParts {
  readonly shelf: Shelf
  readonly inside: Pick<LookInside, 'requiresDist'>
  /** what this admits goes before what is newer */
  readonly prefer?: Policy | undefined
}

/** Where looking for more ends: nobody builds with so much. */
const MOST = { projects: 200, rounds: 30, versions: 30, preferred: 10 }

interface Wanted extends Need {
  readonly dependency: Dependency
}

/**
 * What a set of builds takes together: of each project the newest admitted version that satisfies everybody who needs it, and so on
 * for what that needs. Who turns up later and does not accept what was chosen is known to the next round, so that there is a last one.
 */
export async function resolveNeeds(
  needs: readonly Need[],
  target: BuildTarget,
  parts: ResolveParts,
): Promise<Resolution> {
  const everybody = new Map<ProjectName, readonly Wanted[]>()
  for (let round = 0; round < MOST.rounds; round += 1) {
    const resolution = await attempt(needs, everybody, { target, parts })
    if (resolution !== undefined) return resolution
  }
  const [first = { text: 'what is built', by: 'somebody' }] = needs
  return { chosen: [], unmet: [{ ...first, error: unserved('who needs what could not be settled') }] }
}

interface Surroundings {
  readonly target: BuildTarget
  readonly parts: ResolveParts
}

/** `undefined`: somebody turned up too late, and is in `everybody` now. */
async function attempt(
  needs: readonly Need[],
  everybody: Map<ProjectName, readonly Wanted[]>,
  surroundings: Surroundings,
): Promise<Resolution | undefined> {
  const { target, parts } = surroundings
  const chosen = new Map<ProjectName, Chosen | undefined>()
  const expanded = new Map<ProjectName, string>()
  const unmet: Unmet[] = []
  const queue: Need[] = [...needs]
  for (let need = queue.shift(); need !== undefined; need = queue.shift()) {
    const dependency = parseDependency(need.text)
    if (dependency === undefined) {
      unmet.push({ ...need, error: unserved('it is nothing that an index has') })
      continue
    }
    const { project, marker, specifiers } = dependency
    if (marker !== undefined && !mayHold(marker, { ...target.markers, extras: NOBODY })) continue
    const wanted = join(everybody, { ...need, dependency })
    if (!chosen.has(project)) {
      if (chosen.size >= MOST.projects) {
        const error = unserved(`builds take more than ${MOST.projects} projects, and no more are looked for`)
        unmet.push({ ...need, error })
        break
      }
      const found = await choose(project, wanted, surroundings)
      if (found instanceof GateError) unmet.push({ ...need, error: found })
      chosen.set(project, found instanceof GateError ? undefined : found)
    }
    const taken = chosen.get(project)
    if (taken === undefined) continue
    if (!specifiers.contains(taken.version, 'allow')) return undefined
    const extras = new Set(wanted.flatMap(it => it.dependency.extras))
    if (expanded.get(project) === String([...extras].sort())) continue
    expanded.set(project, String([...extras].sort()))
    const more = await needsOf(taken, { ...target.markers, extras }, parts)
    if (more instanceof GateError) unmet.push({ ...need, error: more })
    else queue.push(...more)
  }
  return { chosen: [...chosen.values()].filter(it => it !== undefined), unmet }
}

const NOBODY: ReadonlySet<string> = new Set()

function join(everybody: Map<ProjectName, readonly Wanted[]>, wanted: Wanted): readonly Wanted[] {
  const { project } = wanted.dependency
  const before = everybody.get(project) ?? []
  const all = before.some(({ text }) => text === wanted.text) ? before : [...before, wanted]
  everybody.set(project, all)
  return all
}

/** The newest version that satisfies everybody and whose wheels for this target are all admitted; or why there is none. */
async function choose(
  project: ProjectName,
  wanted: readonly Wanted[],
  { target, parts }: Surroundings,
): Promise<Chosen | GateError> {
  const releases = await orGateError(parts.shelf(project))
  if (releases instanceof GateError) return releases.code === 'no-project' ? unserved(releases.detail) : releases
  const passed: string[] = []
  const serving = inOrder(releases, wanted).flatMap(release => {
    const wheels = release.wheels.filter(wheel => isTaken(wheel, target))
    if (wheels.length === 0) passed.push(`${release.version} has no wheel that fits`)
    return wheels.length === 0 ? [] : [{ project, version: release.version, wheels }]
  })
  const preferred = await findPreferred(serving.slice(0, MOST.preferred), parts.prefer)
  if (preferred !== undefined) return preferred
  for (const { version, wheels } of serving.slice(0, MOST.versions)) {
    const judged = await judgeAll(wheels)
    const outcomes = judged.map(({ outcome }) => outcome)
    const unknown = outcomes.find(it => it instanceof GateError)
    if (unknown !== undefined) return unknown
    const refused = outcomes.find(it => 'code' in it)
    if (refused === undefined) return { project, version, files: judged }
    passed.push(`${version} is refused (${refused.code})`)
    if (refused.code === 'no-rule') break // nor is there one for any other version
  }
  return unserved(whyNone(project, wanted, passed))
}

/** The rest only where the first is admitted, here and by another policy: what is refused is so wheel by wheel, and each is a question. */
async function judgeAll(wheels: readonly ShelvedWheel[], policy?: Policy): Promise<readonly LockedExplanation[]> {
  const judge = async (wheel: ShelvedWheel): Promise<LockedExplanation> => {
    const judged = await wheel.judge()
    const under = policy === undefined ? judged : await judged.under(policy)
    return Admitted.is(under.outcome) ? judged : { ...judged, outcome: under.outcome }
  }
  const [first, ...others] = wheels
  if (first === undefined) return []
  const judged = await judge(first)
  return Admitted.is(judged.outcome) ? [judged, ...(await Promise.all(others.map(judge)))] : [judged]
}

interface Serving extends Pick<Chosen, 'project' | 'version'> {
  readonly wheels: readonly ShelvedWheel[]
}

/** The newest that a policy admits already, as far as that can be told. */
async function findPreferred(serving: readonly Serving[], prefer: Policy | undefined): Promise<Chosen | undefined> {
  if (prefer === undefined) return undefined
  for (const { project, version, wheels } of serving) {
    const judged = await judgeAll(wheels, prefer)
    if (judged.every(({ outcome }) => Admitted.is(outcome))) return { project, version, files: judged }
  }
  return undefined
}

function isTaken({ filename, requiresPython }: ShelvedWheel, { wheels, pythons }: BuildTarget): boolean {
  return fitsTargets(filename, wheels) && allowsPython(requiresPython, pythons)
}

/** What installers try: nothing yanked that nobody asks for exactly, and prereleases where somebody names one or there is nothing else. */
function inOrder(releases: readonly ShelvedRelease[], wanted: readonly Wanted[]): readonly ShelvedRelease[] {
  const sets = wanted.map(({ dependency }) => dependency.specifiers)
  const exact = sets.some(({ text }) => /^===?[^*,]*$/.test(text))
  const satisfying = releases.filter(
    ({ version, yanked }) => (!yanked || exact) && sets.every(set => set.contains(version, 'allow')),
  )
  const asked = ({ version }: ShelvedRelease) =>
    !isPrerelease(version) || sets.some(set => set.contains(version, 'exclude'))
  const settled = satisfying.filter(asked)
  return settled.length > 0 ? settled : satisfying
}

function whyNone(project: ProjectName, wanted: readonly Wanted[], passed: readonly string[]): string {
  const who = wanted.map(({ text, by }) => `${by} needs ${text}`).join(', ')
  const looked = passed.slice(0, 3).join(', ')
  const more = passed.length > 3 ? `, and ${passed.length - 3} more` : ''
  const why = passed.length === 0 ? 'no version with a wheel satisfies that' : `${looked}${more}`
  return `no admitted release of ${project} serves: ${who}; ${why}`
}

/** What a chosen release needs in turn, as its wheel says. */
async function needsOf(
  { project, version, files }: Chosen,
  markers: MarkerTarget,
  { inside, shelf }: ResolveParts,
): Promise<readonly Need[] | GateError> {
  const by = `${project} ${version}`
  const verdict = files.map(({ outcome }) => outcome).find(Admitted.is)
  if (verdict === undefined) return unserved(`${by} has no admitted wheel`)
  const requires = await orGateError(inside.requiresDist(verdict))
  if (requires instanceof GateError) return requires
  if (typeof requires === 'string') return unserved(`what ${by} needs is not known: ${requires}`)
  const texts = requires.filter(text => mayHold(markerOf(text), markers))
  // asked side by side, chosen one after the other
  for (const text of texts.slice(0, MOST.projects)) {
    const needed = parseDependency(text)
    if (needed !== undefined) shelf(needed.project).catch(() => {})
  }
  // the condition was looked at with the extras that are asked for
  const needs = texts.map(text => ({ text: withoutMarker(text), by }))
  return isOldSetuptools(project, version) ? [...needs, { text: 'wheel', by }] : needs
}

/** PEP 508: behind a URL a space stands before the semicolon. */
function cut(text: string): readonly [before: string, marker: string] {
  const at = text.includes('@') ? text.indexOf(' ;') : text.indexOf(';')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at).replace(/^ ?;/, '')]
}

/** Nothing can hold as well as anything. */
function markerOf(text: string): string {
  return cut(text)[1]
}

function withoutMarker(text: string): string {
  return cut(text)[0].trim()
}

/** Up to 70.0 it asks for wheel when it is about to build one. */
function isOldSetuptools(project: ProjectName, version: Version): boolean {
  const own = parseVersion('70.1')
  return project === 'setuptools' && own !== undefined && compareVersions(version, own) < 0
}

function unserved(detail: string): GateError {
  return new GateError('not-listed', detail)
}
