import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { Admitted } from '../../domain/decide/verdict.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import { type Asker, OURSELVES } from '../../flow/asker.ts'
import type { Limit } from '../../flow/limit.ts'
import type { Blobs, OpenBlob } from '../../ports/blobs.ts'
import type { Origin } from '../../ports/outward.ts'
import { Ingest } from './ingest.ts'
import type { Mismatches } from './mismatches.ts'
import type { OpenFile } from './open-file.ts'
import type { Settle } from './settle.ts'
import { VerifiedFile } from './verified-file.ts'
import type { WheelMetadata } from './wheel-metadata.ts'

/** What is known of an admitted file without its bytes. */
export interface FileFacts {
  readonly sha256: Sha256
  /** bytes; `undefined` where the index does not say, and the file is not stored */
  readonly size: number | undefined
}

/** The only place that opens files, and the only one that mints {@link VerifiedFile}. */
export interface Vault {
  open(verdict: Admitted, asker?: Asker): Promise<OpenFile>
  /** What `open` would say of the file, for whoever does not want its bytes: nothing is fetched for it. */
  describe(verdict: Admitted): Promise<FileFacts>
  /** The bytes of a file that are stored here, as far as they are what the index says of it now. Whoever gets them closes them. */
  stored(artifact: Artifact): Promise<OpenBlob | undefined>
}

interface Options {
  readonly blobs: Blobs
  readonly origin: Origin
  readonly wheelMetadata: WheelMetadata
  readonly mismatches: Mismatches
  readonly settle: Settle
  /** downloads from the upstream at once */
  readonly limit: Limit
  /** bytes: up to here a file is checked whole before its first byte leaves */
  readonly spool: number
  /** bytes */
  readonly maxSize: number
}

export function createVault(options: Options): Vault {
  const { blobs, origin, wheelMetadata, mismatches, settle, limit, spool, maxSize } = options
  const ingests = new Map<string, Ingest>()

  async function open(verdict: Admitted, asker: Asker = OURSELVES): Promise<OpenFile> {
    const artifact = admittedFile(verdict)
    const { filename } = artifact
    const before = await stored(artifact, isSpooled(artifact) ? 'anywhere' : 'here')
    if (before !== undefined) return await verified(artifact, before)
    const ingest = ingestOnce(artifact, asker)
    const size = await ingest.size
    if (size !== undefined && size > spool) {
      const file = VerifiedFile.mint({ sha256: artifact.sha256, size, filename: filename.text })
      return { kind: 'flowing', file, stored: ingest.stored, chunks: take => ingest.chunks(take) }
    }
    await ingest.stored
    const spooled = await stored(artifact, 'here')
    if (spooled === undefined) throw new GateError('unknown-store', `${filename.text} was stored and is gone`)
    return await verified(artifact, spooled)
  }

  async function describe(verdict: Admitted): Promise<FileFacts> {
    const artifact = admittedFile(verdict)
    const { sha256, size, url } = artifact
    const blob = await stored(artifact, 'here')
    blob?.close()
    if (blob === undefined) mismatches.assertNone(url, sha256)
    return { sha256, size: blob?.size ?? size }
  }

  async function verified(artifact: Artifact, blob: OpenBlob): Promise<OpenFile> {
    const { sha256, filename } = artifact
    try {
      await settle(artifact)
    } catch (error) {
      blob.close()
      throw error
    }
    return { kind: 'stored', blob, file: VerifiedFile.mint({ sha256, size: blob.size, filename: filename.text }) }
  }

  /** A larger one is read along, wherever it comes from. */
  function isSpooled({ size }: Artifact): boolean {
    return size !== undefined && size <= spool
  }

  async function stored(artifact: Artifact, where: 'anywhere' | 'here'): Promise<OpenBlob | undefined> {
    const blob = await blobs.open(artifact.sha256, where)
    if (blob === undefined) return undefined
    try {
      await assertAsListed(artifact, blob)
      return blob
    } catch (error) {
      blob.close()
      throw error
    }
  }

  /** The bytes are right; what the index says of them may have changed since they came in, or differ between two names. */
  async function assertAsListed(artifact: Artifact, blob: OpenBlob): Promise<void> {
    const { filename, size, sha256, url } = artifact
    if (size !== undefined && size !== blob.size) {
      mismatches.assertNone(url, sha256)
      const detail = `${filename.text}: ${size} bytes were expected, the file with this sha256 has ${blob.size}`
      const error = new GateError('integrity-mismatch', detail)
      mismatches.remember(url, sha256, error)
      throw error
    }
    const read = (buffer: Buffer, position: number, length: number) => blob.read(buffer.subarray(0, length), position)
    await wheelMetadata.compare(artifact, read, blob.size)
  }

  /** One upstream download per file as it is listed; it goes on when those who wait for it leave. */
  function ingestOnce(artifact: Artifact, asker: Asker): Ingest {
    const { sha256, filename, url, size, coreMetadata } = artifact
    const listed = JSON.stringify([sha256, filename.text, url, size, coreMetadata])
    const flying = ingests.get(listed)
    if (flying?.join(asker)) return flying
    mismatches.assertNone(url, sha256)
    const inspect = (read: Parameters<WheelMetadata['compare']>[1], bytes: number) =>
      wheelMetadata.compare(artifact, read, bytes)
    const ingest = new Ingest({ artifact, asker, origin, blobs, limit, maxSize, inspect })
    ingests.set(listed, ingest)
    ingest.stored
      .then(() => settle(artifact))
      .catch((error: unknown) => mismatches.remember(url, sha256, error))
      .finally(() => {
        if (ingests.get(listed) === ingest) ingests.delete(listed)
      })
      .catch(() => {})
    return ingest
  }

  return { open, describe, stored: artifact => stored(artifact, 'here') }
}

function admittedFile(verdict: Admitted): Artifact {
  if (!Admitted.is(verdict)) throw new GateError('unknown-bug', 'only an admitted file can be opened')
  return verdict.artifact
}
