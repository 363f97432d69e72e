import { type Sha256, sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { Admitted } from '../../domain/decide/verdict.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import type { Asker } from '../../flow/asker.ts'
import type { Limit } from '../../flow/limit.ts'
import { createOnce } from '../../flow/once.ts'
import type { Origin } from '../../ports/outward.ts'
import type { Documents } from './documents.ts'
import type { Mismatches } from './mismatches.ts'
import type { Vault } from './vault.ts'
import type { WheelMetadata } from './wheel-metadata.ts'

interface Options {
  readonly origin: Origin
  readonly vault: Vault
  readonly documents: Documents
  readonly wheelMetadata: WheelMetadata
  readonly mismatches: Mismatches
  /** of it from the upstream at once */
  readonly limit: Limit
}

/** A wheel's `.metadata` (PEP 658, PEP 714), under the verdict of its wheel and with the hash that the index announces. */
export type Metadata = (
  verdict: Admitted,
  asker?: Asker,
) => Promise<{ readonly bytes: Buffer; readonly sha256: Sha256 }>

/** Throws not-listed where the index offers none, integrity-mismatch, unknown-…. */
export function createMetadata(options: Options): Metadata {
  const { origin, vault, documents, wheelMetadata, mismatches, limit } = options
  const once = createOnce<Buffer>()

  async function fetch(artifact: Artifact, sha256: Sha256, asker: Asker): Promise<Buffer> {
    const url = `${artifact.url}.metadata`
    mismatches.assertNone(url, sha256)
    const answer = await limit.run(() => origin.metadata(artifact, { asker }), asker)
    if (answer.kind === 'absent')
      throw new GateError(
        'unknown-upstream',
        `the index offers metadata for ${artifact.filename.text}, the file origin has none`,
      )
    const bytes = Buffer.from(answer.bytes.value)
    const found = sha256Of(bytes)
    if (found !== sha256) {
      const detail = `${artifact.filename.text}.metadata: sha256 ${sha256} was expected, the bytes have ${found}`
      const error = new GateError('integrity-mismatch', detail)
      mismatches.remember(url, sha256, error)
      throw error
    }
    await documents.keep(sha256, bytes)
    return bytes
  }

  /** A wheel that is here already must not be resolved with what an index says of it later. */
  async function compareWithStored(artifact: Artifact): Promise<void> {
    if (wheelMetadata.isCompared(artifact)) return
    const blob = await vault.stored(artifact)
    blob?.close()
  }

  return async (verdict, asker) => {
    if (!Admitted.is(verdict)) throw new GateError('unknown-bug', 'only an admitted file has metadata')
    const { artifact } = verdict
    const sha256 = artifact.coreMetadata
    if (sha256 === undefined)
      throw new GateError('not-listed', `the index offers no metadata for ${artifact.filename.text}`)
    await compareWithStored(artifact)
    const fetched = (everybody: Asker) => fetch(artifact, sha256, everybody)
    const bytes = (await documents.kept(sha256)) ?? (await once(`${sha256} ${artifact.url}`, fetched, asker))
    // what the index names by its sha256 may be another file, one that is refused: METADATA is text, and no archive is
    if (bytes.includes(0))
      throw new GateError('integrity-mismatch', `${artifact.filename.text}.metadata: what the index names is no text`)
    return { bytes, sha256 }
  }
}
