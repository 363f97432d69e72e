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

/** Parses what PEP 440 permits into its normal form; `undefined` for anything else. */
export function parseVersion(text: string): Version | undefined {
  const parsed = parts(text)
  return parsed === undefined ? undefined : (print(parsed) as Version)
}

function partsOf(version: Version): Parts {
  const parsed = parts(version)
  if (parsed === undefined) throw new TypeError('a Version that does not parse') // unreachable: the brand has one parser
  return parsed
}

/** PEP 440 "Summary of permitted suffixes and relative ordering". */
export function compareVersions(a: Version, b: Version): -1 | 0 | 1 {
  const [left, right] = [partsOf(a), partsOf(b)]
  return (
    compare(left.epoch, right.epoch) ||
    compareReleases(left.release, right.release) ||
    compareKeys(preKey(left), preKey(right)) ||
    compare(left.post ?? -1n, right.post ?? -1n) ||
    // a development release comes before the release it develops
    compareKeys(
      left.dev === undefined ? [1n, 0n] : [0n, left.dev],
      right.dev === undefined ? [1n, 0n] : [0n, right.dev],
    ) ||
    compareLocals(left.local, right.local)
  )
}

type Key = readonly bigint[]

/** `1.0.dev1` sorts before `1.0a1`; a final release after all its pre-releases. */
function preKey({ pre, post, dev }: Parts): Key {
  if (pre !== undefined) return [pre[0] === 'a' ? 0n : pre[0] === 'b' ? 1n : 2n, pre[1]]
  return post === undefined && dev !== undefined ? [-1n, 0n] : [3n, 0n]
}

function compare(a: bigint | string, b: bigint | string): -1 | 0 | 1 {
  return a < b ? -1 : a > b ? 1 : 0
}

function compareKeys(a: Key, b: Key): -1 | 0 | 1 {
  for (const [index, part] of a.entries()) {
    const order = compare(part, b[index] ?? 0n)
    if (order !== 0) return order
  }
  return 0
}

/** Missing release segments count as zero: 1.0 equals 1.0.0. */
function compareReleases(a: readonly bigint[], b: readonly bigint[]): -1 | 0 | 1 {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const order = compare(a[index] ?? 0n, b[index] ?? 0n)
    if (order !== 0) return order
  }
  return 0
}

/** Numeric segments sort after alphabetic ones; fewer segments before more; none before any. */
function compareLocals(a: Parts['local'], b: Parts['local']): -1 | 0 | 1 {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1
  for (const [index, left] of a.entries()) {
    const right = b[index]
    if (right === undefined) return 1
    if (typeof left !== typeof right) return typeof left === 'bigint' ? 1 : -1
    const order = compare(left, right)
    if (order !== 0) return order
  }
  return a.length < b.length ? -1 : 0
}

/** The same text for equal versions: trailing zeros of the release are dropped. For keys of maps. */
export function canonicalVersion(version: Version): string {
  const parsed = partsOf(version)
  const release = [...parsed.release]
  while (release.length > 1 && release.at(-1) === 0n) release.pop()
  return print({ ...parsed, release })
}

/** The version without its local part. */
export function publicVersion(version: Version): Version {
  return print({ ...partsOf(version), local: undefined }) as Version
}

export function hasLocal(version: Version): boolean {
  return partsOf(version).local !== undefined
}

/** A pre-release or development release. */
export function isPrerelease(version: Version): boolean {
  const { pre, dev } = partsOf(version)
  return pre !== undefined || dev !== undefined
}

export function isPostRelease(version: Version): boolean {
  return partsOf(version).post !== undefined
}

/** Epoch and release numbers, for prefix matching. */
export function releaseOf(version: Version): { readonly epoch: bigint; readonly release: readonly bigint[] } {
  const { epoch, release } = partsOf(version)
  return { epoch, release }
}

/** `1.2.post1.dev3` → `1.2`: the release that pre-, post- and development releases belong to. */
export function baseVersion(version: Version): Version {
  const { epoch, release } = partsOf(version)
  return print({ epoch, release, pre: undefined, post: undefined, dev: undefined, local: undefined }) as Version
}
