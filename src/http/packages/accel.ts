import type { OpenBlob } from '../../ports/blobs.ts'
import type { Exchange } from '../exchange/exchange.ts'
import type { Serving } from '../exchange/settings.ts'
import type { WantedRange } from './ranges.ts'

/** What tells a front which file to send. */
export interface Located {
  /** the field */
  readonly header: string
  /** a path of its own configuration */
  readonly location: string
}

/** One range as every server reads it. Other spellings stay here, where they mean what they mean without a front. */
const PLAIN_RANGE = /^bytes=(?:\d{1,15}-\d{0,15}|-\d{1,15})$/

/**
 * Where the front finds an opened blob; `undefined` where the gate sends the bytes itself. It does to everybody who is no front, and where a
 * front would answer otherwise than we do: several ranges, a range that does not hold, conditions that we pass over. It does as well where the
 * request has the field itself: the front says so that it tried, and could not read the file. Whatever a client writes there leads to
 * nothing else.
 */
export function locateInFront(
  { settings: { accel }, isFromFront }: Pick<Serving, 'settings' | 'isFromFront'>,
  { request }: Pick<Exchange, 'request'>,
  { blob, wanted }: { readonly blob: OpenBlob; readonly wanted: WantedRange },
): Located | undefined {
  if (accel?.location === undefined) return undefined
  const { headers } = request
  const { header, location } = accel
  if (headers[header.toLowerCase()] !== undefined) return undefined
  if (headers['if-match'] !== undefined || headers['if-unmodified-since'] !== undefined) return undefined
  const { range } = headers
  if (range === undefined ? wanted.kind !== 'whole' : wanted.kind !== 'part' || !PLAIN_RANGE.test(range))
    return undefined
  if (!isFromFront({ request })) return undefined
  const place = blob.place?.()
  return place === undefined ? undefined : { header, location: `${location}${place}` }
}
