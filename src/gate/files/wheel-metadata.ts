import { sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { InvalidFinding } from '../../domain/identity/attestation.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import type { DistFilename } from '../../domain/packaging/filename.ts'
import { keptWithin } from '../../flow/kept-within.ts'
import { createOnce } from '../../flow/once.ts'
import type { Events } from '../../observe/events.ts'
import { ArchiveError, readWheelMetadata, UnreadableArchive } from '../../protocol/metadata/wheel-metadata.ts'

type Wheel = Extract<DistFilename, { kind: 'wheel' }>
type Read = (buffer: Buffer, position: number, length: number) => Promise<number>

export interface WheelMetadata {
  /** Whether this wheel's METADATA was found to be what the index promises. */
  isCompared(artifact: Artifact): boolean
  /** The METADATA inside, of a wheel that came in a moment ago and whose METADATA is what the index promises. */
  inside(artifact: Artifact): Buffer | undefined
  /**
   * PEP 740 does not cover `.metadata`; what clients resolve with must be what the wheel holds. Throws `integrity-mismatch`
   * where the METADATA inside has not the sha256 that the index gives out, `unknown-archive` where it cannot be read, and
   * remembers either.
   */
  compare(artifact: Artifact, read: Read, size: number): Promise<void>
}

interface Options {
  readonly events: Events
  /** remembers what the METADATA of a wheel has against it */
  readonly remember: (artifact: Artifact, finding: InvalidFinding) => Promise<void>
}

export function createWheelMetadata({ events, remember }: Options): WheelMetadata {
  const once = createOnce<void>()
  /** wheels whose METADATA is what the index promised, as `<sha256 of the wheel> <sha256 of METADATA>` */
  const compared = keptWithin<string, true>({ bytes: 8 * 1024 * 1024 })
  /** of those that were compared last, by the same: whoever takes a wheel and then its METADATA need not ask for that */
  const lately = keptWithin<string, Buffer>({ bytes: 2 * 1024 * 1024, weigh: ({ byteLength }) => byteLength })
  const pairOf = ({ sha256, coreMetadata }: Artifact): string => `${sha256} ${coreMetadata}`

  async function compareOnce(artifact: Artifact, filename: Wheel, read: Read, size: number): Promise<void> {
    const { coreMetadata } = artifact
    const bytes = await metadataInside(filename, read, size)
    const found = Buffer.isBuffer(bytes) ? sha256Of(bytes) : bytes
    if (found === coreMetadata && Buffer.isBuffer(bytes)) {
      lately.set(pairOf(artifact), bytes)
      return void compared.set(pairOf(artifact), true)
    }
    if (found instanceof UnreadableArchive) return await refuseUnread(artifact, found)
    const inside = found instanceof ArchiveError ? `unreadable (${found.message})` : 'another text'
    const detail = `${filename.text}: the index gives its METADATA the sha256 ${coreMetadata}, inside the wheel it is ${inside}`
    await remember(artifact, { kind: 'invalid', why: 'metadata-mismatch', detail })
    // the sha256 of what is inside is for the log alone
    const untrusted = found instanceof ArchiveError ? undefined : { sha256: found }
    events.emit({ type: 'alarm', alarm: 'metadata-mismatch', detail, untrusted })
    throw new GateError('integrity-mismatch', detail, { untrusted })
  }

  /** The bytes are the index's, and nothing is known against them: no alarm, and no word of tampering. */
  async function refuseUnread(artifact: Artifact, { message }: UnreadableArchive): Promise<never> {
    const detail = `${artifact.filename.text} cannot be compared with its .metadata: ${message}`
    await remember(artifact, { kind: 'invalid', why: 'metadata-unreadable', detail })
    throw new GateError('unknown-archive', detail)
  }

  return {
    isCompared: artifact => compared.has(pairOf(artifact)),
    inside: artifact => lately.get(pairOf(artifact)),
    async compare(artifact, read, size) {
      const { filename, coreMetadata } = artifact
      if (filename.kind !== 'wheel' || coreMetadata === undefined || compared.has(pairOf(artifact))) return
      await once(`${pairOf(artifact)} ${filename.text}`, () => compareOnce(artifact, filename, read, size))
    },
  }
}

/** The METADATA inside, or why there is none. */
async function metadataInside(filename: Wheel, read: Read, size: number): Promise<Buffer | ArchiveError> {
  try {
    return await readWheelMetadata({ read, size }, filename)
  } catch (error) {
    if (error instanceof ArchiveError) return error
    throw error
  }
}
