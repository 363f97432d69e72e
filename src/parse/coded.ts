import { promisify } from 'node:util'
import { createGunzip, gunzip as gunzipCallback, gunzipSync } from 'node:zlib'
import { errorCode } from '../domain/base/error-code.ts'
import { GateError } from '../domain/base/errors.ts'

/** A document as it came. */
export interface CodedDocument {
  /** whoever reads it may take them away from here */
  readonly bytes: Uint8Array
  readonly coding: 'identity' | 'gzip'
  /** bytes that may come out of it */
  readonly most: number
  /** who sent it, for a person */
  readonly who: string
}

const gunzip = promisify(gunzipCallback)

/** bytes that come out at once: a third of a millisecond at most, where handing it to another thread and back takes twice that */
const AT_ONCE = 128 * 1024

/** The whole document where it has at most so many bytes; `undefined` where it has more. Throws `unknown-upstream`. */
export async function decodeSmall(
  { bytes, coding, who }: CodedDocument,
  limit: number,
): Promise<Uint8Array | undefined> {
  if (bytes.byteLength > limit) return undefined
  if (coding === 'identity') return bytes
  const size = sizeSaid(bytes)
  if (size > limit && limit <= AT_ONCE) return undefined
  const atOnce = size <= AT_ONCE ? unfold(bytes, Math.min(limit, AT_ONCE), who) : undefined
  if (atOnce !== undefined || limit <= AT_ONCE) return atOnce
  try {
    return await gunzip(bytes, { maxOutputLength: limit })
  } catch (error) {
    return tooLargeOr(error, who)
  }
}

function unfold(bytes: Uint8Array, limit: number, who: string): Uint8Array | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: limit })
  } catch (error) {
    return tooLargeOr(error, who)
  }
}

function tooLargeOr(error: unknown, who: string): undefined {
  if (errorCode(error) !== 'ERR_BUFFER_TOO_LARGE') throw notGzip(who)
}

/** What a gzip says of itself at its end (RFC 1952 §2.3.1, ISIZE), of its last member. A hint: what comes out is bounded anyway. */
function sizeSaid(bytes: Uint8Array): number {
  if (bytes.byteLength < 18) return 0
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(bytes.byteLength - 4, true)
}

/** Piece by piece: what comes out is never held whole. Throws `unknown-upstream`. */
export async function* decodeInPieces({ bytes, coding, most, who }: CodedDocument): AsyncGenerator<Uint8Array> {
  if (coding === 'identity') {
    yield bytes
    return
  }
  const unfolding = createGunzip({ chunkSize: 256 * 1024 })
  unfolding.end(bytes)
  let size = 0
  try {
    for await (const piece of unfolding as AsyncIterable<Uint8Array>) {
      size += piece.byteLength
      if (size > most) throw tooLarge(who, most)
      yield piece
    }
  } catch (error) {
    throw error instanceof GateError ? error : notGzip(who)
  }
}

export function tooLarge(who: string, most: number): GateError {
  return new GateError('unknown-upstream', `${who} sent more than ${most} bytes`)
}

function notGzip(who: string): GateError {
  return new GateError('unknown-upstream', `${who} sent a body that is not the gzip it says it is`)
}
