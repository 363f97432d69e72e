import { GateError } from '../../domain/base/errors.ts'
import { remedyFor } from '../../domain/decide/admit-with.ts'
import { describeIdentity } from '../../domain/identity/identity.ts'
import type { LeftOut } from '../../gate/explain/observe-locks.ts'
import type { Records } from '../../ports/records.ts'
import type { Offered } from '../../protocol/amend/add-offered.ts'

/** With who signed the file, in a few words, where that is proved. */
export interface SignedOffer extends Offered {
  readonly signer: string | undefined
}

/** What the gate offered for refusals, and those for which it could offer nothing. */
interface Offers {
  readonly offers: readonly SignedOffer[]
  readonly leftOut: readonly LeftOut[]
}

/**
 * By the ids of refusals, or the addresses of their pages.
 *
 * @throws GateError `usage` for one that the gate does not keep
 */
export async function offersFor(
  given: readonly string[],
  records: Pick<Records, 'refusals'> | undefined,
): Promise<Offers> {
  const offers: SignedOffer[] = []
  const leftOut: LeftOut[] = []
  for (const text of given) {
    const [, id] = /^(?:https?:\/\/.*\/x\/)?([0-9a-hjkmnp-tv-z]{12})(?:[/?#].*)?$/.exec(text) ?? []
    const kept = id === undefined ? undefined : await records?.refusals.get(id)
    if (kept === undefined) throw new GateError('usage', `the gate keeps no refusal ${text}`)
    const { file, code, detail, admitWith, identity } = kept.refused
    if (admitWith !== undefined) {
      const signer = identity === undefined ? undefined : describeIdentity(identity)
      offers.push({ ...file, text: admitWith, signer })
    } else leftOut.push({ filename: file.filename, why: `${code}, ${detail}`, remedy: remedyFor(kept.refused) })
  }
  return { offers, leftOut }
}
