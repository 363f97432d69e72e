import { LRUCache } from 'lru-cache'
import { type Sha256, sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { type Clock, type Instant, millis } from '../../domain/base/instant.ts'
import { Admitted } from '../../domain/decide/verdict.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import { createLimit } from '../../flow/limit.ts'
import { createOnce } from '../../flow/once.ts'
import type { Events } from '../../observe/events.ts'
import { type Blobs, type OpenBlob, readBlob } from '../../ports/blobs.ts'
import type { Origin } from '../../ports/outward.ts'
import { ArchiveError, readWheelMetadata } from '../../protocol/metadata/wheel-metadata.ts'
import type { OpenFile } from '../gate.ts'
import { Ingest } from './ingest.ts'
import { VerifiedFile } from './verified-file.ts'

/** How long bytes that did not match are not asked for again. */
const MISMATCH_TTL = millis(600_000)
/** Bytes that a document kept by its content may have; a digest that leads to more is not one of a document. */
const LARGEST_DOCUMENT = 16 * 1024 * 1024

export interface Vault {
  open(verdict: Admitted): Promise<OpenFile>
  metadata(verdict: Admitted): Promise<{ readonly bytes: Buffer; readonly sha256: Sha256 }>
  /** Small bytes by content, such as provenance documents. */
  keep(sha256: Sha256, bytes: Uint8Array): Promise<void>
  kept(sha256: Sha256): Promise<Buffer | undefined>
}

interface Options {
  readonly blobs: Blobs
  readonly origin: Origin
  readonly events: Events
  readonly clock: Clock
  /** bytes: up to here a file is checked whole before its first byte leaves */
  readonly spool: number
  /** bytes */
  readonly maxSize: number
  /** remembers that a wheel's METADATA is not what the index gave out as its `.metadata` */
  readonly rememberMetadataMismatch: (artifact: Artifact, detail: string) => void
}

/** The only place that opens files, and the only one that mints {@link VerifiedFile}. */
export function createVault(options: Options): Vault {
  const { blobs, origin, events, clock, spool, maxSize, rememberMetadataMismatch } = options
  const mismatches = new LRUCache<string, { readonly until: Instant; readonly detail: string }>({ max: 10_000 })
  const ingests = new Map<string, Ingest>()
  const limit = createLimit({ running: 16, waiting: 256, what: 'downloads from the upstream' })
  const onceFetched = createOnce<Buffer>()
  const onceCompared = createOnce<void>()
  /** wheels whose METADATA is what the index promised, as `<sha256 of the wheel> <sha256 of METADATA>` */
  const compared = new LRUCache<string, true>({ max: 50_000 })

  async function open(verdict: Admitted): Promise<OpenFile> {
    if (!Admitted.is(verdict)) throw new GateError('unknown-bug', 'only an admitted file can be opened')
    const { artifact } = verdict
    const stored = await openStored(artifact)
    if (stored !== undefined) return stored
    const ingest = ingestOnce(artifact)
    const size = await ingest.size
    if (size !== undefined && size > spool) {
      const file = VerifiedFile.mint({ sha256: artifact.sha256, size, filename: artifact.filename.text })
      return { kind: 'flowing', file, stored: ingest.stored, chunks: () => ingest.chunks() }
    }
    await ingest.stored
    const spooled = await openStored(artifact)
    if (spooled === undefined) throw new GateError('unknown-store', `${artifact.filename.text} was stored and is gone`)
    return spooled
  }

  async function openStored(artifact: Artifact): Promise<OpenFile | undefined> {
    const blob = await blobs.open(artifact.sha256)
    if (blob === undefined) return undefined
    try {
      await assertAsListed(artifact, blob)
    } catch (error) {
      blob.close()
      throw error
    }
    const file = VerifiedFile.mint({ sha256: artifact.sha256, size: blob.size, filename: artifact.filename.text })
    return { kind: 'stored', file, blob }
  }

  /** The bytes are right; what the index says of them may have changed since they came in, or differ between two names. */
  async function assertAsListed(artifact: Artifact, blob: OpenBlob): Promise<void> {
    const { filename, size, sha256, url } = artifact
    if (size !== undefined && size !== blob.size) {
      const key = mismatchKey(url, sha256)
      assertNotMismatched(key)
      const detail = `${filename.text}: ${size} bytes were expected, the file with this sha256 has ${blob.size}`
      const error = new GateError('integrity-mismatch', detail)
      rememberMismatch(key, error)
      throw error
    }
    await compareMetadata(
      artifact,
      (buffer, position, length) => blob.read(buffer.subarray(0, length), position),
      blob.size,
    )
  }

  /** One upstream download per file as it is listed; it goes on when those who wait for it leave. */
  function ingestOnce(artifact: Artifact): Ingest {
    const { sha256, filename, url, size, coreMetadata } = artifact
    const listed = JSON.stringify([sha256, filename.text, url, size, coreMetadata])
    const flying = ingests.get(listed)
    if (flying !== undefined) return flying
    const key = mismatchKey(url, sha256)
    assertNotMismatched(key)
    const ingest = new Ingest({
      artifact,
      origin,
      blobs,
      limit,
      maxSize,
      inspect: (read, size) => compareMetadata(artifact, read, size),
    })
    ingests.set(listed, ingest)
    ingest.stored
      .catch((error: unknown) => rememberMismatch(key, error))
      .finally(() => ingests.delete(listed))
      .catch(() => {})
    return ingest
  }

  function assertNotMismatched(key: string): void {
    const remembered = mismatches.get(key)
    if (remembered === undefined) return
    const left = remembered.until - clock()
    if (left <= 0) return void mismatches.delete(key)
    throw new GateError('integrity-mismatch', remembered.detail, { retryAfterMs: millis(left) })
  }

  function rememberMismatch(key: string, error: unknown): void {
    if (!(error instanceof GateError) || error.code !== 'integrity-mismatch') return
    mismatches.set(key, { until: (clock() + MISMATCH_TTL) as Instant, detail: error.detail })
    events.emit({ type: 'alarm', alarm: 'integrity-mismatch', detail: error.detail, untrusted: error.untrusted })
  }

  /** PEP 740 does not cover `.metadata`; what clients resolve with must be what the wheel holds. */
  async function compareMetadata(
    artifact: Artifact,
    read: (buffer: Buffer, position: number, length: number) => Promise<number>,
    size: number,
  ): Promise<void> {
    const { filename, sha256, coreMetadata } = artifact
    if (filename.kind !== 'wheel' || coreMetadata === undefined) return
    const pair = `${sha256} ${coreMetadata}`
    if (compared.has(pair)) return
    await onceCompared(`${pair} ${filename.text}`, async () => {
      const found = await metadataDigest(filename, read, size)
      if (found === coreMetadata) return void compared.set(pair, true)
      const detail = `${filename.text}: the index gives its METADATA the sha256 ${coreMetadata}, inside the wheel it is ${found}`
      rememberMetadataMismatch(artifact, detail)
      events.emit({ type: 'alarm', alarm: 'metadata-mismatch', detail, untrusted: undefined })
      throw new GateError('integrity-mismatch', detail)
    })
  }

  async function metadata(verdict: Admitted): Promise<{ readonly bytes: Buffer; readonly sha256: Sha256 }> {
    if (!Admitted.is(verdict)) throw new GateError('unknown-bug', 'only an admitted file has metadata')
    const { artifact } = verdict
    const sha256 = artifact.coreMetadata
    if (sha256 === undefined)
      throw new GateError('not-listed', `the index offers no metadata for ${artifact.filename.text}`)
    await compareWithStored(artifact, sha256)
    const key = mismatchKey(artifact.url, sha256)
    const bytes = (await kept(sha256)) ?? (await onceFetched(key, () => fetchMetadata(artifact, sha256)))
    // what the index names by its sha256 may be another file, one that is refused: METADATA is text, and no archive is
    if (bytes.includes(0))
      throw new GateError('integrity-mismatch', `${artifact.filename.text}.metadata: what the index names is no text`)
    return { bytes, sha256 }
  }

  /** A wheel that is here already must not be resolved with what an index says of it later. */
  async function compareWithStored(artifact: Artifact, coreMetadata: Sha256): Promise<void> {
    if (compared.has(`${artifact.sha256} ${coreMetadata}`)) return
    const stored = await openStored(artifact)
    if (stored?.kind === 'stored') stored.blob.close()
  }

  async function fetchMetadata(artifact: Artifact, sha256: Sha256): Promise<Buffer> {
    const key = mismatchKey(`${artifact.url}.metadata`, sha256)
    assertNotMismatched(key)
    const answer = await limit.run(() => origin.metadata(artifact))
    if (answer.kind === 'absent')
      throw new GateError(
        'unknown-upstream',
        `the index offers metadata for ${artifact.filename.text}, the file origin has none`,
      )
    const bytes = Buffer.from(answer.bytes.value)
    const found = sha256Of(bytes)
    if (found !== sha256) {
      const error = new GateError(
        'integrity-mismatch',
        `${artifact.filename.text}.metadata: sha256 ${sha256} was expected, the bytes have ${found}`,
      )
      rememberMismatch(key, error)
      throw error
    }
    await keep(sha256, bytes)
    return bytes
  }

  async function keep(sha256: Sha256, bytes: Uint8Array): Promise<void> {
    const writer = await blobs.writer(sha256)
    try {
      await writer.write(Buffer.from(bytes))
      await writer.commit()
    } catch (error) {
      await writer.abort().catch(() => {})
      throw error
    }
  }

  async function kept(sha256: Sha256): Promise<Buffer | undefined> {
    const blob = await blobs.open(sha256)
    return blob === undefined ? undefined : await readBlob(blob, LARGEST_DOCUMENT)
  }

  return { open, metadata, keep, kept }
}

function mismatchKey(url: string, sha256: Sha256): string {
  return `${sha256} ${url}`
}

/** sha256 of the METADATA inside, or words for why there is none: both differ from what the index promised. */
async function metadataDigest(
  filename: Parameters<typeof readWheelMetadata>[1],
  read: (buffer: Buffer, position: number, length: number) => Promise<number>,
  size: number,
): Promise<string> {
  try {
    return sha256Of(await readWheelMetadata({ read, size }, filename))
  } catch (error) {
    if (error instanceof ArchiveError) return `unreadable (${error.message})`
    throw error
  }
}
