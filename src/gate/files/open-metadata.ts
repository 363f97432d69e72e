import { GateError } from '../../domain/base/errors.ts'
import { Admitted, type Refused } from '../../domain/decide/verdict.ts'
import type { Asker } from '../../flow/asker.ts'
import { keptWithin } from '../../flow/kept-within.ts'
import type { OpenBlob } from '../../ports/blobs.ts'
import type { Documents } from './documents.ts'
import type { Metadata } from './metadata.ts'

/** How long what was looked into needs no second look, ms: what stands beside it in the index may change. */
const LOOKED_INTO_MS = 60_000
/** bytes */
const MOST = 8 * 1024 * 1024

interface Options {
  readonly metadata: Pick<Metadata, 'look'>
  readonly documents: Documents
}

export interface OpenedMetadata {
  readonly kind: 'opened'
  readonly document: OpenBlob
}

/** A wheel's `.metadata`, opened: it is looked into once, and not again for every reader. Throws what {@link Metadata} throws. */
export function createOpenMetadata({
  metadata,
  documents,
}: Options): (verdict: Admitted, asker?: Asker) => Promise<OpenedMetadata | Refused> {
  const lookedInto = keptWithin<string, true>({ bytes: MOST, ttl: LOOKED_INTO_MS })
  return async (verdict, asker) => {
    if (!Admitted.is(verdict)) throw new GateError('unknown-bug', 'only an admitted file has metadata')
    const { sha256, filename, coreMetadata } = verdict.artifact
    const key = `${sha256} ${filename.text} ${coreMetadata}`
    const before = lookedInto.has(key) && coreMetadata !== undefined ? await documents.open(coreMetadata) : undefined
    if (before !== undefined) return { kind: 'opened', document: before }
    const looked = await metadata.look(verdict, asker)
    if (looked.kind === 'refused') return looked
    lookedInto.set(key, true)
    const document = await documents.open(looked.sha256)
    if (document === undefined) throw new GateError('unknown-store', `${filename.text}.metadata was kept and is gone`)
    return { kind: 'opened', document }
  }
}
