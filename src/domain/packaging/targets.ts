import { type DistFilename, type WheelFilename, wheelTags } from './filename.ts'
import { parseSpecifierSet } from './specifier.ts'
import { parseVersion } from './version.ts'

/** A CPython that files are wanted for: `3.11`, or `3.13t` without the global lock (PEP 703). */
export interface PythonTarget {
  readonly text: string
  readonly minor: number
  readonly threaded: boolean
}

/** A platform that files are wanted for, as the tag of a wheel spells it (PEP 425, 600, 656). */
export interface PlatformTarget {
  readonly text: string
  readonly fits: (tag: string) => boolean
}

/** Whom files are wanted for; an empty list stands for everybody. */
export interface Targets {
  readonly pythons: readonly PythonTarget[]
  readonly platforms: readonly PlatformTarget[]
}

/** `3.11` or `3.13t`; `undefined` for anything else. */
export function parsePythonTarget(text: string): PythonTarget | undefined {
  const [, minor, threaded] = /^3\.(\d{1,2})(t?)$/.exec(text) ?? []
  return minor === undefined ? undefined : { text, minor: Number(minor), threaded: threaded === 't' }
}

/**
 * `linux_x86_64` (any glibc or musl), `manylinux_2_28_x86_64`, `manylinux2014_x86_64`, `musllinux_1_2_aarch64`,
 * `macosx_14_0_arm64`, `win_amd64`; `undefined` for anything else.
 */
export function parsePlatformTarget(text: string): PlatformTarget | undefined {
  const glibc = readLinux(text, 'manylinux')
  if (glibc !== undefined) return { text, fits: tag => fitsLinux(tag, 'manylinux', glibc) }
  const musl = readLinux(text, 'musllinux')
  if (musl !== undefined) return { text, fits: tag => fitsLinux(tag, 'musllinux', musl) }
  const mac = readMac(text)
  if (mac !== undefined) return { text, fits: tag => fitsMac(tag, mac) }
  const [, arch] = /^linux_([a-z0-9_]+)$/.exec(text) ?? []
  if (arch !== undefined) {
    const newest = { version: [Number.POSITIVE_INFINITY, 0], arch } as const
    const fits = (tag: string): boolean =>
      tag === text || fitsLinux(tag, 'manylinux', newest) || fitsLinux(tag, 'musllinux', newest)
    return { text, fits }
  }
  return /^win(?:32|_[a-z0-9_]+)$/.test(text) ? { text, fits: tag => tag === text } : undefined
}

interface Versioned {
  readonly version: readonly [major: number, minor: number]
  readonly arch: string
}

const LEGACY: Readonly<Record<string, string>> = { '1': '2_5', '2010': '2_12', '2014': '2_17' }

function readLinux(tag: string, libc: 'manylinux' | 'musllinux'): Versioned | undefined {
  const spelled =
    libc === 'manylinux' ? tag.replace(/^manylinux(1|2010|2014)_/, (_, year) => `manylinux_${LEGACY[year]}_`) : tag
  const [, major, minor, arch] = new RegExp(`^${libc}_(\\d{1,4})_(\\d{1,4})_([a-z0-9_]+)$`).exec(spelled) ?? []
  return arch === undefined ? undefined : { version: [Number(major), Number(minor)], arch }
}

function fitsLinux(tag: string, libc: 'manylinux' | 'musllinux', target: Versioned): boolean {
  const needs = readLinux(tag, libc)
  return needs !== undefined && needs.arch === target.arch && isAtMost(needs.version, target.version)
}

function readMac(tag: string): Versioned | undefined {
  const [, major, minor, arch] = /^macosx_(\d{1,3})_(\d{1,3})_([a-z0-9_]+)$/.exec(tag) ?? []
  return arch === undefined ? undefined : { version: [Number(major), Number(minor)], arch }
}

/** Wheels for several processors at once. */
const FAT: Readonly<Record<string, readonly string[]>> = {
  arm64: ['arm64', 'universal2'],
  x86_64: ['x86_64', 'universal2', 'intel', 'fat64', 'fat3', 'universal'],
}

function fitsMac(tag: string, target: Versioned): boolean {
  const needs = readMac(tag)
  if (needs === undefined || !isAtMost(needs.version, target.version)) return false
  return (FAT[target.arch] ?? [target.arch]).includes(needs.arch)
}

function isAtMost(a: readonly [number, number], b: readonly [number, number]): boolean {
  return a[0] < b[0] || (a[0] === b[0] && a[1] <= b[1])
}

/** Whether a wheel can be installed on one of these Pythons and platforms (PEP 425; `packaging.tags` for CPython). */
export function fitsTargets(wheel: WheelFilename, { pythons, platforms }: Targets): boolean {
  const tags = wheelTags(wheel)
  const onPlatform = tags.platforms.some(
    platform => platform === 'any' || platforms.length === 0 || platforms.some(target => target.fits(platform)),
  )
  if (!onPlatform || pythons.length === 0) return onPlatform
  return tags.pythons.some(python => tags.abis.some(abi => pythons.some(target => fitsPython(target, python, abi))))
}

function fitsPython({ minor, threaded }: PythonTarget, python: string, abi: string): boolean {
  const generic = /^py3(\d{0,2})$/.exec(python)
  if (generic !== null) return abi === 'none' && (generic[1] === '' || Number(generic[1]) <= minor)
  const [, needed] = /^cp3(\d{1,2})$/.exec(python) ?? []
  if (needed === undefined) return false
  if (abi === 'none') return Number(needed) <= minor
  // the stable ABI is no free-threaded one
  if (abi === 'abi3') return !threaded && Number(needed) <= minor
  // up to 3.7 the flag of the memory allocator stands in the name
  const flag = threaded ? 't' : minor < 8 ? 'm' : ''
  return Number(needed) === minor && abi === `cp3${minor}${flag}`
}

/** Whether one of these Pythons may use a file with this `requires-python`; text that is no specifier forbids nothing. */
export function allowsPython(requiresPython: string | undefined, { pythons }: Targets): boolean {
  const specifiers = requiresPython === undefined ? undefined : parseSpecifierSet(requiresPython)
  if (specifiers === undefined || pythons.length === 0) return true
  // a target is a minor version: the first and a late patch of it stand for all
  const patches = pythons.flatMap(({ minor }) => [`3.${minor}.0`, `3.${minor}.99`])
  return patches.some(text => {
    const version = parseVersion(text)
    return version !== undefined && specifiers.contains(version, 'allow')
  })
}

/** What an installer takes of a release, where somebody told it: wheels alone, or source distributions alone. */
export type Formats = 'any' | 'wheel' | 'sdist'

/** What targets take of a release, and what of that is built there, and for which of them. */
export interface Taken<File> {
  readonly files: readonly File[]
  readonly builds: readonly { readonly file: File; readonly for: readonly Targets[] }[]
}

/**
 * The files of one release that these targets need: wheels that fit, and the source distribution where some Python and
 * platform would have no wheel otherwise. Everybody needs every file, and builds where there is no wheel at all.
 */
export function takeForTargets<File extends { readonly filename: DistFilename }>(
  files: readonly File[],
  targets: Targets,
  formats: Formats = 'any',
): Taken<File> {
  const wheels = files.flatMap(file => (file.filename.kind === 'wheel' ? [{ file, filename: file.filename }] : []))
  const usable = formats === 'sdist' ? [] : wheels
  const everybody = targets.pythons.length === 0 && targets.platforms.length === 0
  const fitting = usable.filter(({ filename }) => fitsTargets(filename, targets))
  const unserved = eachTarget(targets).filter(one => !fitting.some(({ filename }) => fitsTargets(filename, one)))
  const sdists = formats === 'wheel' ? [] : files.filter(({ filename }) => filename.kind === 'sdist')
  const built = unserved.length === 0 ? [] : sdists
  const picked = new Set([...fitting.map(({ file }) => file), ...built])
  return {
    files: everybody ? files : files.filter(file => picked.has(file)),
    builds: built.map(file => ({ file, for: unserved })),
  }
}

/** What one client with one of these Pythons takes: wheels that fit, or where none does what it builds from. */
export function pickForOne<File extends { readonly filename: DistFilename }>(
  files: readonly File[],
  targets: Targets,
  formats: Formats = 'any',
): readonly File[] {
  const fitting = files.filter(({ filename }) => filename.kind === 'wheel' && fitsTargets(filename, targets))
  if (formats !== 'sdist' && (fitting.length > 0 || formats === 'wheel')) return fitting
  return files.filter(({ filename }) => filename.kind === 'sdist')
}

/** The same without what is built. */
export function pickForTargets<File extends { readonly filename: DistFilename }>(
  files: readonly File[],
  targets: Targets,
): readonly File[] {
  return takeForTargets(files, targets).files
}

/** Every pair of a Python and a platform. */
export function eachTarget({ pythons, platforms }: Targets): readonly Targets[] {
  const some = <Target>(targets: readonly Target[]): readonly (readonly Target[])[] =>
    targets.length === 0 ? [[]] : targets.map(target => [target])
  return some(pythons).flatMap(python => some(platforms).map(platform => ({ pythons: python, platforms: platform })))
}
