import type { Brand } from '../base/brand.ts'

/** A PEP 440 version in normal form, as `packaging` prints it. Equal versions may differ in text: use {@link compareVersions}. */
export type Version = Brand<string, 'Version'>

interface Parts {
  readonly epoch: bigint
  readonly release: readonly bigint[]
  readonly pre: readonly ['a' | 'b' | 'rc', bigint] | undefined
  readonly post: bigint | undefined
  readonly dev: bigint | undefined
  readonly local: readonly (string | bigint)[] | undefined
}

const LONGEST = 255

/** PEP 440, appendix B, anchored; every part has its own separator, so matching is linear. */
const PATTERN =
  /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/

const PRE_LETTERS: Readonly<Record<string, 'a' | 'b' | 'rc'>> = {
  a: 'a',
  alpha: 'a',
  b: 'b',
  beta: 'b',
  c: 'rc',
  rc: 'rc',
  pre: 'rc',
  preview: 'rc',
}

function parts(text: string): Parts | undefined {
  if (text.length > LONGEST) return undefined
  const match = PATTERN.exec(text.trim().toLowerCase())
  if (match === null) return undefined
  const [, epoch, release, preLetter, preNumber, implicitPost, postWord, postNumber, devWord, devNumber, local] = match
  const letter = preLetter === undefined ? undefined : PRE_LETTERS[preLetter]
  return {
    epoch: BigInt(epoch ?? 0),
    release: (release ?? '').split('.').map(BigInt),
    pre: letter === undefined ? undefined : [letter, BigInt(preNumber || 0)],
    post:
      implicitPost !== undefined ? BigInt(implicitPost) : postWord === undefined ? undefined : BigInt(postNumber || 0),
    dev: devWord === undefined ? undefined : BigInt(devNumber || 0),
    local: local?.split(/[-_.]/).map(segment => (/^\d+$/.test(segment) ? BigInt(segment) : segment)),
  }
}

function print(version: Parts): string {
  const { epoch, release, pre, post, dev, local } = version
  return [
    epoch === 0n ? '' : `${epoch}!`,
    release.join('.'),
    pre === undefined ? '' : pre.join(''),
    post === undefined ? '' : `.post${post}`,
    dev === undefined ? '' : `.dev${dev}`,
    local === undefined ? '' : `+${local.join('.')}`,
  ].join('')
}

/** Most versions are in normal form already: release numbers alone, none of them with a zero before it. */
const PLAIN = /^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))*$/

/** Parses what PEP 440 permits into its normal form; `undefined` for anything else. */
export function parseVersion(text: string): Version | undefined {
  if (text.length <= LONGEST && PLAIN.test(text)) return text as Version
  const known = recent.get(text as Version)
  if (known !== undefined) return known.normal
  const parsed = parts(text)
  return parsed === undefined ? undefined : (print(parsed) as Version)
}

/** What a version says, and what is asked of it again and again. */
interface Parsed extends Parts {
  readonly normal: Version
  /** equal for equal versions; compared as texts, keys have the order of their versions */
  readonly key: string
  /** once it was asked for */
  canonical: string | undefined
}

/** Versions that are kept parsed: those of some large projects, and twice as many at most. */
const MOST_KEPT = 32_768
let recent = new Map<Version, Parsed>()
let older: typeof recent = new Map()

/** What was asked for last: of one file several things are asked in a row. */
let last: { readonly version: Version; readonly parsed: Parsed } | undefined

/** A project asks of the same versions for each of its files: each is parsed once. */
function parsedOf(version: Version): Parsed {
  if (last?.version === version) return last.parsed
  const parsed = parsedOnce(version)
  last = { version, parsed }
  return parsed
}

function parsedOnce(version: Version): Parsed {
  const known = recent.get(version)
  if (known !== undefined) return known
  const parsed = older.get(version) ?? parseAgain(version)
  if (recent.size >= MOST_KEPT) {
    older = recent
    recent = new Map()
  }
  recent.set(version, parsed)
  return parsed
}

function parseAgain(version: Version): Parsed {
  const parsed = parts(version)
  if (parsed === undefined) throw new TypeError('a Version that does not parse') // unreachable: the brand has one parser
  return { ...parsed, normal: print(parsed) as Version, key: keyOf(parsed), canonical: undefined }
}

/** PEP 440 "Summary of permitted suffixes and relative ordering". */
export function compareVersions(a: Version, b: Version): -1 | 0 | 1 {
  const [left, right] = [parsedOf(a).key, parsedOf(b).key]
  return left < right ? -1 : left > right ? 1 : 0
}

/** A text for each version: equal for equal ones, and in the order of the versions when it is compared as a text. */
export function sortKeyOf(version: Version): string {
  return parsedOf(version).key
}

/** Below every digit and letter: what ends here comes before what goes on. */
const END = '!'

function keyOf(version: Parts): string {
  return [
    numberKey(version.epoch),
    ...withoutZeros(version.release).map(numberKey),
    END,
    preKey(version),
    version.post === undefined ? '0' : `1${numberKey(version.post)}`,
    // a development release comes before the release it develops
    version.dev === undefined ? '1' : `0${numberKey(version.dev)}`,
    ...(version.local ?? []).map(localKey),
  ].join('')
}

/** How many digits there are, then the digits: 9 comes before 10. */
function numberKey(number: bigint): string {
  const digits = number.toString()
  return `${String.fromCharCode(0x30 + digits.length)}${digits}`
}

/** `1.0.dev1` sorts before `1.0a1`; a final release after all its pre-releases. */
function preKey({ pre, post, dev }: Parts): string {
  if (pre !== undefined) return `${pre[0] === 'a' ? 1 : pre[0] === 'b' ? 2 : 3}${numberKey(pre[1])}`
  return post === undefined && dev !== undefined ? '0' : '4'
}

/** Numeric segments sort after alphabetic ones; fewer segments before more; none before any. */
function localKey(segment: string | bigint): string {
  return typeof segment === 'string' ? `a${segment}${END}` : `n${numberKey(segment)}`
}

/** Missing release segments count as zero: 1.0 equals 1.0.0. */
function withoutZeros(release: readonly bigint[]): readonly bigint[] {
  const end = release.findLastIndex(segment => segment !== 0n)
  return release.slice(0, Math.max(1, end + 1))
}

/** The same text for equal versions: trailing zeros of the release are dropped. For keys of maps. */
export function canonicalVersion(version: Version): string {
  const parsed = parsedOf(version)
  parsed.canonical ??= print({ ...parsed, release: withoutZeros(parsed.release) })
  return parsed.canonical
}

/** The version without its local part. */
export function publicVersion(version: Version): Version {
  return print({ ...parsedOf(version), local: undefined }) as Version
}

export function hasLocal(version: Version): boolean {
  return parsedOf(version).local !== undefined
}

/** A pre-release or development release. */
export function isPrerelease(version: Version): boolean {
  const { pre, dev } = parsedOf(version)
  return pre !== undefined || dev !== undefined
}

export function isPostRelease(version: Version): boolean {
  return parsedOf(version).post !== undefined
}

/** Epoch and release numbers, for prefix matching. */
export function releaseOf(version: Version): { readonly epoch: bigint; readonly release: readonly bigint[] } {
  const { epoch, release } = parsedOf(version)
  return { epoch, release }
}

/** `1.2.post1.dev3` → `1.2`: the release that pre-, post- and development releases belong to. */
export function baseVersion(version: Version): Version {
  const { epoch, release } = parsedOf(version)
  return print({ epoch, release, pre: undefined, post: undefined, dev: undefined, local: undefined }) as Version
}
