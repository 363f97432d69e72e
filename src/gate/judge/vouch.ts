import { GateError } from '../../domain/base/errors.ts'
import type { Instant } from '../../domain/base/instant.ts'
import { Admitted, type Verdict } from '../../domain/decide/verdict.ts'
import type { Finding } from '../../domain/identity/attestation.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import type { Asker } from '../../flow/asker.ts'
import type { Weigh } from './weigh.ts'

/** An admission that may be told on, and what it rests on. */
export interface Vouched {
  readonly verdict: Admitted
  /** of an admission by attestation */
  readonly proof: Extract<Finding, { readonly kind: 'attested' }> | undefined
  /** when it was decided */
  readonly at: Instant
  /** of all trust roots in force; `undefined`: there is none */
  readonly trustDigest: string | undefined
}

interface Options {
  /** as the door asks */
  readonly judge: (artifact: Artifact, asker?: Asker) => Promise<Verdict>
  readonly weigh: Pick<Weigh, 'anyhow'>
  readonly trustDigest: () => string | undefined
  readonly now: () => Instant
}

type Look = () => Promise<Artifact | undefined>

/**
 * The first of some files that is admitted now, as the door would say it; what a policy only watches and would refuse is not. Throws unknown-…
 * where none is known to be, and one of them cannot be judged. Nothing is fetched of the file itself.
 */
export function createVouch({
  judge,
  weigh,
  trustDigest,
  now,
}: Options): (looks: readonly Look[], asker?: Asker) => Promise<Vouched | undefined> {
  async function vouch(look: Look, asker: Asker | undefined): Promise<Vouched | undefined> {
    const artifact = await look()
    const verdict = artifact && (await judge(artifact, asker))
    if (artifact === undefined || !isSound(verdict)) return undefined
    if (verdict.facts.by !== 'attestation') return { verdict, proof: undefined, at: now(), trustDigest: trustDigest() }
    // verdict and proof have to be of one moment
    const weighed = await weigh.anyhow(artifact, asker)
    const { finding } = weighed
    if (!isSound(weighed.verdict) || finding.kind !== 'attested') return undefined
    return { verdict: weighed.verdict, proof: finding, at: now(), trustDigest: trustDigest() }
  }

  return async (looks, asker) => {
    let unknown: GateError | undefined
    for (const look of looks)
      try {
        const vouched = await vouch(look, asker)
        if (vouched !== undefined) return vouched
      } catch (error) {
        if (!(error instanceof GateError)) throw error
        unknown ??= error
      }
    if (unknown !== undefined) throw unknown
    return undefined
  }
}

function isSound(verdict: Verdict | undefined): verdict is Admitted {
  return Admitted.is(verdict) && verdict.facts.wouldRefuse === undefined
}
