import type { Instant } from '../../domain/base/instant.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import { compareVersions, type Version } from '../../domain/packaging/version.ts'
import type { EvidenceOf } from './evidence.ts'
import type { LookedRelease } from './page-look.ts'
import type { Signer, Tenure } from './release-facts.ts'

/** A release that can be verified. */
interface Offering {
  readonly version: Version
  readonly uploaded: Instant | undefined
  readonly offered: Artifact
}

/** Something could not be verified, and why. */
class Undetermined extends Error {}

/**
 * Since when the signer of a release signs the project: the first attested release is verified, and where somebody else signed it,
 * those between are halved until the change is found. So a project of a thousand releases costs a dozen documents.
 *
 * @returns why it is not known, where a document could not be had
 */
export async function tenureOf(
  { version, signer }: { readonly version: Version; readonly signer: Signer },
  releases: readonly LookedRelease[],
  evidenceOf: EvidenceOf,
): Promise<Tenure | string> {
  const earlier = offeringsBefore(version, releases)
  const own = releases.find(it => compareVersions(it.version, version) === 0)

  async function signerAt(place: number): Promise<Signer | undefined> {
    const offering = earlier[place]
    if (offering === undefined) return undefined
    const evidence = await evidenceOf(offering.offered)
    if (evidence.kind === 'unknown') throw new Undetermined(`${offering.version}: ${evidence.detail}`)
    return evidence.kind === 'attested' ? evidence.signer : undefined
  }

  /** The first place from which on the same signs, `earlier.length` where no earlier release is the same's. */
  async function firstOfSame(): Promise<number> {
    if (earlier.length === 0 || (await signerAt(0))?.key === signer.key) return 0
    let [other, same] = [0, earlier.length]
    while (same - other > 1) {
      const middle = same === earlier.length ? same - 1 : (other + same) >>> 1
      if ((await signerAt(middle))?.key === signer.key) same = middle
      else if (same === earlier.length) return same
      else other = middle
    }
    return same
  }

  try {
    const first = await firstOfSame()
    const since = earlier[first] ?? { version, uploaded: own?.uploaded }
    const last = earlier[first - 1]
    return {
      since: { version: since.version, uploaded: since.uploaded },
      releases: earlier.length - first + 1,
      before:
        last === undefined
          ? undefined
          : { release: { version: last.version, uploaded: last.uploaded }, signer: await signerAt(first - 1) },
    }
  } catch (error) {
    if (error instanceof Undetermined) return error.message
    throw error
  }
}

/** The oldest first: by time where the index tells every one, else by version. */
function offeringsBefore(version: Version, releases: readonly LookedRelease[]): readonly Offering[] {
  const own = releases.find(it => compareVersions(it.version, version) === 0)
  const offerings = releases.flatMap<Offering>(it =>
    it === own || it.offered === undefined || it.offered === 'before' ? [] : [{ ...it, offered: it.offered }],
  )
  const came = own?.uploaded
  if (came !== undefined && offerings.every(({ uploaded }) => uploaded !== undefined))
    return offerings
      .filter(({ uploaded = came }) => uploaded < came)
      .sort((a, b) => (a.uploaded ?? came) - (b.uploaded ?? came) || compareVersions(a.version, b.version))
  return offerings
    .filter(it => compareVersions(it.version, version) < 0)
    .sort((a, b) => compareVersions(a.version, b.version))
}
