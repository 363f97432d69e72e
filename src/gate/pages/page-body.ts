import { webcrypto } from 'node:crypto'
import { promisify } from 'node:util'
import {
  gzip as gzipCallback,
  gzipSync,
  constants as zlib,
  zstdCompress as zstdCallback,
  zstdCompressSync,
} from 'node:zlib'
import { type Sha256, sha256Of } from '../../domain/base/digest.ts'
import type { Policy } from '../../domain/policy/policy.ts'

export type ContentCoding = 'gzip' | 'zstd'

/** One prebuilt answer for a page of the index or of its JSON API: same bytes for everybody who asks for it. */
export interface PageBody {
  readonly contentType: string
  readonly identity: Buffer
  /** `undefined` while nobody has asked for it */
  readonly gzip: Buffer | undefined
  readonly zstd: Buffer | undefined
  /** Made when somebody asks for it first, once however many ask, and kept. */
  coded(coding: ContentCoding): Promise<Buffer>
  /** of `identity` */
  readonly sha256: Sha256
  /** strong, one per coding: over policy digest, verdicts and body */
  readonly etag: { readonly identity: string; readonly gzip: string; readonly zstd: string }
  readonly serial: number | undefined
}

const gzip = promisify(gzipCallback)
const zstd = promisify(zstdCallback)

interface Facts {
  readonly contentType: string
  readonly policy: Policy
  readonly serial: number | undefined
}

/** An answer that is the same for everybody who asks; where the bytes are those of the answer `before`, it has what that has. */
export async function buildBody(
  identity: Buffer,
  { contentType, policy, serial }: Facts,
  before: PageBody | undefined,
): Promise<PageBody> {
  const sha256 = await digestOf(identity)
  const revision = sha256Of(`${policy.digest} ${sha256}`).slice(0, 40)
  const etag = { identity: `"${revision}"`, gzip: `"${revision}-gzip"`, zstd: `"${revision}-zstd"` }
  const facts = { contentType, sha256, etag, serial }
  if (!(before instanceof Body) || before.sha256 !== sha256) return new Body(facts, new Codings(identity))
  return new Body(facts, before.codings)
}

class Body implements PageBody {
  readonly contentType: string
  readonly sha256: Sha256
  readonly etag: PageBody['etag']
  readonly serial: number | undefined
  /** of the same bytes under any tag */
  readonly codings: Codings

  constructor(
    { contentType, sha256, etag, serial }: Pick<PageBody, 'contentType' | 'sha256' | 'etag' | 'serial'>,
    codings: Codings,
  ) {
    this.contentType = contentType
    this.sha256 = sha256
    this.etag = etag
    this.serial = serial
    this.codings = codings
  }

  get identity(): Buffer {
    return this.codings.identity
  }

  get gzip(): Buffer | undefined {
    return this.codings.made.gzip
  }

  get zstd(): Buffer | undefined {
    return this.codings.made.zstd
  }

  coded(coding: ContentCoding): Promise<Buffer> {
    return this.codings.make(coding)
  }
}

/** Bytes, and what was made of them when somebody asked for it. */
class Codings {
  readonly identity: Buffer
  readonly made: { gzip?: Buffer; zstd?: Buffer } = {}
  readonly #making = new Map<ContentCoding, Promise<Buffer>>()

  constructor(identity: Buffer) {
    this.identity = identity
  }

  async make(coding: ContentCoding): Promise<Buffer> {
    const made = this.made[coding]
    if (made !== undefined) return made
    const making = this.#making.get(coding) ?? this.#encode(coding)
    this.#making.set(coding, making)
    return await making
  }

  async #encode(coding: ContentCoding): Promise<Buffer> {
    try {
      const coded = await CODERS[coding](this.identity)
      // what comes out is a part of a piece, and would hold on to all of it
      const kept = Buffer.allocUnsafeSlow(coded.length)
      coded.copy(kept)
      this.made[coding] = kept
      return kept
    } finally {
      this.#making.delete(coding)
    }
  }
}

/** bytes that are hashed at once, in a tenth of a millisecond or two */
const AT_ONCE = 128 * 1024

async function digestOf(bytes: Buffer): Promise<Sha256> {
  if (bytes.length <= AT_ONCE) return sha256Of(bytes)
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('hex') as Sha256
}

/** bytes that are coded at once, in a tenth of a millisecond: handing them to another thread takes as long, and is two threads' work */
const CODED_AT_ONCE = 32 * 1024
/** What comes out is taken in large pieces: each is a turn of the thread that answers. */
const LARGEST_PIECE = 256 * 1024
const LEAST_PIECE = 16 * 1024

/**
 * The first who asks waits for it: at 100 Mbit/s a page of 87 KB takes 7 ms as it is and 1 ms coded, and coding it takes less than one. A
 * higher level takes twice the time and saves a twentieth of the bytes, most of which are digests.
 */
const CODERS = {
  async gzip(bytes) {
    const options = { level: 3, chunkSize: pieceOf(bytes) }
    return bytes.length <= CODED_AT_ONCE ? gzipSync(bytes, options) : await gzip(bytes, options)
  },
  async zstd(bytes) {
    const params = { [zlib.ZSTD_c_compressionLevel]: 1 }
    const options = { params, pledgedSrcSize: bytes.length, chunkSize: pieceOf(bytes) }
    return bytes.length <= CODED_AT_ONCE ? zstdCompressSync(bytes, options) : await zstd(bytes, options)
  },
} as const satisfies Record<ContentCoding, (bytes: Buffer) => Promise<Buffer>>

function pieceOf({ length }: Buffer): number {
  return Math.min(LARGEST_PIECE, Math.max(LEAST_PIECE, length >> 2))
}
