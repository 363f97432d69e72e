import { promisify } from 'node:util'
import { gzip as gzipCallback, constants as zlib, zstdCompress as zstdCallback } from 'node:zlib'
import { sha256Of } from '../../domain/base/digest.ts'
import type { Policy } from '../../domain/policy/policy.ts'

/** One prebuilt answer for a page of the index or of its JSON API: same bytes for everybody who asks for it. */
export interface PageBody {
  readonly contentType: string
  readonly identity: Buffer
  /** built once, in the background of the first answer */
  readonly gzip: Buffer | undefined
  readonly zstd: Buffer | undefined
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

/** An answer that is the same for everybody who asks. Its coded variants are built beside the first answers. */
export function buildBody(identity: Buffer, { contentType, policy, serial }: Facts): PageBody {
  const revision = sha256Of(`${policy.digest} ${sha256Of(identity)}`).slice(0, 40)
  const page: Growing = {
    contentType,
    identity,
    gzip: undefined,
    zstd: undefined,
    etag: { identity: `"${revision}"`, gzip: `"${revision}-gzip"`, zstd: `"${revision}-zstd"` },
    serial,
  }
  compress(page).catch(() => {}) // without the variant, identity is served
  return page
}

async function compress(page: Growing): Promise<void> {
  page.zstd = await zstd(page.identity, { params: { [zlib.ZSTD_c_compressionLevel]: 3 } })
  page.gzip = await gzip(page.identity, { level: 6 })
}
