import type { Instant } from '../base/instant.ts'
import { lasted, SECOND_SIGHT } from './second-sight.ts'

/** What is known of provenance that the index offers for a file. Nothing is proved by an offer. */
export interface Offer {
  /** when it was offered first, by an offer that lasted */
  readonly offered: Instant | undefined
  /** since when every reading offers it, while that has not lasted: the page says so, and nothing more is known */
  readonly offering: Instant | undefined
}

/** An offer stays once two readings made it, {@link SECOND_SIGHT} apart and with none between that did not. */
export function offerAfter({ offered, offering }: Offer, isOffered: boolean, at: Instant): Offer {
  if (offered !== undefined) return { offered, offering: undefined }
  if (!isOffered) return { offered: undefined, offering: undefined }
  if (offering === undefined || at < offering) return { offered: undefined, offering: at }
  return lasted({ value: undefined, since: offering }, at, SECOND_SIGHT)
    ? { offered: offering, offering: undefined }
    : { offered: undefined, offering }
}

/** Since when it counts against a file without any: one that has not lasted does so while the page makes it. */
export function offerIn({ offered, offering }: Offer): Instant | undefined {
  return offered ?? offering
}
