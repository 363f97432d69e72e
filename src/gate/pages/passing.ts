import type { RefusedFile } from '../../domain/decide/verdict.ts'
import { type DistFilename, parseDistFilename, wheelTags } from '../../domain/packaging/filename.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { allowsPython, fitsTargets, type PythonTarget, parsePythonTarget } from '../../domain/packaging/targets.ts'
import { isPrerelease, sortKeyOf } from '../../domain/packaging/version.ts'
import type { IndexFile } from '../../protocol/simple/project-index.ts'
import type { KnownPage } from '../find/known-page.ts'

/** What somebody was refused who looks for something else. */
export interface Wanted {
  readonly filename: string
  readonly dist: DistFilename | undefined
  /** `undefined`: nobody knows, so that every file fits */
  readonly python: PythonTarget | undefined
}

/** `python`: what the client says of itself; otherwise a wheel that it wanted may tell. */
export function wantedBy({ project, filename }: RefusedFile, python: PythonTarget | undefined): Wanted {
  const dist = parseDistFilename(filename, project as ProjectName)
  return { filename, dist, python: python ?? pythonOf(dist) }
}

/** Of `demo-1.0-cp312-cp312-win_amd64.whl`: 3.12. The stable ABI and pure wheels tell nothing. */
function pythonOf(dist: DistFilename | undefined): PythonTarget | undefined {
  if (dist?.kind !== 'wheel') return undefined
  const { pythons, abis } = wheelTags(dist)
  if (!pythons.some(python => /^cp3\d{1,2}$/.test(python))) return undefined
  const minors = new Set(abis.flatMap(abi => /^cp3(\d{1,2}t?)m?$/.exec(abi)?.[1] ?? []))
  const [only, ...others] = minors
  return only === undefined || others.length > 0 ? undefined : parsePythonTarget(`3.${only}`)
}

/** files of a page that are looked through, from its end, where indexes list what is new */
const LOOKED_THROUGH = 1_000
/** files of one version that are looked at: what speaks against one mostly speaks against all */
const OF_ONE_VERSION = 4

/**
 * What could be taken instead, the newest version first, and of each what is most like the file that was wanted: nothing that is
 * yanked or does not fit the Python. Pre-releases come last, unless one was wanted.
 */
export function* candidatesOn(page: KnownPage, wanted: Wanted): Generator<IndexFile, void> {
  const releases = releasesOf(page)
  const early = wanted.dist !== undefined && isPrerelease(wanted.dist.version)
  const sorted = early ? releases : [...releases.filter(({ pre }) => !pre), ...releases.filter(({ pre }) => pre)]
  for (const { files } of sorted) {
    const fitting = files.filter(file => file.filename !== wanted.filename && fits(file, wanted))
    yield* fitting.sort((a, b) => likeness(b, wanted) - likeness(a, wanted)).slice(0, OF_ONE_VERSION)
  }
}

interface ListedRelease {
  readonly key: string
  readonly pre: boolean
  readonly files: readonly IndexFile[]
}

const sorted = new WeakMap<KnownPage, readonly ListedRelease[]>()

function releasesOf(page: KnownPage): readonly ListedRelease[] {
  const known = sorted.get(page)
  if (known !== undefined) return known
  const byKey = new Map<string, ListedRelease & { readonly files: IndexFile[] }>()
  for (const file of page.index.files.slice(-LOOKED_THROUGH)) {
    if (file.dist === undefined || file.yanked !== false) continue
    const key = sortKeyOf(file.dist.version)
    const release = byKey.get(key)
    if (release === undefined) byKey.set(key, { key, pre: isPrerelease(file.dist.version), files: [file] })
    else release.files.push(file)
  }
  const releases = [...byKey.values()].sort((a, b) => (a.key < b.key ? 1 : -1))
  sorted.set(page, releases)
  return releases
}

function fits({ dist, requiresPython }: IndexFile, { python }: Wanted): boolean {
  if (python === undefined) return true
  const targets = { pythons: [python], platforms: [] }
  return allowsPython(requiresPython, targets) && (dist?.kind !== 'wheel' || fitsTargets(dist, targets))
}

/** A wheel for the same machine before one for every machine, before sources, before the rest. */
function likeness({ dist }: IndexFile, { dist: wanted }: Wanted): number {
  if (dist?.kind !== 'wheel') return wanted?.kind === 'sdist' ? 3 : 1
  const tags = wheelTags(dist)
  const other = wanted?.kind === 'wheel' ? wheelTags(wanted) : undefined
  const same =
    other !== undefined &&
    (['pythons', 'abis', 'platforms'] as const).every(field => tags[field].some(tag => other[field].includes(tag)))
  return same ? 3 : tags.platforms.includes('any') ? 2 : 0
}
