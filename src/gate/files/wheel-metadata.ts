import { LRUCache } from 'lru-cache'
import { type Sha256, sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import type { DistFilename } from '../../domain/packaging/filename.ts'
import { createOnce } from '../../flow/once.ts'
import type { Events } from '../../observe/events.ts'
import { ArchiveError, readWheelMetadata } from '../../protocol/metadata/wheel-metadata.ts'

type Wheel = Extract<DistFilename, { kind: 'wheel' }>
type Read = (buffer: Buffer, position: number, length: number) => Promise<number>

export interface WheelMetadata {
  /** Whether this wheel's METADATA was found to be what the index promises. */
  isCompared(artifact: Artifact): boolean
  /**
   * PEP 740 does not cover `.metadata`; what clients resolve with must be what the wheel holds. Throws `integrity-mismatch`
   * where the METADATA inside has not the sha256 that the index gives out, and remembers it.
   */
  compare(artifact: Artifact, read: Read, size: number): Promise<void>
}

interface Options {
  readonly events: Events
  /** remembers that a wheel's METADATA is not what the index gave out as its `.metadata` */
  readonly rememberMismatch: (artifact: Artifact, detail: string) => Promise<void>
}

export function createWheelMetadata({ events, rememberMismatch }: Options): WheelMetadata {
  const once = createOnce<void>()
  /** wheels whose METADATA is what the index promised, as `<sha256 of the wheel> <sha256 of METADATA>` */
  const compared = new LRUCache<string, true>({ max: 50_000 })
  const pairOf = ({ sha256, coreMetadata }: Artifact): string => `${sha256} ${coreMetadata}`

  async function compareOnce(artifact: Artifact, filename: Wheel, read: Read, size: number): Promise<void> {
    const { coreMetadata } = artifact
    const found = await metadataDigest(filename, read, size)
    if (found === coreMetadata) return void compared.set(pairOf(artifact), true)
    const detail = `${filename.text}: the index gives its METADATA the sha256 ${coreMetadata}, inside the wheel it is ${found}`
    await rememberMismatch(artifact, detail)
    events.emit({ type: 'alarm', alarm: 'metadata-mismatch', detail, untrusted: undefined })
    throw new GateError('integrity-mismatch', detail)
  }

  return {
    isCompared: artifact => compared.has(pairOf(artifact)),
    async compare(artifact, read, size) {
      const { filename, coreMetadata } = artifact
      if (filename.kind !== 'wheel' || coreMetadata === undefined || compared.has(pairOf(artifact))) return
      await once(`${pairOf(artifact)} ${filename.text}`, () => compareOnce(artifact, filename, read, size))
    },
  }
}

/** sha256 of the METADATA inside, or words for why there is none: both differ from what the index promised. */
async function metadataDigest(filename: Wheel, read: Read, size: number): Promise<Sha256 | string> {
  try {
    return sha256Of(await readWheelMetadata({ read, size }, filename))
  } catch (error) {
    if (error instanceof ArchiveError) return `unreadable (${error.message})`
    throw error
  }
}
