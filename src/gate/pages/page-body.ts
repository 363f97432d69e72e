import { webcrypto } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip as gzipCallback, constants as zlib, zstdCompress as zstdCallback } from 'node:zlib'
import { type Sha256, sha256Of } from '../../domain/base/digest.ts'
import type { Policy } from '../../domain/policy/policy.ts'

/** One prebuilt answer for a page of the index or of its JSON API: same bytes for everybody who asks for it. */
export interface PageBody {
  readonly contentType: string
  readonly identity: Buffer
  /** built once, in the background of the first answer */
  readonly gzip: Buffer | undefined
  readonly zstd: Buffer | undefined
  /** of `identity` */
  readonly sha256: Sha256
  /** strong, one per coding: over policy digest, verdicts and body */
  readonly etag: { readonly identity: string; readonly gzip: string; readonly zstd: string }
  readonly serial: number | undefined
}

const gzip = promisify(gzipCallback)
const zstd = promisify(zstdCallback)

type Growing = { -readonly [Key in keyof PageBody]: PageBody[Key] }

interface Facts {
  readonly contentType: string
  readonly policy: Policy
  readonly serial: number | undefined
}

/**
 * An answer that is the same for everybody who asks. Its coded variants are built beside the first answers, on other threads;
 * where the bytes are those of the answer `before`, they are not built again.
 */
export async function buildBody(
  identity: Buffer,
  { contentType, policy, serial }: Facts,
  before: PageBody | undefined,
): Promise<PageBody> {
  const sha256 = await digestOf(identity)
  const same = before?.sha256 === sha256 ? before : undefined
  const revision = sha256Of(`${policy.digest} ${sha256}`).slice(0, 40)
  const page: Growing = {
    contentType,
    identity: same?.identity ?? identity,
    gzip: same?.gzip,
    zstd: same?.zstd,
    sha256,
    etag: { identity: `"${revision}"`, gzip: `"${revision}-gzip"`, zstd: `"${revision}-zstd"` },
    serial,
  }
  compress(page).catch(() => {}) // without the variant, identity is served
  return page
}

/** bytes that are hashed at once, in a tenth of a millisecond or two */
const AT_ONCE = 128 * 1024

async function digestOf(bytes: Buffer): Promise<Sha256> {
  if (bytes.length <= AT_ONCE) return sha256Of(bytes)
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('hex') as Sha256
}

/** What comes out is taken in large pieces: each is a turn of the thread that answers. */
const CODED_PIECE = 256 * 1024

async function compress(page: Growing): Promise<void> {
  page.zstd ??= await zstd(page.identity, {
    params: { [zlib.ZSTD_c_compressionLevel]: 3 },
    chunkSize: CODED_PIECE,
  })
  page.gzip ??= await gzip(page.identity, { level: 6, chunkSize: CODED_PIECE })
}
