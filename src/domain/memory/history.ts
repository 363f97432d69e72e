import { atOnce, type Steps } from '../base/in-steps.ts'
import { type Instant, instant } from '../base/instant.ts'
import type { Finding, TrustRootName } from '../identity/attestation.ts'
import { isSshRerun } from '../identity/circleci.ts'
import type { Claims } from '../identity/claims.ts'
import { isKnownKind, objectAgrees } from '../identity/identity.ts'
import { type SignerKey, signerKeyOf } from '../identity/signer.ts'
import { isSameOrEarlierLine, type ReleaseLine } from '../packaging/release-line.ts'
import { canonicalVersion, compareVersions, isPrerelease, sortKeyOf, type Version } from '../packaging/version.ts'

/** What a verified attestation proved of a file, the first time that it did. */
export interface Proof {
  readonly signer: SignerKey
  /** of the certificate, to tell of the signer and to write a rule for it */
  readonly claims: Claims
  readonly root: TrustRootName
  /** when it was verified here first */
  readonly at: Instant
  /** the log's signed time */
  readonly signedAt: Instant
}

/** A file of a project as this gate has seen it, from the first time and without end. */
export interface SeenFile {
  readonly filename: string
  readonly version: Version
  /** by the index's word; the first that it gave and that lasted */
  readonly uploaded: Instant | undefined
  readonly firstSeen: Instant
  readonly lastSeen: Instant
  /** the last moment when the project's page was read and the file, with the sha256 that it has, was not on it; `undefined` when it always was */
  readonly absent: Instant | undefined
  /** the last of several readings without the file, far enough apart that no one odd page made them */
  readonly missed: Instant | undefined
  /** when the index first offered provenance for it and went on, or offers it now: that proves nothing, and counts against a file without any */
  readonly offered: Instant | undefined
  readonly proof: Proof | undefined
  /** it was listed for less than ten minutes and is gone: one odd page may have made it up */
  readonly isFleeting: boolean
}

/** A file that was seen attested. */
export type AttestedFile = SeenFile & ({ readonly offered: Instant } | { readonly proof: Proof })

/** What is remembered of one project: who signed its files, which were attested, and when each came. */
export interface History {
  /** the first identity that was proved for the project */
  readonly first: (SeenFile & { readonly proof: Proof }) | undefined
  absentAt(filename: string): Instant | undefined
  missedAt(filename: string): Instant | undefined
  /**
   * When the first file of the release came: by its upload time, or later where the page was read without it, more than once. What
   * one odd page may have made up is none.
   */
  releasedAt(version: Version): Instant | undefined
  /** A file of this release that was seen attested. */
  attestedInRelease(version: Version): AttestedFile | undefined
  /**
   * The newest attested file of another release in the line of `version` and the lines before it, `undefined` when none was
   * ever seen; with `apart` pre-releases are compared with pre-releases and finals with finals.
   */
  attestedBefore(version: Version, line: ReleaseLine, apart: 'prereleases apart' | 'together'): AttestedFile | undefined
}

/** Puts in order what was seen of one project; what is asked of it afterwards costs little. */
export function createHistory(files: readonly SeenFile[]): History {
  return atOnce(historyInSteps(files))
}

/** files that are looked at in one step */
const STEP = 64

/** The same in steps: a large project takes its time. */
export function* historyInSteps(files: readonly SeenFile[]): Steps<History> {
  const byRelease = new Map<string, AttestedFile>()
  const released = new Map<string, Instant>()
  const absent = new Map<string, Instant>()
  const missed = new Map<string, Instant>()
  for (const [at, file] of files.entries()) {
    if (at % STEP === STEP - 1) yield
    const release = canonicalVersion(file.version)
    if (isAttested(file) && byRelease.get(release)?.proof === undefined) byRelease.set(release, file)
    const came = isReal(file) ? arrivalOf(file) : undefined
    const before = released.get(release)
    if (came !== undefined && (before === undefined || came < before)) released.set(release, came)
    if (file.absent !== undefined) absent.set(file.filename, file.absent)
    if (file.missed !== undefined) missed.set(file.filename, file.missed)
  }
  yield
  const releases = inOrder([...byRelease.values()])
  yield
  const [prereleases = [], finals = []] = [true, false].map(wanted =>
    releases.filter(({ version }) => isPrerelease(version) === wanted),
  )

  return {
    first: firstProved(files),
    absentAt: filename => absent.get(filename),
    missedAt: filename => missed.get(filename),
    releasedAt: version => released.get(canonicalVersion(version)),
    attestedInRelease: version => byRelease.get(canonicalVersion(version)),
    attestedBefore(version, line, apart) {
      const track = apart === 'together' ? releases : isPrerelease(version) ? prereleases : finals
      const last = lastInLine(track, version, line)
      const own = canonicalVersion(version)
      const found = track[last]
      return found !== undefined && canonicalVersion(found.version) === own ? track[last - 1] : found
    },
  }
}

/**
 * The place of the last of these releases that is in the line of `version` or a line before it, -1 where none is. They are in
 * the order of their versions, and so of their lines: what is looked for ends a beginning of the list.
 */
function lastInLine(releases: readonly AttestedFile[], version: Version, line: ReleaseLine): number {
  let [from, to] = [0, releases.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    const file = releases[middle]
    if (file !== undefined && isSameOrEarlierLine(file.version, version, line)) from = middle + 1
    else to = middle
  }
  return from - 1
}

/** Nothing was ever seen: a gate that looks for the first time. */
export const NO_HISTORY: History = createHistory([])

/** The proof that a finding gives to history: of the first bundle that an index of good faith could have made. */
export function proofOf(finding: Finding, at: Instant): Proof | undefined {
  if (finding.kind !== 'attested') return undefined
  const bundle = finding.bundles.find(
    ({ publisher, attestations }) =>
      isKnownKind(publisher) &&
      attestations.every(
        ({ facts }) =>
          facts.root === 'sigstore' &&
          objectAgrees(publisher, facts.claims) &&
          facts.claims.buildTrigger !== 'pull_request_target' &&
          !isSshRerun(facts.claims),
      ),
  )
  if (bundle === undefined) return undefined
  const { claims, root, signedAt } = (
    bundle.attestations.find(({ facts }) => facts.predicateType === 'publish/v1') ?? bundle.attestations[0]
  ).facts
  return { signer: signerKeyOf(claims, root), claims, root, at, signedAt }
}

/** An index cannot make a file older than the last look without it; that one page alone left it out says nothing. */
export function arrivalOf({ uploaded, missed }: Pick<SeenFile, 'uploaded' | 'missed'>): Instant | undefined {
  return uploaded === undefined ? undefined : instant(Math.max(uploaded, missed ?? 0))
}

function inOrder(releases: readonly AttestedFile[]): readonly AttestedFile[] {
  const keyed = releases.map(file => ({ file, key: sortKeyOf(file.version) }))
  keyed.sort((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : 0))
  return keyed.map(({ file }) => file)
}

function byVersion(one: SeenFile, other: SeenFile): number {
  return compareVersions(one.version, other.version)
}

/** A proof is none that a page makes up. */
function isReal({ isFleeting, proof }: SeenFile): boolean {
  return !isFleeting || proof !== undefined
}

function isAttested(file: SeenFile): file is AttestedFile {
  return file.offered !== undefined || file.proof !== undefined
}

/** Of two that were proved in the same moment, the older release. */
function firstProved(files: readonly SeenFile[]): History['first'] {
  let first: History['first']
  for (const file of files) {
    const { proof } = file
    if (proof === undefined) continue
    const earlier =
      first === undefined || proof.at < first.proof.at || (proof.at === first.proof.at && byVersion(file, first) < 0)
    if (earlier) first = { ...file, proof }
  }
  return first
}
