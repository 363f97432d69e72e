import { createHash } from 'node:crypto'
import { Readable, Transform } from 'node:stream'
import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { OpenBlob } from '../../ports/blobs.ts'

const PIECE = 256 * 1024

/** The bytes of a blob from its beginning, for one reader. Whoever opened the blob closes it. */
export function bodyOf(blob: OpenBlob): Readable | Buffer {
  return blob.bytes ?? Readable.from(pieces(blob), { objectMode: false, highWaterMark: PIECE })
}

async function* pieces(blob: OpenBlob): AsyncIterable<Buffer> {
  for (let done = 0; done < blob.size; ) {
    const piece = Buffer.allocUnsafeSlow(Math.min(PIECE, blob.size - done))
    const count = await blob.read(piece, done)
    if (count === 0) throw new GateError('unknown-store', 'a stored file was cut short')
    yield piece.subarray(0, count)
    done += count
  }
}

/** Passes everything on, and fails in place of its end where the digest is another one. */
export function hashing(sha256: Sha256, wrong: (found: string) => GateError): Transform {
  const hash = createHash('sha256')
  return new Transform({
    transform(chunk: Buffer, _encoding, passed) {
      hash.update(chunk)
      passed(undefined, chunk)
    },
    flush(ended) {
      const found = hash.digest('hex')
      ended(found === sha256 ? undefined : wrong(found))
    },
  })
}
